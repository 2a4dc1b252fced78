"""Telling by any of the services that Apprise knows; needs the extra `apprise`."""

from __future__ import annotations

from collections.abc import Sequence

import apprise

from eztaskmanager.services.notifications.arguments import read_texts
from eztaskmanager.services.notifications.base import DeliveryFailed, MessageHandler
from eztaskmanager.services.notifications.messages import Message

TYPES = {
    "good": apprise.NotifyType.SUCCESS,
    "warning": apprise.NotifyType.WARNING,
    "bad": apprise.NotifyType.FAILURE,
}


class AppriseNotificationHandler(MessageHandler):
    """Notifies each of some services.

    Args:
        urls: Addresses in the form of Apprise, or one; they set their own time-outs, of 4 seconds unless told.
        level: As for every handler.

    Raises:
        ValueError: There is no address, or Apprise knows no service by it.
    """

    def __init__(self, urls: Sequence[str] | str, level: str = "ok") -> None:
        super().__init__(level)
        self.services = apprise.Apprise()
        for number, url in enumerate(read_texts("urls", urls), start=1):
            if not self.services.add(url):
                raise ValueError(f"Apprise does not understand address number {number} of 'urls'.")

    def tell(self, message: Message) -> None:
        lines = [f"{label}: {value}" for label, value in message.facts]
        body = "\n".join([*lines, message.url] if message.url else lines)
        told = self.services.notify(
            body=body or message.subject,
            title=message.subject,
            notify_type=TYPES[message.look],
            body_format=apprise.NotifyFormat.TEXT,
        )
        if not told:
            raise DeliveryFailed("Apprise did not reach all of its services; the log of this process says which.")
