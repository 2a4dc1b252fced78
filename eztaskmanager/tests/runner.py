"""The way tests are run: in random order, strictly about warnings, leaving logging as it was."""

from __future__ import annotations

import logging
import unittest
import warnings
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.runner import DiscoverRunner

LoggerState = tuple[list[logging.Handler], list[Any], int, bool, bool]
# Ours alone may not warn; what test commands and other packages say is theirs.
OWN_CODE = r"eztaskmanager(?!\.tests\.commands_app)"
END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


def snapshot_logging() -> dict[str, LoggerState]:
    """Give the state of every logger, the root's under an empty name."""
    loggers = {"": logging.getLogger()}
    for name, logger in logging.Logger.manager.loggerDict.items():
        if isinstance(logger, logging.Logger):
            loggers[name] = logger
    return {
        name: (list(logger.handlers), list(logger.filters), logger.level, logger.propagate, logger.disabled)
        for name, logger in loggers.items()
    }


def restore_logging(states: dict[str, LoggerState]) -> None:
    """Put every logger back; one that has come since is left."""
    for name, (handlers, filters, level, propagate, disabled) in states.items():
        logger = logging.getLogger(name or None)
        logger.handlers[:], logger.filters[:] = handlers, filters
        logger.propagate, logger.disabled = propagate, disabled
        if logger.level != level:
            # Through its method, which also empties the caches that isEnabledFor keeps.
            logger.setLevel(level)


class RestoringResult(unittest.TextTestResult):
    """A result that puts logging back after each test."""

    _states: dict[str, LoggerState] = {}

    def startTest(self, test: unittest.TestCase) -> None:
        """Note how logging is."""
        self._states = snapshot_logging()
        super().startTest(test)

    def stopTest(self, test: unittest.TestCase) -> None:
        """Make it so again."""
        super().stopTest(test)
        restore_logging(self._states)


class Runner(DiscoverRunner):
    """Django's runner, made strict; it never asks a question."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["interactive"] = False
        if kwargs.get("shuffle", False) is False:
            # None is a seed of its own choice, which it tells.
            kwargs["shuffle"] = None
        super().__init__(*args, **kwargs)

    def get_resultclass(self) -> Any:
        """Restore logging, unless a debugger or SQL was asked for."""
        return super().get_resultclass() or RestoringResult

    def get_test_runner_kwargs(self) -> dict[str, Any]:
        """Keep unittest from replacing the filters of `run_suite`."""
        return {**super().get_test_runner_kwargs(), "warnings": ""}

    def setup_test_environment(self, **kwargs: Any) -> None:
        """Keep quiet about requests that are refused, which is what many tests make; a failed one is still told."""
        super().setup_test_environment(**kwargs)
        for name, level in (("django.request", logging.ERROR), ("django.security", logging.CRITICAL)):
            logging.getLogger(name).setLevel(level)

    def run_suite(self, suite: Any, **kwargs: Any) -> Any:
        """Run with our own code's warnings, Django's farewells and naive datetimes as errors."""
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.filterwarnings("error", module=OWN_CODE)
            warnings.filterwarnings("error", message=".*received a naive datetime.*", category=RuntimeWarning)
            warnings.filterwarnings("error", message=".*(will be removed in|before) Django")
            # The child of a run is forked while the recorder's threads sleep, and runs one thread of its own.
            warnings.filterwarnings("ignore", message=".*multi-threaded, use of fork", category=DeprecationWarning)
            # Settings of mail that Django 6.1 knows by another name, and Django 5.2 by this one alone.
            warnings.filterwarnings("ignore", message=r".*(EMAIL_\w+|MAILERS)")
            # Engines' own, on newer Pythons.
            for module in ("rq_scheduler", "crontab", "celery", "kombu", "rq", "django_rq", "redis"):
                warnings.filterwarnings("ignore", module=rf"{module}(\..*)?$")
            return super().run_suite(suite, **kwargs)

    def setup_databases(self, **kwargs: Any) -> Any:
        """Make the test databases, over the remains of a run that was killed."""
        for connection in connections.all():
            creation: Any = connection.creation
            _end_sessions(connection, creation._get_test_db_name())
        return super().setup_databases(**kwargs)

    def teardown_databases(self, old_config: Any, **kwargs: Any) -> None:
        """Remove the test databases, also when a killed process of a test still holds a session."""
        for connection, _, destroy in old_config:
            if destroy:
                _end_sessions(connection, str(connection.settings_dict["NAME"]))
        super().teardown_databases(old_config, **kwargs)


def _end_sessions(connection: BaseDatabaseWrapper, name: str) -> None:
    if connection.vendor == "postgresql":
        with connection._nodb_cursor() as cursor:
            cursor.execute(END_SESSIONS, [name])
