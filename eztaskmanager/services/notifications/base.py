"""What every way of telling has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from eztaskmanager import __version__
from eztaskmanager.services.notifications.levels import LEVEL_MAPPING, LEVELS, parse_level
from eztaskmanager.services.notifications.messages import Message, message_about_run
from eztaskmanager.services.notifications.rules import Rules

if TYPE_CHECKING:
    from eztaskmanager.models import LaunchReport

__all__ = ["AGENT", "LEVELS", "LEVEL_MAPPING", "DeliveryFailed", "MessageHandler", "NotificationHandler", "parse_level"]


# How web servers are told who calls.
AGENT = f"django-eztaskmanager/{__version__}"


class DeliveryFailed(Exception):
    """It could not be told; `str()` says why, and holds no secret."""


class NotificationHandler(ABC):
    """Tells people about runs whose result is at a level or above it.

    Args:
        level: ok, warnings, errors or failed. Runs that were stopped, timed out or got lost count as failed.

    Attributes:
        rules: Those of the settings; set after the handler is made.
        supports_alerts: Whether `tell()` knows what to do with an alert, which is about no run.

    Raises:
        ValueError: There is no such level.
    """

    supports_alerts: ClassVar[bool] = False
    rules: Rules = Rules()

    def __init__(self, level: str = "ok") -> None:
        self.level = parse_level(level)

    def concerns(self, report: LaunchReport) -> bool:
        """Whether the result of a run reaches the level, or is one of those that the rules name."""
        return self.rules.concerns(report.invocation_result, self.level)

    def handle(self, report: LaunchReport) -> None:
        """Tell about a run, if it is a concern."""
        if self.concerns(report):
            self.emit(report)

    def tell(self, message: Message) -> None:
        """Tell what the rules decided on: a result, that a task recovered, or an alert if the class supports them.

        Args:
            message: What is to be told; unless overridden, its report goes to `emit()`.
        """
        if message.report is not None:
            self.emit(message.report)

    @abstractmethod
    def emit(self, report: LaunchReport) -> None:
        """Tell about a run; whatever this raises is kept as the reason, and it is tried again later."""


class MessageHandler(NotificationHandler):
    """Tells messages, whatever they are about."""

    supports_alerts = True

    def emit(self, report: LaunchReport) -> None:
        self.tell(message_about_run(report))

    @abstractmethod
    def tell(self, message: Message) -> None:
        """Tell a message; whatever this raises is kept as the reason, and it is tried again later."""
