"""Telling by e-mail, through whatever Django sends mail with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core import mail
from django.template.loader import render_to_string

from eztaskmanager.services.notifications.arguments import read_count, read_mail_address, read_seconds, read_texts
from eztaskmanager.services.notifications.base import MessageHandler
from eztaskmanager.services.notifications.deadlines import patiently
from eztaskmanager.services.notifications.messages import Message

TEMPLATES = "eztaskmanager/notifications"
# Colours of a mail, which knows no style sheet: text, ground.
COLORS = {"good": ("#1a7f37", "#e3f5e8"), "warning": ("#8a5a00", "#fdf1d3"), "bad": ("#b42318", "#fde8e6")}


class EmailNotificationHandler(MessageHandler):
    """Sends one mail, as text and as HTML, from templates that a project may override.

    Args:
        from_email: Sender; None is the project's `DEFAULT_FROM_EMAIL`.
        recipients: Addresses, or one.
        level: As for every handler.
        timeout: Seconds to wait for the server where the project sets none itself, and for all of it three times as
            long; Django alone would wait for ever.
        log_lines: Last lines of the log to put into the mail of a run; its readers need no permission to see them.

    Raises:
        ValueError: An argument means nothing.
    """

    def __init__(
        self,
        from_email: str | None,
        recipients: Sequence[str] | str,
        level: str = "ok",
        *,
        timeout: float = 10,
        log_lines: int = 0,
    ) -> None:
        super().__init__(level)
        self.from_email = from_email and read_mail_address("from_email", from_email)
        self.recipients = [read_mail_address("recipients", one) for one in read_texts("recipients", recipients)]
        self.timeout = read_seconds("timeout", timeout)
        self.log_lines = read_count("log_lines", log_lines)

    def tell(self, message: Message) -> None:
        subject, text, html = render(message, self.log_lines)
        letter = mail.EmailMultiAlternatives(subject, text, self.from_email, self.recipients)
        letter.attach_alternative(html, "text/html")
        backend = self._get_backend()
        seconds = getattr(backend, "timeout", None) or self.timeout
        patiently(lambda: backend.send_messages([letter]), seconds, "The mail server")

    def _get_backend(self) -> Any:
        # Any, for backends need not have a base class, nor a time-out.
        mailers = getattr(mail, "mailers", None)  # From Django 6.1 on.
        backend: Any = mail.get_connection() if mailers is None else mailers.default
        if getattr(backend, "timeout", self.timeout) is None:
            backend.timeout = self.timeout
        return backend


def render(message: Message, log_lines: int = 0) -> tuple[str, str, str]:
    """Give subject, text and HTML of a mail."""
    name = "run" if message.report is not None else "alert"
    color, ground = COLORS[message.look]
    context = {
        "message": message,
        "report": message.report,
        "alert": message.alert,
        "log_tail": message.log_tail(log_lines),
        "color": color,
        "ground": ground,
    }
    # A line break would let a name write headers of the mail.
    subject = " ".join(render_to_string(f"{TEMPLATES}/subject.txt", context).split())
    text = render_to_string(f"{TEMPLATES}/{name}.txt", context).strip("\n")
    return subject, text, render_to_string(f"{TEMPLATES}/{name}.html", context)
