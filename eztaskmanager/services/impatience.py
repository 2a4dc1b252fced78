"""Steps that must not take long, whatever they wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections

T = TypeVar("T")


class TooSlow(Exception):
    """The step was not done in time, or one like it still hangs; `str()` says it in a sentence."""


class Impatient(Generic[T]):
    """Does a step in a thread of its own, and waits for it no longer than told.

    One that hangs is left behind, and until it is back no other is begun, so that nothing piles up. Inside a
    transaction of the caller's, and on a database in memory, which other threads do not see, the step is done at once.

    Args:
        step: What to do; it may use the database, on a connection of its own.
        seconds: How long to wait.
        name: What is waited for, in the words of the error.
    """

    def __init__(self, step: Callable[[], T], seconds: float, name: str) -> None:
        self._step = step
        self._seconds = seconds
        self._name = name
        self._busy = threading.Lock()

    def __call__(self) -> T:
        """Do it.

        Raises:
            TooSlow: It was not done in time.
            Exception: What the step raises.
        """
        connection = connections[DEFAULT_DB_ALIAS]
        is_in_memory = connection.vendor == "sqlite" and connection.is_in_memory_db()  # type: ignore[attr-defined]
        if connection.in_atomic_block or is_in_memory:
            return self._step()
        deadline = time.monotonic() + self._seconds
        if not self._busy.acquire(timeout=self._seconds):
            raise TooSlow(f"{self._name} has not answered for a while.")
        answers: list[T] = []
        errors: list[Exception] = []

        def work() -> None:
            try:
                answers.append(self._step())
            except Exception as exc:  # The edge of the thread; it is raised again in the one that waits.
                errors.append(exc)
            finally:
                connections.close_all()
                self._busy.release()

        thread = threading.Thread(target=work, name=f"eztaskmanager {self._name}", daemon=True)
        thread.start()
        thread.join(max(0.0, deadline - time.monotonic()))
        if errors:
            raise errors[0]
        if not answers:
            raise TooSlow(f"{self._name} did not answer within {self._seconds:g} s.")
        return answers[0]
