"""The loop around the tick."""

from __future__ import annotations

import datetime as dt
import logging
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from django.db import close_old_connections, connection
from django.utils import timezone

from eztaskmanager.services.patience import AWAY
from eztaskmanager.services.scheduling.slots import next_due
from eztaskmanager.services.sideline import Sideline
from eztaskmanager.services.ticking import do_chores, peek, tick

logger = logging.getLogger(__name__)

# How soon a schedule that was just saved is seen; the look is one indexed query or two.
LOOK = 1.0


class Ticker:
    """Ticks each `interval` seconds, and at each slot, until told to end.

    Args:
        interval: Seconds between two whole ticks, which also sweep.
        health_file: Touched after each whole tick that worked, for a watchdog to look at its age.
        say: Takes a sentence when the database goes away and when it is back.
    """

    def __init__(self, interval: float, health_file: Path | None, say: Callable[[str], None]) -> None:
        self.interval = interval
        self.health_file = health_file
        self.say = say
        self._end = threading.Event()
        self._is_away = False
        # Mail servers that are slow must not keep slots waiting.
        self._chores = Sideline(self._do_chores)

    def end(self, *args: object) -> None:
        """Leave the loop as soon as the tick at work is done; usable as a signal handler."""
        self._end.set()

    def run(self) -> None:
        """Tick until `end()`; SIGTERM and SIGINT call it."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.end)
        try:
            self._loop()
        finally:
            self._chores.close()

    def _loop(self) -> None:
        while not self._end.is_set():
            wait = self.guarded(self._tick)
            whole = timezone.now() + dt.timedelta(seconds=self.interval)
            while not self._end.wait(wait) and timezone.now() < whole:
                wait = self.guarded(self._peek)
                # A clock set back must not put the next whole tick off.
                whole = min(whole, timezone.now() + dt.timedelta(seconds=self.interval))

    def guarded(self, step: Callable[[], float]) -> float:
        """Do a step, and outlive a database that is away. Returns the seconds to wait before the next."""
        close_old_connections()
        try:
            wait = step()
        except AWAY as exc:
            if not self._is_away:
                self.say(f"The database does not answer; trying again each {LOOK:.0f} s: {exc}")
            self._is_away = True
            connection.close()
            return LOOK
        except Exception:  # The loop is what everything planned hangs on.
            logger.exception("A tick failed; the next one comes in %.0f s.", LOOK)
            return LOOK
        if self._is_away:
            self.say("The database answers again.")
        self._is_away = False
        return wait

    def _tick(self) -> float:
        tick("eztaskscheduler", self.interval, aside=self._chores.wake)
        if self.health_file is not None:
            self.health_file.touch()
        return self._wait()

    def _do_chores(self) -> None:
        do_chores(timezone.now())

    def _peek(self) -> float:
        wait = self._wait()
        if wait > 0:
            return wait
        peek(timezone.now())
        return self._wait()

    def _wait(self) -> float:
        due = next_due()
        if due is None:
            return LOOK
        return min(LOOK, max(0.0, (due - timezone.now()).total_seconds()))
