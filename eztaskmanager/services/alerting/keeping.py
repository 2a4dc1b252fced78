"""Alerts are raised when something is found wrong, and ended when it is found no more."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef

from eztaskmanager.log_extra import about_ids
from eztaskmanager.models import Alert, LaunchReport, Task
from eztaskmanager.services.alerting import finding
from eztaskmanager.services.alerting.finding import Kind, Problem
from eztaskmanager.services.notifications.outbox import plan_alert, plan_recovery
from eztaskmanager.settings import app_settings
from eztaskmanager.signals import ride_planned, run_ended

logger = logging.getLogger(__name__)

# An engine is asked no more often, for that may take seconds.
ASKED_EVERY = 60.0
SAYS_NOTHING = (LaunchReport.RESULT_NO, LaunchReport.RESULT_LOST, LaunchReport.RESULT_SKIPPED)


class Watch:
    """Looks at everything a tick can see, once in a while."""

    def __init__(self) -> None:
        self._next_question = 0.0
        self._idle_since: dict[str, float] = {}

    def look(self, now: dt.datetime) -> None:
        """Raise what is wrong and end what is well again.

        Args:
            now: The moment of the tick.
        """
        after = app_settings.LATE_AFTER
        found = [*finding.find_late(now, after), *finding.find_stuck(now)]
        # Whoever looks by a tick, ticks.
        kinds = {Kind.LATE, Kind.STUCK, Kind.TICKER}
        if time.monotonic() >= self._next_question:
            self._next_question = time.monotonic() + ASKED_EVERY
            found += finding.find_set_aside()
            kinds.add(Kind.SCHEDULE)
            queues = finding.find_queues()
            if queues is not None:
                idle = list(finding.find_idle_queues(now, queues, after))
                found += believable(idle, after, self._idle_for(idle))
                kinds.add(Kind.WORKER)
        settle(found, kinds)

    def _idle_for(self, idle: Iterable[Problem]) -> dict[str, float]:
        clock = time.monotonic()
        self._idle_since = {problem.queue: self._idle_since.get(problem.queue, clock) for problem in idle}
        return {queue: clock - since for queue, since in self._idle_since.items()}


def believable(idle: Iterable[Problem], after: float, idle_for: Mapping[str, float] | None = None) -> list[Problem]:
    """Keep the queues that have been without a worker for a while, for workers are restarted.

    Args:
        idle: The queues that nobody listens to at this moment.
        after: Seconds of a while.
        idle_for: Queue → for how long it was seen so.
    """
    alerted = set(Alert.objects.open().filter(kind=Kind.WORKER).values_list("queue", flat=True))
    seen = idle_for or {}
    return [
        problem
        for problem in idle
        if problem.queue in alerted or problem.seconds >= after or seen.get(problem.queue, 0.0) >= after
    ]


def connect() -> None:
    """Listen to the models."""
    run_ended.connect(on_ended, dispatch_uid="eztaskmanager.alert_on_ended")
    ride_planned.connect(on_ride_planned, dispatch_uid="eztaskmanager.alert_on_ride_planned")


def on_ended(report: LaunchReport, **kwargs: Any) -> None:
    """Raise the alert of a run that was lost."""
    if report.invocation_result == LaunchReport.RESULT_LOST:
        message = str(report.error or report.describe())
        _try_to_raise(Problem(Kind.LOST, str(report.task_id), message, report.task_id, report))


def on_ride_planned(task: Task, **kwargs: Any) -> None:
    """Raise the alert of a schedule that was set aside."""
    if task.schedule_error:
        _try_to_raise(finding.set_aside(task))


def _try_to_raise(problem: Problem) -> None:
    try:
        with transaction.atomic():
            raise_for(problem)
    except (OperationalError, InterfaceError):
        # What it is part of is done again.
        raise
    except Exception:  # What is wrong already must not get worse by it.
        extra = about_ids(problem.task_id, problem.report.pk if problem.report is not None else None)
        logger.exception("No alert could be raised: %s", problem.message, extra=extra)


def raise_for(problem: Problem) -> Alert | None:
    """Raise the alert of a problem, and write down whom to tell; None if it is raised already."""
    with transaction.atomic():
        alert = Alert.objects.raise_one(
            problem.kind,
            problem.key,
            problem.message,
            task_id=problem.task_id,
            report=problem.report,
            queue=problem.queue,
        )
        if alert is not None:
            plan_alert(alert)
    return alert


def settle(found: Iterable[Problem], kinds: Iterable[str]) -> None:
    """Raise what was found, and end all else of these kinds, and those of runs and schedules that are well again.

    Args:
        found: All that is wrong, of these kinds.
        kinds: The kinds that were looked for.
    """
    problems = {problem.open_key: problem for problem in found}
    alerts = list(Alert.objects.open().select_related("task__command", "report"))
    outlived = _outlived() if any(alert.kind == Kind.LOST for alert in alerts) else set()
    for alert in alerts:
        is_over = alert.kind in kinds and alert.open_key not in problems
        is_over |= alert.pk in outlived
        is_over |= alert.kind == Kind.SCHEDULE and alert.task is not None and not alert.task.schedule_error
        if is_over:
            end(alert)
    for open_key in problems.keys() - {alert.open_key for alert in alerts}:
        raise_for(problems[open_key])


def _outlived() -> set[int]:
    """Tell which alerts of lost runs are over, for a later run of their task ended otherwise."""
    later = LaunchReport.objects.filter(
        task=OuterRef("task"), finished_at__gt=OuterRef("raised_at"), started_at__isnull=False
    )
    alerts = Alert.objects.open().filter(Exists(later.exclude(invocation_result__in=SAYS_NOTHING)), kind=Kind.LOST)
    return set(alerts.values_list("pk", flat=True))


def end(alert: Alert) -> None:
    """End an alert, and write down that those who know of it are told."""
    with transaction.atomic():
        if alert.end():
            plan_recovery(alert)
