"""A message: what a handler tells, ready to be put into its form."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eztaskmanager.services.notifications.levels import LEVEL_MAPPING
from eztaskmanager.services.notifications.rules import RECOVERED
from eztaskmanager.services.notifications.wording import (
    get_alert_facts,
    get_alert_subject,
    get_alert_url,
    get_facts,
    get_log_tail,
    get_log_url,
    get_subject,
)

if TYPE_CHECKING:
    from eztaskmanager.models import Alert, LaunchReport

LOOKS = ("good", "warning", "bad", "bad")


def _new_id() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True)
class Message:
    """What is told.

    Attributes:
        event: A result of a run, a kind of alert, or "recovered".
        subject: It in one line.
        facts: What is known about it, as label and value, without secrets.
        url: Where to read on; a path alone without a base URL, empty if there is no such page.
        look: good, warning or bad.
        report: The run it is about.
        alert: The alert it is about.
        id: The same each time that it is tried.
    """

    event: str
    subject: str
    facts: tuple[tuple[str, str], ...]
    url: str
    look: str
    report: LaunchReport | None = None
    alert: Alert | None = None
    id: str = field(default_factory=_new_id)

    @property
    def is_link(self) -> bool:
        """Whether the address is a whole one."""
        return "://" in self.url

    def log_tail(self, n_lines: int) -> str:
        """Give the last lines of the run's log, without secrets; empty if it is about no run."""
        return "" if self.report is None or n_lines <= 0 else get_log_tail(self.report, n_lines)


def message_about_run(report: LaunchReport, event: str | None = None, message_id: str | None = None) -> Message:
    """Make the message that a run ended, or that by it its task recovered."""
    event = event or report.invocation_result
    is_good = event == RECOVERED
    severity = LEVEL_MAPPING.get(report.invocation_result, 1)
    return Message(
        event=event,
        subject=get_subject(report, event),
        facts=tuple(get_facts(report)),
        url=get_log_url(report),
        look="good" if is_good else LOOKS[severity],
        report=report,
        id=message_id or _new_id(),
    )


def message_about_alert(alert: Alert, event: str | None = None, message_id: str | None = None) -> Message:
    """Make the message that something is wrong, or that it is well again."""
    event = event or alert.kind
    return Message(
        event=event,
        subject=get_alert_subject(alert, event),
        facts=tuple(get_alert_facts(alert)),
        url=get_alert_url(alert),
        look="good" if event == RECOVERED else "bad",
        alert=alert,
        id=message_id or _new_id(),
    )
