"""Telling in a channel of Slack; needs the extra `slack`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from slack_sdk import WebClient

from eztaskmanager.services.notifications.base import NotificationHandler
from eztaskmanager.services.notifications.wording import get_facts, get_log_url, get_subject

if TYPE_CHECKING:
    from eztaskmanager.models import LaunchReport

EMOJIS = {"ok": ":white_check_mark:", "warnings": ":warning:", "errors": ":exclamation:"}


class SlackNotificationHandler(NotificationHandler):
    """Posts one message.

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

    def emit(self, report: LaunchReport) -> None:
        subject = f"{EMOJIS.get(report.invocation_result, ':x:')} *{_escape(get_subject(report))}*"
        lines = [subject, *(f"{_escape(label)}: {_escape(value)}" for label, value in get_facts(report))]
        url = get_log_url(report)
        if "://" in url:
            lines.append(f"<{_escape(url)}|{_escape(_('Log'))}>")
        elif url:
            lines.append(_escape(_("Log: %(url)s") % {"url": url}))
        self.client.chat_postMessage(channel=self.channel, text="\n".join(lines), unfurl_links=False)


def _escape(text: str) -> str:
    # The three that Slack's mark-up asks for: https://docs.slack.dev/messaging/formatting-message-text
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
