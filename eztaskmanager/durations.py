"""What is usual of how long runs take, and which of them are not.

A run is unusual if it is off the median of those before it by more than three median absolute deviations, by more than
half of that median, and by more than two seconds: all three, so that neither a task that is always alike nor a short
one cries wolf. Fewer than eight earlier runs say nothing, and no more than the last twenty count, so that what has
become usual is usual soon.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

WINDOW = 20
ENOUGH = 8
DEVIATIONS = 3.0
SHARE = 0.5
FLOOR = 2.0
# A bar of the usual height leaves so much room above it for the others.
ROOM = 2.0

LONGER = "longer"
SHORTER = "shorter"


@dataclass(frozen=True)
class Usual:
    """How long runs usually take, in seconds.

    Attributes:
        median: Half of them take longer.
        margin: What is off by no more is usual.
    """

    median: float
    margin: float

    def judge(self, seconds: float) -> str:
        """Say whether it is `LONGER` or `SHORTER` than usual; empty if it is usual."""
        if seconds > self.median + self.margin:
            return LONGER
        return SHORTER if seconds < self.median - self.margin else ""


def find_usual(seconds: Sequence[float]) -> Usual | None:
    """Tell what is usual, by runs in the order in which they ran; None if there are too few."""
    if len(seconds) < ENOUGH:
        return None
    last = seconds[-WINDOW:]
    middle = median(last)
    deviation = median(abs(value - middle) for value in last)
    return Usual(middle, max(DEVIATIONS * deviation, SHARE * middle, FLOOR))


def judge_each(seconds: Iterable[float]) -> list[str]:
    """Judge each run by those before it, in the order in which they ran."""
    before: deque[float] = deque(maxlen=WINDOW)
    verdicts = []
    for value in seconds:
        usual = find_usual(list(before))
        verdicts.append("" if usual is None else usual.judge(value))
        before.append(value)
    return verdicts


def percentile(seconds: Sequence[float], share: float) -> float:
    """Tell which value that share of them does not exceed: one of theirs, by the nearest rank.

    Args:
        seconds: At least one, in any order.
        share: Above 0, at most 1.
    """
    return sorted(seconds)[max(0, math.ceil(share * len(seconds)) - 1)]


def top_of_scale(seconds: Sequence[float]) -> float:
    """Tell which duration has a bar of full height: the longest, but no more than two medians.

    So one run that hung for a day does not press the others flat; it is cut off at the top.
    """
    if not seconds:
        return 1.0
    return max(min(max(seconds), ROOM * median(seconds)), 0.001)
