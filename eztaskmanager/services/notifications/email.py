"""Telling by e-mail, through whatever Django sends mail with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.core import mail
from django.utils.translation import gettext as _

from eztaskmanager.services.notifications.base import NotificationHandler
from eztaskmanager.services.notifications.wording import get_facts, get_log_url, get_subject

if TYPE_CHECKING:
    from eztaskmanager.models import LaunchReport


class EmailNotificationHandler(NotificationHandler):
    """Sends one mail.

    Args:
        from_email: Sender; None is the project's `DEFAULT_FROM_EMAIL`.
        recipients: Addresses, or one.
        level: As for every handler.
        timeout: Seconds to wait for the server where the project sets none itself; Django alone would wait for ever.
    """

    def __init__(
        self, from_email: str | None, recipients: Sequence[str] | str, level: str = "ok", *, timeout: float = 10
    ) -> None:
        super().__init__(level)
        self.from_email = from_email
        self.recipients = [recipients] if isinstance(recipients, str) else list(recipients)
        self.timeout = timeout

    def emit(self, report: LaunchReport) -> None:
        lines = [get_subject(report), ""]
        lines += [f"{label}: {value}" for label, value in get_facts(report)]
        url = get_log_url(report)
        if url:
            lines += ["", _("Log: %(url)s") % {"url": url}]
        message = mail.EmailMessage(get_subject(report), "\n".join(lines), self.from_email, self.recipients)
        self._get_backend().send_messages([message])

    def _get_backend(self) -> Any:
        # Any, for backends need not have a base class, nor a time-out.
        mailers = getattr(mail, "mailers", None)  # From Django 6.1 on.
        backend: Any = mail.get_connection() if mailers is None else mailers.default
        if getattr(backend, "timeout", self.timeout) is None:
            backend.timeout = self.timeout
        return backend
