"""Who is told how runs end and what is wrong, and by which ways; these are loaded on first use: some need an extra."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from eztaskmanager.services.notifications.base import (
    LEVEL_MAPPING,
    DeliveryFailed,
    MessageHandler,
    NotificationHandler,
)
from eztaskmanager.services.notifications.checking import check_handlers
from eztaskmanager.services.notifications.configuration import get_notification_handlers
from eztaskmanager.services.notifications.emission import emit_notifications
from eztaskmanager.services.notifications.messages import Message
from eztaskmanager.services.notifications.sending import send_due
from eztaskmanager.services.notifications.signing import verify
from eztaskmanager.services.notifications.wording import MESSAGES, get_base_url

if TYPE_CHECKING:
    from eztaskmanager.services.notifications.apprise import AppriseNotificationHandler as AppriseNotificationHandler
    from eztaskmanager.services.notifications.email import EmailNotificationHandler as EmailNotificationHandler
    from eztaskmanager.services.notifications.slack import SlackNotificationHandler as SlackNotificationHandler
    from eztaskmanager.services.notifications.slack import (
        SlackWebhookNotificationHandler as SlackWebhookNotificationHandler,
    )
    from eztaskmanager.services.notifications.webhook import WebhookNotificationHandler as WebhookNotificationHandler

HANDLERS = {
    "AppriseNotificationHandler": "apprise",
    "EmailNotificationHandler": "email",
    "SlackNotificationHandler": "slack",
    "SlackWebhookNotificationHandler": "slack",
    "WebhookNotificationHandler": "webhook",
}

__all__ = [
    "LEVEL_MAPPING",
    "MESSAGES",
    "AppriseNotificationHandler",
    "DeliveryFailed",
    "EmailNotificationHandler",
    "Message",
    "MessageHandler",
    "NotificationHandler",
    "SlackNotificationHandler",
    "SlackWebhookNotificationHandler",
    "WebhookNotificationHandler",
    "check_handlers",
    "emit_notifications",
    "get_base_url",
    "get_notification_handlers",
    "send_due",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in HANDLERS:
        return getattr(import_module(f"{__name__}.{HANDLERS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
