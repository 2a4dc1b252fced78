"""What a command has of us: a logger, progress, and the question whether to stop."""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterable, Iterator, Sequence, Sized
from contextlib import ExitStack, contextmanager
from typing import Any, NoReturn, TypeVar

from django.core.management.base import BaseCommand, CommandParser

from eztaskmanager.arguments.environment import leave_references
from eztaskmanager.exceptions import ArgumentsError
from eztaskmanager.output import Line, clean, encode, level_name
from eztaskmanager.services.recorder import Recorder
from eztaskmanager.supervision import current_channel
from eztaskmanager.supervision.records import text_of

LEVELS = {0: logging.ERROR, 1: logging.WARNING, 2: logging.INFO, 3: logging.DEBUG}
PROGRESS_EVERY = 0.2

T = TypeVar("T")


def verbosity2loglevel(verbosity: int) -> int:
    """Turn `--verbosity` into a level of `logging`: 0 error, 1 warning, 2 info, 3 debug; anything else warning."""
    return LEVELS.get(verbosity, logging.WARNING)


def level_of_run(argv: Sequence[str]) -> int:
    """Return the level that the arguments of a run ask for.

    Raises:
        ArgumentsError: The verbosity is not a number.
    """
    parser = _VerbosityParser(add_help=False)
    parser.add_argument("-v", "--verbosity", type=int, default=1)
    # What stands in the child's environment is not known yet.
    leave_references(parser)
    return verbosity2loglevel(parser.parse_known_args(list(argv))[0].verbosity)


class _VerbosityParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ArgumentsError(message)


class DatabaseLogHandler(logging.Handler):
    """Writes records into the log of a report; for use outside supervised runs, whose records are kept anyway.

    The records are in the database a quarter of a second later, and all of them after `close()`.

    Args:
        launch_report_id: Primary key of the `LaunchReport`.
    """

    def __init__(self, launch_report_id: int) -> None:
        super().__init__()
        self.launch_report_id = launch_report_id
        self._recorder = Recorder(launch_report_id, beats=False)
        self._is_writing = False

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record, unless writing records is what made it."""
        if current_channel() is not None or self._is_writing or self._recorder.is_own(record.thread):
            return
        line = Line(record.created, level_name(record.levelno), "log", clean(encode(text_of(record))))
        self._is_writing = True
        try:
            self._recorder.start()
            self._recorder.write([line])
            self._recorder.flush()
        finally:
            self._is_writing = False

    def close(self) -> None:
        """Return when all is written."""
        self._is_writing = True
        self._recorder.close()
        super().close()


class LoggerEnabledCommand(BaseCommand):
    """A command with `self.logger`, whose records are in the log of its run, and on the console when run by hand."""

    logger: logging.Logger

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = logging.getLogger(type(self).__module__)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Add `--launch_report_id`, whether or not `add_arguments` calls its parent's."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        if not any(action.dest == "launch_report_id" for action in parser._actions):
            parser.add_argument(
                "--launch_report_id",
                type=int,
                help="Primary key of the report that log records are written to.",
            )
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run with the logger set up, and put it back afterwards."""
        with self._logger_set_up(options):
            return super().execute(*args, **options)

    def progress(self, current: float, total: float | None = None, text: str = "") -> None:
        """Tell how far the work has come; by hand it does nothing."""
        channel = current_channel()
        if channel is not None:
            channel.progress(float(current), None if total is None else float(total), str(text))

    def track(self, iterable: Iterable[T], total: float | None = None, text: str = "") -> Iterator[T]:
        """Go through an iterable, telling progress.

        Args:
            iterable: What to go through.
            total: How many there are; its `len()` by default, if it has one.
            text: Shown beside the numbers.
        """
        if total is None and isinstance(iterable, Sized):
            total = len(iterable)
        done, told_at = 0, 0.0
        for item in iterable:
            yield item
            done += 1
            if time.monotonic() - told_at >= PROGRESS_EVERY:
                told_at = time.monotonic()
                self.progress(done, total, text)
        self.progress(done, total, text)

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Make a group of the lines that follow, which the log viewer folds; by hand the title is printed.

        Args:
            title: One line. Groups may hold groups.
        """
        title = " ".join(str(title).split()) or "…"
        channel = current_channel()
        if channel is None:
            self.stdout.write(title)
            yield
            return
        channel.group(title)
        try:
            yield
        finally:
            channel.group(title, is_end=True)

    def should_stop(self) -> bool:
        """Tell whether the run was asked to stop; by hand it never is."""
        channel = current_channel()
        return channel is not None and channel.should_stop()

    @contextmanager
    def _logger_set_up(self, options: dict[str, Any]) -> Iterator[None]:
        if current_channel() is not None:
            # The run has its level, and its records are kept already.
            yield
            return
        with ExitStack() as undo:
            undo.callback(self.logger.setLevel, self.logger.level)
            self.logger.setLevel(verbosity2loglevel(options.get("verbosity", 1)))
            report_id = options.get("launch_report_id")
            if report_id is not None and not self._writes_to(int(report_id)):
                self._add(DatabaseLogHandler(int(report_id)), undo)
            if not _is_heard(self.logger):
                self._add(_console(options.get("stderr") or self.stderr), undo)
            yield

    def _writes_to(self, report_id: int) -> bool:
        return any(
            isinstance(handler, DatabaseLogHandler) and handler.launch_report_id == report_id
            for handler in _handlers(self.logger)
        )

    def _add(self, handler: logging.Handler, undo: ExitStack) -> None:
        self.logger.addHandler(handler)
        undo.callback(handler.close)
        undo.callback(self.logger.removeHandler, handler)


def _handlers(logger: logging.Logger) -> Iterator[logging.Handler]:
    at: logging.Logger | None = logger
    while at is not None:
        yield from at.handlers
        at = at.parent if at.propagate else None


def _is_heard(logger: logging.Logger) -> bool:
    return any(not isinstance(handler, DatabaseLogHandler) for handler in _handlers(logger))


def _console(stream: Any) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    return handler
