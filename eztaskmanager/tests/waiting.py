"""Waiting for what another thread or process does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def wait_until(
    condition: Callable[[], Result], timeout: float = 60, *, every: float = 0.05, what: str = "the condition"
) -> Result:
    """Ask again and again until the answer is true, and give that answer.

    Args:
        condition: What is asked.
        timeout: Seconds until it is given up; generous, since a loaded machine is slow.
        every: Seconds between two questions.
        what: What is waited for, in the words of the error.

    Raises:
        AssertionError: The time was up.
    """
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {timeout:g} s in vain for {what}; the last answer was {answer!r}.")
        time.sleep(every)
