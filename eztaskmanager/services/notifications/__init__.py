"""Who is told how a run ended, and by which way; the ways are loaded on first use, for some need an extra."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from eztaskmanager.services.notifications.base import LEVEL_MAPPING, NotificationHandler
from eztaskmanager.services.notifications.configuration import check_handlers, get_notification_handlers
from eztaskmanager.services.notifications.emission import emit_notifications
from eztaskmanager.services.notifications.wording import MESSAGES, get_base_url

if TYPE_CHECKING:
    from eztaskmanager.services.notifications.email import EmailNotificationHandler as EmailNotificationHandler
    from eztaskmanager.services.notifications.slack import SlackNotificationHandler as SlackNotificationHandler

__all__ = [
    "LEVEL_MAPPING",
    "MESSAGES",
    "EmailNotificationHandler",
    "NotificationHandler",
    "SlackNotificationHandler",
    "check_handlers",
    "emit_notifications",
    "get_base_url",
    "get_notification_handlers",
]

HANDLERS = {"EmailNotificationHandler": "email", "SlackNotificationHandler": "slack"}


def __getattr__(name: str) -> Any:
    if name in HANDLERS:
        return getattr(import_module(f"{__name__}.{HANDLERS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
