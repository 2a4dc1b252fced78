"""What is told about a run or an alert, the same by every way."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ObjectDoesNotExist
from django.db import DatabaseError
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _, gettext_lazy

from eztaskmanager.arguments import hide_secrets
from eztaskmanager.services.notifications.rules import RECOVERED
from eztaskmanager.settings import app_settings

if TYPE_CHECKING:
    from eztaskmanager.models import Alert, LaunchReport

logger = logging.getLogger(__name__)

# In characters; what it is put into may be refused when it is longer.
LONGEST_TAIL = 20_000
MESSAGES = {
    "ok": gettext_lazy("Task %(task)s: ok"),
    "warnings": gettext_lazy("Task %(task)s: ended with warnings (%(n_warnings)d)"),
    "errors": gettext_lazy("Task %(task)s: ended with errors (%(n_errors)d)"),
    "failed": gettext_lazy("Task %(task)s: failed"),
    "stopped": gettext_lazy("Task %(task)s: stopped"),
    "timeout": gettext_lazy("Task %(task)s: stopped at its time limit"),
    "lost": gettext_lazy("Task %(task)s: lost, its worker gives no sign of life"),
}
# What is told only where a rule asks for it.
MORE_MESSAGES = {
    "skipped": gettext_lazy("Task %(task)s: skipped"),
    RECOVERED: gettext_lazy("Task %(task)s: recovered"),
}
ALERT_MESSAGES = {
    "late": gettext_lazy("Task %(task)s: late"),
    "stuck": gettext_lazy("Task %(task)s: stuck"),
    "lost": gettext_lazy("Task %(task)s: a run was lost"),
    "schedule": gettext_lazy("Task %(task)s: its schedule is set aside"),
    "worker": gettext_lazy("Queue %(queue)s: no worker"),
    "ticker": gettext_lazy("No scheduler is running"),
}
RECOVERY_MESSAGES = {
    "late": gettext_lazy("Task %(task)s: no longer late"),
    "stuck": gettext_lazy("Task %(task)s: no longer stuck"),
    "lost": gettext_lazy("Task %(task)s: recovered, a run ended after one was lost"),
    "schedule": gettext_lazy("Task %(task)s: its schedule is followed again"),
    "worker": gettext_lazy("Queue %(queue)s: recovered, a worker is there"),
    "ticker": gettext_lazy("Recovered: a scheduler is running"),
}


def get_base_url() -> str:
    """Tell scheme and host for links: those of the setting, else of the current site, else none."""
    if app_settings.BASE_URL:
        return str(app_settings.BASE_URL).rstrip("/")
    if not apps.is_installed("django.contrib.sites"):
        return ""
    # Its models may only be imported where the app is installed.
    from django.contrib.sites.models import Site

    try:
        domain = Site.objects.get_current().domain
    except (DatabaseError, ImproperlyConfigured, ObjectDoesNotExist) as exc:
        logger.warning("The current site is not known, so links in notifications have no host: %s", exc)
        return ""
    # A site does not say; whoever redirects to https is reached by http too.
    is_secure = settings.SECURE_SSL_REDIRECT or settings.SESSION_COOKIE_SECURE
    return f"{'https' if is_secure else 'http'}://{domain}"


def get_log_url(report: LaunchReport) -> str:
    """Tell where the log of a run is read; without a base URL the path alone, empty if the project has no viewer."""
    try:
        return get_base_url() + reverse("eztaskmanager:live_log_viewer", args=[report.pk])
    except NoReverseMatch:
        return ""


def get_subject(report: LaunchReport, event: str | None = None) -> str:
    """Say in one line how a run ended, or that by it its task recovered."""
    event = event or report.invocation_result
    message = MESSAGES.get(event) or MORE_MESSAGES.get(event)
    if message is None:
        return _one_line(report.task.name)
    names = {
        "task": _one_line(report.task.name),
        "n_warnings": report.n_log_warnings,
        "n_errors": report.n_log_errors,
    }
    return str(message % names)


def get_facts(report: LaunchReport) -> list[tuple[str, str]]:
    """List what is known about a run, as label and value, leaving out what is empty."""
    duration = report.duration
    facts = [
        (_("Command"), f"{report.command_name} {report.shown_arguments}".strip()),
        (_("Launched by"), report.launched_by_name),
        (_("Started"), _moment(report.started_at or report.invocation_datetime)),
        (_("Duration"), "" if duration is None else str(duration).partition(".")[0]),
        (_("Attempt"), str(report.attempt) if report.attempt > 1 else ""),
        (_("Errors"), str(report.n_log_errors or "")),
        (_("Warnings"), str(report.n_log_warnings or "")),
        (_("Error"), get_error(report)),
        (_("Stopped by"), report.stopped_by),
        (_("Host"), report.host),
    ]
    return [(label, value) for label, value in facts if value]


def get_error(report: LaunchReport) -> str:
    """Give the error of a run, without secrets of its arguments."""
    return hide_secrets(report.error, report.command_name, report.arguments)


def get_log_tail(report: LaunchReport, n_lines: int) -> str:
    """Give the last lines of its log, without secrets of its arguments, and of long ones the end."""
    tail = hide_secrets(report.log_tail(n_lines, plain=True), report.command_name, report.arguments)
    if len(tail) <= LONGEST_TAIL:
        return tail
    note = _("Only the end of it, for it is long:") + "\n…"
    return note + tail[len(note) - LONGEST_TAIL :]


def get_alert_subject(alert: Alert, event: str | None = None) -> str:
    """Say in one line what is wrong, or that it is well again."""
    messages = RECOVERY_MESSAGES if event == RECOVERED else ALERT_MESSAGES
    names = {"task": _one_line(alert.task.name) if alert.task else "", "queue": _one_line(alert.queue)}
    return str(messages[alert.kind] % names)


def get_alert_facts(alert: Alert) -> list[tuple[str, str]]:
    """List what is known about an alert, as label and value, leaving out what is empty."""
    facts = [
        (_("Problem"), alert.message),
        (_("Command"), alert.task.command.name if alert.task else ""),
        (_("Queue"), alert.queue),
        (_("Since"), _moment(alert.raised_at)),
        (_("Until"), _moment(alert.ended_at)),
    ]
    return [(label, value) for label, value in facts if value]


def get_alert_url(alert: Alert) -> str:
    """Tell where to look: at the log of its run, at its task, or at the alerts; empty if there is no such page."""
    if alert.report is not None:
        return get_log_url(alert.report)
    try:
        if alert.task_id is not None:
            return get_base_url() + reverse("admin:eztaskmanager_task_change", args=[alert.task_id])
        return get_base_url() + reverse("admin:eztaskmanager_alert_changelist")
    except NoReverseMatch:
        return ""


def _one_line(text: str) -> str:
    # A line break would let a name write headers of a mail.
    return " ".join(text.split())


def _moment(moment: dt.datetime | None) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT") if moment else ""
