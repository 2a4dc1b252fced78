"""Runs one command and tells how it ended."""

from __future__ import annotations

import logging
import traceback
from types import TracebackType
from typing import Any

from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand

from eztaskmanager.supervision.channel import Channel
from eztaskmanager.supervision.job import Ending, Job, StopRequested, describe_error

logger = logging.getLogger(__name__)

REPORT_OPTION = "launch_report_id"
TERMINATED = "terminated"


def run_command(job: Job, channel: Channel) -> Ending:
    """Call the command, and turn whatever way it ends into an `Ending`; a failure leaves a log record."""
    try:
        _call(job)
    except StopRequested:
        return Ending(TERMINATED, -15)
    except SystemExit as exc:
        return _exited(exc, job, channel)
    except CommandError as exc:
        _log_failure(job, channel, str(exc), None)
        return Ending("raised", exc.returncode, describe_error(exc))
    except BaseException as exc:  # The edge of the run: whatever it was, it ended the command.
        error = describe_error(exc)
        _log_failure(job, channel, error, exc)
        return Ending("raised", 1, error)
    return Ending("returned")


def _call(job: Job) -> None:
    try:
        app = get_commands()[job.command]
    except KeyError:
        raise CommandError(f"Unknown command: {job.command!r}") from None
    command = app if isinstance(app, BaseCommand) else load_command_class(app, job.command)
    options: dict[str, Any] = {}
    if job.launch_report_id is not None and REPORT_OPTION in _options(command, job.command):
        options[REPORT_OPTION] = job.launch_report_id
    call_command(command, *job.argv, **options)


def _options(command: BaseCommand, name: str) -> set[str]:
    return {action.dest for action in command.create_parser("", name)._actions} | set(command.stealth_options)


def _exited(exc: SystemExit, job: Job, channel: Channel) -> Ending:
    if exc.code is None or isinstance(exc.code, int):
        return Ending("exited", int(exc.code or 0))
    _log_failure(job, channel, str(exc.code), None)
    return Ending("exited", 1, str(exc.code))


def _log_failure(job: Job, channel: Channel, error: str, exc: BaseException | None) -> None:
    exc_info = None
    if exc is not None:
        tb = _trimmed(exc)
        if isinstance(exc, MemoryError):
            # What filled the memory hangs on the frames; while it does there is none left to tell of it.
            traceback.clear_frames(tb)
        exc_info = (type(exc), exc, tb)
    try:
        # Made and handled by hand, for the command may have disabled logging; the host's handlers get it too.
        record = logger.makeRecord(
            logger.name, logging.ERROR, __file__, 0, "%s", (error,), exc_info, extra=job.log_extra
        )
        logger.callHandlers(record)
    except Exception as trouble:  # An exception that cannot be printed, or a handler of the host that raises.
        channel.record(logging.ERROR, f"{error}\n(no traceback: {trouble!r})")


def _trimmed(exc: BaseException) -> TracebackType | None:
    # Without the frames of this package, which say nothing about the command.
    tb = exc.__traceback__
    for _ in range(2):
        tb = tb.tb_next if tb is not None and tb.tb_next is not None else tb
    return tb
