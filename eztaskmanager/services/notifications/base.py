"""What every way of telling has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eztaskmanager.models import LaunchReport

LEVELS = ("ok", "warnings", "errors", "failed")

# Results not named here, such as that of a skipped run, are nobody's concern.
LEVEL_MAPPING: dict[str, int] = {
    "ok": 0,
    "warnings": 1,
    "errors": 2,
    "failed": 3,
    "stopped": 3,
    "timeout": 3,
    "lost": 3,
}


def parse_level(level: object) -> str:
    """Understand the level of a handler; "failure" is another word for "failed".

    Raises:
        ValueError: It is none.
    """
    if level == "failure":
        return "failed"
    if level not in LEVELS:
        raise ValueError(f"{level!r} is not a level of notification; there are {', '.join(LEVELS)}.")
    return str(level)


class NotificationHandler(ABC):
    """Tells people about runs whose result is at a level or above it.

    Args:
        level: ok, warnings, errors or failed. Runs that were stopped, timed out or got lost count as failed.

    Raises:
        ValueError: There is no such level.
    """

    def __init__(self, level: str = "ok") -> None:
        self.level = parse_level(level)

    def concerns(self, report: LaunchReport) -> bool:
        """Whether the result of a run reaches the level."""
        severity = LEVEL_MAPPING.get(report.invocation_result)
        return severity is not None and severity >= LEVEL_MAPPING[self.level]

    def handle(self, report: LaunchReport) -> None:
        """Tell about a run, if it is a concern."""
        if self.concerns(report):
            self.emit(report)

    @abstractmethod
    def emit(self, report: LaunchReport) -> None:
        """Tell about a run; whatever this raises is logged and hurts nothing."""
