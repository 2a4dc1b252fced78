"""Telling in a channel of Slack; needs the extra `slack`."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.utils.translation import gettext as _
from slack_sdk import WebClient

from eztaskmanager.services.notifications.arguments import read_seconds, read_text, read_web_address
from eztaskmanager.services.notifications.base import AGENT, DeliveryFailed, MessageHandler
from eztaskmanager.services.notifications.deadlines import patiently
from eztaskmanager.services.notifications.messages import Message

EMOJIS = {"ok": ":white_check_mark:", "warnings": ":warning:", "errors": ":exclamation:", "skipped": ":warning:"}
LOOKS = {"good": ":white_check_mark:", "warning": ":warning:", "bad": ":x:"}
LONGEST_ANSWER = 200


class SlackNotificationHandler(MessageHandler):
    """Posts one message, as a bot.

    Args:
        token: Of a bot that may write in the channel.
        channel: Its name or id.
        level: As for every handler.
        timeout: Seconds to wait for Slack.
        base_url: Of the API, where it is not Slack's own.

    Raises:
        ValueError: An argument means nothing.
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
        self.channel = read_text("channel", channel)
        self.client = WebClient(
            token=read_text("token", token),
            timeout=read_seconds("timeout", timeout),  # type: ignore[arg-type]  # It is given to a socket.
            base_url=read_web_address("base_url", base_url),
        )

    def tell(self, message: Message) -> None:
        text = as_text(message)
        patiently(
            lambda: self.client.chat_postMessage(channel=self.channel, text=text, unfurl_links=False),
            self.client.timeout,
            "Slack",
        )


class SlackWebhookNotificationHandler(MessageHandler):
    """Posts one message, by an incoming webhook, which belongs to one channel.

    Args:
        url: Of the webhook; it is a secret.
        level: As for every handler.
        timeout: Seconds to wait for Slack.

    Raises:
        ValueError: An argument means nothing.
    """

    def __init__(self, url: str, level: str = "ok", *, timeout: int = 10) -> None:
        super().__init__(level)
        self.url = read_web_address("url", url)
        self.timeout = read_seconds("timeout", timeout)

    def tell(self, message: Message) -> None:
        body = json.dumps({"text": as_text(message), "unfurl_links": False}).encode()
        patiently(lambda: self._post(body), self.timeout, "Slack")

    def _post(self, body: bytes) -> None:
        headers = {"Content-Type": "application/json;charset=utf-8", "User-Agent": AGENT}
        request = Request(self.url, body, headers)
        try:
            with build_opener(_NoRedirects).open(request, timeout=self.timeout) as answer:
                status, said = answer.status, answer.read(LONGEST_ANSWER)
        except HTTPError as exc:
            with exc:
                status, said = exc.code, exc.read(LONGEST_ANSWER)
        except TimeoutError as exc:
            raise DeliveryFailed(f"Slack did not answer within {self.timeout:g} s.") from exc
        except URLError as exc:
            raise DeliveryFailed(f"Slack could not be called: {exc.reason}.") from exc
        if status != 200:
            raise DeliveryFailed(f"Slack answered {status} {said.decode(errors='replace')}.")


class _NoRedirects(HTTPRedirectHandler):
    """Takes a redirect for the failure that it is: it would be followed without what is told."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Go nowhere."""


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
