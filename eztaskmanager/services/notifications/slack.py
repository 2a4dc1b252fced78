"""Telling in a channel of Slack; needs the extra `slack`."""

from __future__ import annotations

from urllib.error import URLError

from django.utils.translation import gettext as _
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from eztaskmanager.services.notifications.base import DeliveryFailed, MessageHandler
from eztaskmanager.services.notifications.messages import Message

EMOJIS = {"ok": ":white_check_mark:", "warnings": ":warning:", "errors": ":exclamation:", "skipped": ":warning:"}
LOOKS = {"good": ":white_check_mark:", "warning": ":warning:", "bad": ":x:"}


class SlackNotificationHandler(MessageHandler):
    """Posts one message, as a bot.

    Args:
        token: Of a bot that may write in the channel.
        channel: Its name or id.
        level: As for every handler.
        timeout: Seconds to wait for Slack.
        base_url: Of the API, where it is not Slack's own.
    """

    def __init__(
        self,
        token: str,
        channel: str,
        level: str = "ok",
        *,
        timeout: int = 10,
        base_url: str = WebClient.BASE_URL,
    ) -> None:
        super().__init__(level)
        self.channel = channel
        self.client = WebClient(token=token, timeout=timeout, base_url=base_url)

    def tell(self, message: Message) -> None:
        self.client.chat_postMessage(channel=self.channel, text=as_text(message), unfurl_links=False)


class SlackWebhookNotificationHandler(MessageHandler):
    """Posts one message, by an incoming webhook, which belongs to one channel.

    Args:
        url: Of the webhook; it is a secret.
        level: As for every handler.
        timeout: Seconds to wait for Slack.
    """

    def __init__(self, url: str, level: str = "ok", *, timeout: int = 10) -> None:
        super().__init__(level)
        self.client = WebhookClient(url, timeout=timeout)

    def tell(self, message: Message) -> None:
        try:
            answer = self.client.send(text=as_text(message), unfurl_links=False)
        except TimeoutError as exc:
            raise DeliveryFailed(f"Slack did not answer within {self.client.timeout} s.") from exc
        except URLError as exc:
            raise DeliveryFailed(f"Slack could not be called: {exc.reason}.") from exc
        if answer.status_code != 200:
            raise DeliveryFailed(f"Slack answered {answer.status_code} {answer.body[:200]}.")


def as_text(message: Message) -> str:
    """Write a message in Slack's mark-up."""
    emoji = EMOJIS.get(message.event, LOOKS[message.look])
    lines = [f"{emoji} *{_escape(message.subject)}*"]
    lines += [f"{_escape(label)}: {_escape(value)}" for label, value in message.facts]
    name = _("Log") if message.report is not None else _("Look")
    if message.is_link:
        lines.append(f"<{_escape(message.url)}|{_escape(name)}>")
    elif message.url:
        lines.append(f"{_escape(name)}: {_escape(message.url)}")
    return "\n".join(lines)


def _escape(text: str) -> str:
    # The three that Slack's mark-up asks for: https://docs.slack.dev/messaging/formatting-message-text
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
