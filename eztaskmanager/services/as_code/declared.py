"""The tasks that the project declares in its settings, made at each `migrate`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from os import PathLike
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.db import router
from django.db.models.signals import post_migrate

from eztaskmanager.exceptions import TaskFileError
from eztaskmanager.models import Task
from eztaskmanager.services.as_code.commands import find_command
from eztaskmanager.services.as_code.documents import Document, read_document
from eztaskmanager.services.as_code.files import load_path
from eztaskmanager.services.as_code.importing import import_document
from eztaskmanager.services.as_code.upgrading import is_migrated
from eztaskmanager.settings import app_settings

logger = logging.getLogger(__name__)

TOLD = "EZTASKMANAGER_TASKS is not followed, and no task was touched"


def connect(app: AppConfig) -> None:
    """Listen to `migrate`."""
    post_migrate.connect(on_migrated, sender=app, dispatch_uid="eztaskmanager.declared_tasks")


def load_declared() -> Document | None:
    """Read `EZTASKMANAGER_TASKS`; None where it declares nothing.

    Raises:
        TaskFileError: It is wrong, or its file is.
    """
    declared = app_settings.TASKS
    if declared is None:
        return None
    if isinstance(declared, dict):
        return read_document(declared)
    if not isinstance(declared, (str, PathLike)):
        raise TaskFileError(f"EZTASKMANAGER_TASKS is {declared!r}; it must be a dictionary, or the path of a file.")
    return read_document(load_path(str(declared)))


def on_migrated(using: str, verbosity: int = 1, apps: Any = None, **kwargs: Any) -> None:
    """Bring the declared tasks into the database; what is wrong with them stops no migration."""
    if app_settings.TASKS is None or using != router.db_for_write(Task) or not is_migrated(apps):
        return
    try:
        document = load_declared()
        plan = import_document(document) if document else None
    except TaskFileError as exc:
        for problem in exc.problems:
            logger.error("%s: %s", TOLD, problem)
        return
    except Exception:  # Whatever the database or a command of the host says, the migration is done.
        logger.exception("%s.", TOLD)
        return
    for change in plan.changes if plan and verbosity else ():
        print(f"  {change.what} {change.name!r} {change.verb}, by EZTASKMANAGER_TASKS.")


def check_declared() -> Iterator[CheckMessage]:
    """Tell what is wrong with `EZTASKMANAGER_TASKS`, without a database; commands are not asked for their parsers."""
    if isinstance(app_settings.TASKS, (str, PathLike)):
        try:
            load_path(str(app_settings.TASKS))
        except TaskFileError as exc:
            yield Error(str(exc), hint="EZTASKMANAGER_TASKS names this file.", id="eztaskmanager.E051")
            return
    elif not isinstance(app_settings.TASKS, (dict, type(None))):
        message = f"EZTASKMANAGER_TASKS is {app_settings.TASKS!r}; it must be a dictionary, or the path of a file."
        yield Error(message, id="eztaskmanager.E050")
        return
    try:
        document = load_declared()
    except TaskFileError as exc:
        for problem in exc.problems:
            yield Error(f"EZTASKMANAGER_TASKS: {problem}", id="eztaskmanager.E052")
        return
    if document is None:
        return
    for problem in document.problems:
        yield Error(f"EZTASKMANAGER_TASKS: {problem}", id="eztaskmanager.E052")
    for entry in document.tasks:
        try:
            find_command(entry.values["command"])
        except ValueError as exc:
            yield Error(f"EZTASKMANAGER_TASKS: {entry.place}: command: {exc}", id="eztaskmanager.E053")
