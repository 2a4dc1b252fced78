"""System checks: what is set up wrongly is told before it matters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning as CheckWarning, register
from django.db import DatabaseError
from django.urls import NoReverseMatch, reverse

from eztaskmanager.exceptions import ServiceMisconfigured
from eztaskmanager.models import Task
from eztaskmanager.services.argument_checks import find_refusals
from eztaskmanager.services.as_code.declared import check_declared
from eztaskmanager.services.notifications import check_handlers
from eztaskmanager.services.queues import get_task_service
from eztaskmanager.settings import DEFAULTS, app_settings

# Ten years of seconds; with much more, moments are out of the calendar.
LARGEST = 10 * 365 * 86_400
LARGEST_WHOLE = 10**12
MOST_DAYS = 36_500
POSITIVE = (
    *("LOST_AFTER", "STOP_GRACE", "LATE_AFTER", "STUCK_FACTOR"),
    *("N_LINES_IN_REPORT_LOG", "N_REPORTS_INLINE", "METRICS_WINDOW"),
)
POSITIVE_OR_NONE = (
    *("MAX_LOG_LINES", "MAX_LINE_LENGTH", "MAX_LOG_ROWS", "PING_LOG_LINES"),
    *("N_REPORTS_KEPT", "N_FAILED_REPORTS_KEPT", "KEEP_DAYS", "KEEP_FAILED_DAYS"),
)
SHORTEST_TOKEN = 16
LISTS = ("SECRET_OPTIONS", "ENVIRONMENT_VARIABLES")
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
def check_declared_tasks(**kwargs: Any) -> list[CheckMessage]:
    """Look at the tasks that the settings declare."""
    return list(check_declared())


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
        kinds, what = (int, "whole number") if name.startswith("N_") else ((int, float), "number")
        # What is not a number compares with nothing.
        if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value <= LARGEST:
            found.append(
                Error(
                    f"EZTASKMANAGER_{name} is {value!r}; it must be a {what} above 0, and at most {LARGEST}.",
                    id="eztaskmanager.E011",
                )
            )
    for name in POSITIVE_OR_NONE:
        value = getattr(app_settings, name)
        most = MOST_DAYS if name.endswith("_DAYS") else LARGEST_WHOLE
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most):
            found.append(
                Error(
                    f"EZTASKMANAGER_{name} is {value!r}; it must be a whole number above 0, at most {most}, or None.",
                    id="eztaskmanager.E012",
                )
            )
    for name in LISTS:
        value = getattr(app_settings, name)
        # A single text would be taken for its letters.
        is_list = (
            isinstance(value, Collection) and not isinstance(value, str) and all(isinstance(v, str) for v in value)
        )
        if not is_list and not (value is None and DEFAULTS[name] is None):
            found.append(Error(f"EZTASKMANAGER_{name} is {value!r}; it must list texts.", id="eztaskmanager.E013"))
    return found


@register("eztaskmanager")
def check_retention(**kwargs: Any) -> list[CheckMessage]:
    """Look for rules about failed runs that the others leave nothing to do."""
    found: list[CheckMessage] = []
    if app_settings.KEEP_FAILED_DAYS is not None and app_settings.KEEP_DAYS is None:
        found.append(
            CheckWarning(
                "EZTASKMANAGER_KEEP_FAILED_DAYS has no effect, for EZTASKMANAGER_KEEP_DAYS keeps all reports.",
                hint="Set EZTASKMANAGER_KEEP_DAYS too: the days that the reports of other runs are kept.",
                id="eztaskmanager.W042",
            )
        )
    return found


@register("eztaskmanager")
def check_monitoring(**kwargs: Any) -> list[CheckMessage]:
    """Look at what health and metrics are guarded by, and at how much metrics tell."""
    found: list[CheckMessage] = []
    token = app_settings.MONITORING_TOKEN
    if token is not None and not (isinstance(token, str) and token.isascii() and len(token.strip()) >= SHORTEST_TOKEN):
        found.append(
            # Without the value, which is a secret.
            Error(
                f"EZTASKMANAGER_MONITORING_TOKEN must be a text of {SHORTEST_TOKEN} ASCII characters or more, or None.",
                hint='Make one: python -c "import secrets; print(secrets.token_urlsafe())"',
                id="eztaskmanager.E040",
            )
        )
    limit = app_settings.METRICS_MAX_TASKS
    if isinstance(limit, bool) or not isinstance(limit, int) or not 0 <= limit <= LARGEST_WHOLE:
        found.append(
            Error(
                f"EZTASKMANAGER_METRICS_MAX_TASKS is {limit!r}; it must be a whole number from 0 to {LARGEST_WHOLE}.",
                id="eztaskmanager.E041",
            )
        )
    return found


@register(Tags.security, deploy=True)
def check_environment(**kwargs: Any) -> list[CheckMessage]:
    """Warn of a project that lets arguments name every environment variable of its workers."""
    if app_settings.ENVIRONMENT_VARIABLES is not None:
        return []
    return [
        CheckWarning(
            "EZTASKMANAGER_ENVIRONMENT_VARIABLES is not set, so whoever may write a task's arguments can hand any"
            " environment variable of the workers to a command, which may print it.",
            hint='Name those that commands are meant to have, such as ["PARTNER_*"], or none: [].',
            id="eztaskmanager.W011",
        )
    ]


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


@register(Tags.database, "eztaskmanager_arguments")
def check_arguments(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Look for tasks whose arguments their command no longer takes, where databases may be asked."""
    if not databases or Task.objects.db not in databases:
        return []
    try:
        refusals = list(find_refusals(Task.objects.all()))
    except DatabaseError:
        return []  # Before the first `migrate`, or the next.
    return [
        CheckWarning(
            f"The command {refusal.task.command.name} does not take the arguments of the task "
            f"{refusal.task.name!r}: {refusal.reason}",
            hint="Mend them in the admin; until then its runs fail. See manage.py checkarguments.",
            obj=refusal.task,
            id="eztaskmanager.W010",
        )
        for refusal in refusals
    ]
