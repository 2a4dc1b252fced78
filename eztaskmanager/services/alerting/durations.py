"""How long a run may take before it counts as stuck. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

# With fewer runs nothing is known of what is usual.
FEWEST = 5
# So many times the usual, and at least so many seconds beyond it.
FACTOR = 3.0
MARGIN = 600.0


def longest_usual(seconds: Sequence[float]) -> float | None:
    """Tell after how many seconds a run takes far longer than runs of its task do.

    The median is not moved by a few odd runs, and the spread around it lets tasks vary that always did.

    Args:
        seconds: How long the last runs took that ended by themselves.

    Returns:
        Seconds, or None when too few runs are known.
    """
    if len(seconds) < FEWEST:
        return None
    median = statistics.median(seconds)
    spread = statistics.median(abs(taken - median) for taken in seconds)
    return max(FACTOR * median, median + 6 * spread, median + MARGIN)


def longest_expected(expected: float | None, factor: float, seconds: Sequence[float]) -> float | None:
    """Tell after how many seconds a run is stuck: by what its task expects, or else by what is usual."""
    return longest_usual(seconds) if expected is None else expected * factor
