"""Runs a command in the worker itself, for tests and debugging; what subprocesses say is not kept then."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable

from eztaskmanager.output import Line
from eztaskmanager.supervision.capture import captured
from eztaskmanager.supervision.channel import InlineChannel
from eztaskmanager.supervision.commands import TERMINATED, run_command
from eztaskmanager.supervision.job import Job, Journal, Outcome
from eztaskmanager.supervision.mirror import Mirror


def supervise_inline(
    job: Job,
    *,
    journal: Journal,
    should_stop: Callable[[], bool],
    time_limit: float | None,
    started: Callable[[int], None],
) -> Outcome:
    """Do what `supervise` does, as far as it goes in one process: a stop reaches only a command that looks for it."""
    mirror = Mirror(job.command, job.mirror)
    began = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_SELF)

    def is_late() -> bool:
        return time_limit is not None and time.monotonic() - began >= time_limit

    def take(lines: list[Line]) -> None:
        journal.write(lines)
        mirror.write(lines)

    started(os.getpid())
    channel = InlineChannel(take, journal, lambda: is_late() or should_stop())
    try:
        with captured(channel, job.log_level):
            ending = run_command(job, channel)
    finally:
        if lines := channel.reader.end(time.time()):
            take(lines)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    memory = after.ru_maxrss * 1024
    if channel.is_stopping or ending.end == TERMINATED:
        return Outcome("timeout" if is_late() else "stopped", ending.exit_code, ending.error, cpu, memory)
    return Outcome(ending.end, ending.exit_code, ending.error, cpu, memory)
