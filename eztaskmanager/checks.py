"""System checks: what is set up wrongly is told before it matters."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning as CheckWarning, register
from django.urls import NoReverseMatch, reverse

from eztaskmanager.exceptions import ServiceMisconfigured
from eztaskmanager.services.notifications import check_handlers
from eztaskmanager.services.queues import get_task_service
from eztaskmanager.settings import app_settings

POSITIVE = ("LOST_AFTER", "STOP_GRACE", "LATE_AFTER", "STUCK_FACTOR", "N_LINES_IN_REPORT_LOG", "N_REPORTS_INLINE")
POSITIVE_OR_NONE = ("MAX_LOG_LINES", "MAX_LINE_LENGTH", "N_REPORTS_KEPT", "PING_LOG_LINES")
ISOLATIONS = ("auto", "fork", "spawn", "inline")


@register("eztaskmanager")
def check_queue_service(**kwargs: Any) -> list[CheckMessage]:
    """Ask the queue service what it lacks."""
    try:
        return list(get_task_service().check())
    except ServiceMisconfigured as exc:
        return [Error(str(exc), hint="See EZTASKMANAGER_QUEUE_SERVICE_TYPE.", id="eztaskmanager.E001")]


@register("eztaskmanager")
def check_notification_handlers(**kwargs: Any) -> list[CheckMessage]:
    """Look at each notification handler's class, level and arguments."""
    return list(check_handlers())


@register("eztaskmanager")
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Look at the settings that are numbers or choices."""
    found: list[CheckMessage] = []
    if app_settings.ISOLATION not in ISOLATIONS:
        found.append(
            Error(
                f"EZTASKMANAGER_ISOLATION is {app_settings.ISOLATION!r}; it may be one of {', '.join(ISOLATIONS)}.",
                id="eztaskmanager.E010",
            )
        )
    for name in POSITIVE:
        value = getattr(app_settings, name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
            found.append(
                Error(f"EZTASKMANAGER_{name} is {value!r}; it must be a number above 0.", id="eztaskmanager.E011")
            )
    for name in POSITIVE_OR_NONE:
        value = getattr(app_settings, name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value <= 0):
            found.append(
                Error(
                    f"EZTASKMANAGER_{name} is {value!r}; it must be a whole number above 0, or None.",
                    id="eztaskmanager.E012",
                )
            )
    return found


@register(Tags.urls)
def check_urls(**kwargs: Any) -> list[CheckMessage]:
    """Look for the log viewer's addresses; a project of workers alone may have none."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return []
    try:
        reverse("eztaskmanager:live_log_viewer", args=[1])
    except NoReverseMatch:
        return [
            CheckWarning(
                "The log viewer has no address.",
                hint='Add path("eztaskmanager/", include("eztaskmanager.urls")) to the project\'s urls.',
                id="eztaskmanager.W001",
            )
        ]
    return []
