"""Starts a command, takes what it says, and ends it when it must end."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable

from django.utils.translation import gettext

from eztaskmanager.supervision.inline import supervise_inline
from eztaskmanager.supervision.job import Ending, Job, Journal, Outcome, describe_error, describe_signal
from eztaskmanager.supervision.mirror import Mirror
from eztaskmanager.supervision.pipes import Pipes
from eztaskmanager.supervision.processes import Process, choose_isolation, start
from eztaskmanager.supervision.pump import Pump

logger = logging.getLogger(__name__)

# How often the stop request is looked at, and how long the last words of a command's descendants are waited for.
ROUND = 0.25
LAST_WORDS = 1.0


def supervise(
    job: Job,
    *,
    journal: Journal,
    should_stop: Callable[[], bool],
    time_limit: float | None = None,
    stop_grace: float = 10,
    started: Callable[[int], None] = lambda pid: None,
) -> Outcome:
    """Run a command to its end, whatever that is; returns when nothing of it is left to read.

    Args:
        job: What to run, and how.
        journal: Gets what the command says.
        should_stop: Asked about each quarter of a second whether the run is to end; must not wait.
        time_limit: Seconds after which it is to end.
        stop_grace: Seconds between asking it to end and killing it.
        started: Called with the process id of the command.
    """
    try:
        isolation = choose_isolation(job.isolation)
        if isolation == "inline":
            return supervise_inline(
                job, journal=journal, should_stop=should_stop, time_limit=time_limit, started=started
            )
        pipes = Pipes()
        try:
            process = start(job, isolation, pipes)
        except BaseException:
            pipes.close()
            raise
    except (OSError, ValueError) as exc:
        logger.exception("The process of %s could not be started.", job.command, extra=job.log_extra)
        return Outcome("raised", None, describe_error(exc))
    return _Run(job, process, pipes, journal, should_stop, time_limit, stop_grace).supervise(started)


class _Run:
    """The supervision of one process."""

    def __init__(
        self,
        job: Job,
        process: Process,
        pipes: Pipes,
        journal: Journal,
        should_stop: Callable[[], bool],
        time_limit: float | None,
        stop_grace: float,
    ) -> None:
        self._process = process
        self._pipes = pipes
        self._pump = Pump(pipes, journal, Mirror(job.command, job.mirror), process.pidfd)
        self._should_stop = should_stop
        self._stop_grace = stop_grace
        self._ends_at = time.monotonic() + time_limit if time_limit is not None else None
        self._kill_at: float | None = None
        self._end = ""

    def supervise(self, started: Callable[[int], None]) -> Outcome:
        try:
            started(self._process.pid)
            next_look = time.monotonic() + ROUND
            while not self._pump.round(self._patience(next_look)) or not self._process.has_ended():
                now = time.monotonic()
                if now >= next_look:
                    next_look = now + ROUND
                    if self._process.has_ended():
                        break
                    if not self._end and self._should_stop():
                        self._ask_to_end("stopped")
                self._hurry(now)
            self._hear_last_words()
        except BaseException:
            # The worker itself is to end: its command must not outlive it.
            self._process.signal_group(signal.SIGKILL)
            self._process.reap()
            raise
        finally:
            self._pump.end()
            self._pipes.close()
        return self._outcome()

    def _patience(self, next_look: float) -> float:
        moments = [next_look, *(moment for moment in (self._ends_at, self._kill_at) if moment is not None)]
        return max(min(moments) - time.monotonic(), 0)

    def _hurry(self, now: float) -> None:
        if not self._end and self._ends_at is not None and now >= self._ends_at:
            self._ask_to_end("timeout")
        elif self._kill_at is not None and now >= self._kill_at:
            self._kill_at = None
            self._process.signal_group(signal.SIGKILL)

    def _ask_to_end(self, end: str) -> None:
        self._end = end
        self._ends_at = None
        self._kill_at = time.monotonic() + self._stop_grace
        self._process.signal_group(signal.SIGTERM)

    def _hear_last_words(self) -> None:
        deadline = time.monotonic() + LAST_WORDS
        while not self._pump.is_dry and time.monotonic() < deadline:
            self._pump.round(max(deadline - time.monotonic(), 0))
        if not self._pump.is_dry or self._end:
            self._process.signal_group(signal.SIGKILL)
            # One round reads all that pipes can hold.
            self._pump.round(0)

    def _outcome(self) -> Outcome:
        code, usage = self._process.reap()
        cpu = usage.ru_utime + usage.ru_stime if usage else 0.0
        memory = usage.ru_maxrss * 1024 if usage else 0
        said = self._pump.reader.endings.get(self._process.pid)
        ending = Ending.from_json(said) if said else None
        if self._end:
            return Outcome(self._end, ending.exit_code if ending else code, ending.error if ending else "", cpu, memory)
        if ending is None or ending.end == "terminated":
            code = ending.exit_code if ending else code
            if code is not None and code >= 0:
                return Outcome("exited", code, "", cpu, memory)
            error = describe_signal(-code) if code is not None else gettext("It ended without a word.")
            return Outcome("killed", code, error, cpu, memory)
        return Outcome(ending.end, ending.exit_code, ending.error, cpu, memory)
