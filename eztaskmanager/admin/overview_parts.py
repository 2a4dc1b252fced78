"""The parts of the overview: what each shows, and how soon there may be news of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from eztaskmanager.admin import display
from eztaskmanager.admin.swatches import category_label
from eztaskmanager.admin.timeline import ROW, draw
from eztaskmanager.models import Alert, AppCommand, LaunchReport, Task
from eztaskmanager.permissions import LAUNCH_TASK, STOP_TASK, VIEW_LOG, VIEW_REPORT
from eztaskmanager.services.alerting import open_alerts
from eztaskmanager.services.overview.attention import Notice, find_notices, find_tickers
from eztaskmanager.services.overview.coming import Lane, find_coming
from eztaskmanager.services.overview.engine import ask_engine
from eztaskmanager.services.overview.past import Slow, count_by_day, find_slowest, start_of
from eztaskmanager.services.overview.present import count_waiting, find_failures, find_running
from eztaskmanager.settings import app_settings
from eztaskmanager.views.access import visible_reports
from eztaskmanager.views.facts import tell_duration, tell_left, tell_origin

MOST_ALERTS = 20
# What the page finds by itself → the alert that a tick makes of it.
ALERT_OF = {"broken-schedule": Alert.Kind.SCHEDULE, "overdue": Alert.Kind.LATE}

# Milliseconds until there may be news.
BUSY, CALM, QUEUES, SLOW = 2_000, 5_000, 10_000, 60_000
RESULTS = LaunchReport.Result
# As the picture of the days tells results apart; what is not here is "other".
GROUPS = {
    "ok": (RESULTS.OK,),
    "warnings": (RESULTS.WARNINGS,),
    "errors": (RESULTS.ERRORS,),
    "failed": (RESULTS.FAILED, RESULTS.TIMEOUT, RESULTS.LOST),
    "other": (RESULTS.STOPPED, RESULTS.SKIPPED),
}
WELL = (RESULTS.OK, RESULTS.WARNINGS)


@dataclass(frozen=True)
class Rights:
    """What the user may see and do, beside what groups allow."""

    may_see_runs: bool
    may_read: bool
    may_launch: bool
    may_stop: bool

    @classmethod
    def of(cls, request: HttpRequest) -> Rights:
        """Ask for all of them."""
        user = request.user
        may_see_runs = user.has_perm(VIEW_REPORT)
        return cls(
            may_see_runs=may_see_runs,
            may_read=may_see_runs and user.has_perm(VIEW_LOG),
            may_launch=user.has_perm(LAUNCH_TASK),
            may_stop=user.has_perm(STOP_TASK),
        )


@dataclass(frozen=True)
class Run:
    """A run as a row: its report, and what is shown of it."""

    report: LaunchReport
    state: SafeString
    category: SafeString
    progress: SafeString
    left: str
    origin: str
    when: str
    error: str
    has_recovered: bool
    log: str
    task_address: str
    report_address: str
    may_stop: bool
    may_launch: bool


def now_part(request: HttpRequest, rights: Rights) -> tuple[dict[str, Any], int]:
    """What wants attention, what runs, what failed, who follows the schedules."""
    now = timezone.now()
    tasks = Task.objects.visible_to(request.user)
    has_tasks = tasks.exists()
    context: dict[str, Any] = {
        "notices": _tell_notices(request, tasks, now),
        "tickers": find_tickers(now),
        "has_tasks": has_tasks,
        "has_commands": has_tasks or AppCommand.objects.filter(active=True).exists(),
    }
    if not rights.may_see_runs:
        return context, CALM
    reports = visible_reports(request.user)
    yesterday = timezone.localdate(now) - dt.timedelta(days=1)
    running = find_running(reports)
    failures = find_failures(reports, start_of(yesterday, timezone.get_current_timezone()))
    context.update(
        running=running,
        runs=[_tell_run(report, rights) for report in running.reports],
        n_waiting=count_waiting(reports),
        failures=failures,
        failed=[_tell_run(report, rights) for report in failures.reports],
    )
    return context, BUSY if running.count else CALM


def _tell_notices(request: HttpRequest, tasks: QuerySet[Task], now: dt.datetime) -> list[Notice]:
    """Tell the alerts that go on, and what is wrong of which no tick has made an alert yet."""
    alerts = open_alerts(request.user)
    known = {(alert.kind, alert.task_id) for alert in alerts}
    notices = [
        Notice(
            "alert",
            "error" if alert.is_critical or alert.kind == Alert.Kind.SCHEDULE else "warning",
            alert.task,
            alert.raised_at,
            alert.message,
        )
        for alert in alerts[:MOST_ALERTS]
    ]
    for notice in find_notices(tasks, now):
        if (ALERT_OF[notice.kind], notice.task.pk if notice.task is not None else None) not in known:
            notices.append(notice)
    return notices


def coming_part(request: HttpRequest, rights: Rights) -> tuple[dict[str, Any], int]:
    """The next 24 hours."""
    # From the whole minute on, so that the picture is another one no more often than once in a minute.
    now = timezone.now().replace(second=0, microsecond=0)
    coming = find_coming(Task.objects.visible_to(request.user), now, with_durations=rights.may_see_runs)
    zone = timezone.get_current_timezone()
    context = {
        "coming": coming,
        "picture": draw(coming, zone),
        "row_height": ROW,
        "zone": timezone.get_current_timezone_name(),
        "lanes": [_tell_lane(lane) for lane in coming.lanes],
    }
    return context, SLOW


def past_part(request: HttpRequest, rights: Rights) -> tuple[dict[str, Any], int]:
    """How runs ended day by day, and the slowest tasks."""
    if not rights.may_see_runs:
        return {}, SLOW
    reports, now = visible_reports(request.user), timezone.now()
    days = count_by_day(reports, timezone.localdate(now), timezone.get_current_timezone())
    slowest = find_slowest(reports, now)
    context = {
        "days": [(day, [sum(day.counts.get(name, 0) for name in names) for names in GROUPS.values()]) for day in days],
        "has_days": any(day.total for day in days),
        "groups": [
            ("ok", _("ok")),
            ("warnings", _("warnings")),
            ("errors", _("errors")),
            ("failed", _("failed, timed out or lost")),
            ("other", _("stopped or skipped")),
        ],
        "by_usual": [_tell_slow(slow) for slow in slowest.by_usual],
        "by_total": [_tell_slow(slow) for slow in slowest.by_total],
    }
    return context, SLOW


def engine_part(request: HttpRequest, rights: Rights) -> tuple[dict[str, Any], int]:
    """Workers, depth and oldest wait of each queue."""
    engine = ask_engine()
    queues = [
        (queue, "" if queue.oldest_wait is None else tell_duration(dt.timedelta(seconds=queue.oldest_wait)))
        for queue in engine.queues
    ]
    return {"engine": engine, "queues": queues}, QUEUES


Part = Callable[[HttpRequest, Rights], tuple[dict[str, Any], int]]
PARTS: dict[str, Part] = {"now": now_part, "coming": coming_part, "engine": engine_part, "past": past_part}


def _tell_run(report: LaunchReport, rights: Rights) -> Run:
    has_log = rights.may_read and app_settings.SHOW_LOGVIEWER_LINK
    error = str(getattr(report, "error_start", "")).strip()
    return Run(
        report=report,
        state=display.report_state(report),
        category=category_label(report.task.category),
        progress=display.progress_bar(report),
        left=tell_left(report),
        origin=tell_origin(report),
        when=display.moment(report.finished_at or report.started_at),
        error=error.splitlines()[0] if error and rights.may_read else "",
        has_recovered=report.is_over and report.task.cached_last_invocation_result in WELL,
        log=display.log_address(report.pk) if has_log else "",
        task_address=_task_address(report.task_id),
        report_address=reverse("admin:eztaskmanager_launchreport_change", args=[report.pk]),
        # The groups have been asked: only tasks that are open to the user are here.
        may_stop=rights.may_stop and not report.is_over and report.stop_requested_at is None,
        may_launch=rights.may_launch and report.is_over and report.task.command.active,
    )


def _tell_lane(lane: Lane) -> dict[str, Any]:
    return {
        "task": lane.task,
        "address": _task_address(lane.task.pk),
        "category": category_label(lane.task.category),
        "next": display.moment(lane.task.cached_next_ride),
        "schedule": display.describe_schedule(lane.task),
        "usual": tell_duration(lane.usual),
    }


def _tell_slow(slow: Slow) -> dict[str, Any]:
    return {
        "task": slow.task,
        "address": _task_address(slow.task.pk),
        "category": category_label(slow.task.category),
        "usual": tell_duration(slow.usual),
        "total": tell_duration(slow.total),
        "n_runs": slow.n_runs,
    }


def _task_address(pk: int) -> str:
    return reverse("admin:eztaskmanager_task_change", args=[pk])
