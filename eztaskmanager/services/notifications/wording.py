"""What is told about a run, the same by every way."""

from __future__ import annotations

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

from eztaskmanager.settings import app_settings

if TYPE_CHECKING:
    from eztaskmanager.models import LaunchReport

logger = logging.getLogger(__name__)

MESSAGES = {
    "ok": gettext_lazy("Task %(task)s: ok"),
    "warnings": gettext_lazy("Task %(task)s: ended with warnings (%(n_warnings)d)"),
    "errors": gettext_lazy("Task %(task)s: ended with errors (%(n_errors)d)"),
    "failed": gettext_lazy("Task %(task)s: failed"),
    "stopped": gettext_lazy("Task %(task)s: stopped"),
    "timeout": gettext_lazy("Task %(task)s: stopped at its time limit"),
    "lost": gettext_lazy("Task %(task)s: lost, its worker gives no sign of life"),
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


def get_subject(report: LaunchReport) -> str:
    """Say in one line how a run ended."""
    message = MESSAGES.get(report.invocation_result)
    if message is None:
        return " ".join(report.task.name.split())
    names = {
        # A line break would let a name write headers of a mail.
        "task": " ".join(report.task.name.split()),
        "n_warnings": report.n_log_warnings,
        "n_errors": report.n_log_errors,
    }
    return str(message % names)


def get_facts(report: LaunchReport) -> list[tuple[str, str]]:
    """List what is known about a run, as label and value, leaving out what is empty."""
    duration = report.duration
    facts = [
        (_("Command"), f"{report.command or report.task.command.name} {report.shown_arguments}".strip()),
        (_("Launched by"), report.launched_by_name),
        (_("Started"), _moment(report)),
        (_("Duration"), "" if duration is None else str(duration).partition(".")[0]),
        (_("Errors"), str(report.n_log_errors or "")),
        (_("Warnings"), str(report.n_log_warnings or "")),
        (_("Error"), report.error),
        (_("Stopped by"), report.stopped_by),
        (_("Host"), report.host),
    ]
    return [(label, value) for label, value in facts if value]


def _moment(report: LaunchReport) -> str:
    moment = report.started_at or report.invocation_datetime
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT") if moment else ""
