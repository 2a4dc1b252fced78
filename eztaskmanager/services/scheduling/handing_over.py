"""From queued reports to the engine, and again when the engine lost them."""

from __future__ import annotations

import copy
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.db.models.signals import post_delete
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from eztaskmanager.exceptions import QueueUnreachable, TaskQueueException
from eztaskmanager.log_extra import Extra, about, about_ids
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services.queues import get_task_service
from eztaskmanager.signals import ride_planned, run_cancelled, run_queued

logger = logging.getLogger(__name__)

HANDED_OVER_LATER = _("%(error)s; it will be handed over when it answers again.")
BATCH = 100
# Seconds a job may be on its way into the engine.
SETTLED = 5


def connect() -> None:
    """Listen to the models."""
    run_queued.connect(on_queued, dispatch_uid="eztaskmanager.on_queued")
    run_cancelled.connect(on_cancelled, dispatch_uid="eztaskmanager.on_cancelled")
    ride_planned.connect(on_ride_planned, dispatch_uid="eztaskmanager.on_ride_planned")
    post_delete.connect(on_task_deleted, sender=Task, dispatch_uid="eztaskmanager.on_task_deleted")


def on_queued(report: LaunchReport, **kwargs: Any) -> None:
    """Hand the report over, after the commit if a transaction is open; a retry that must wait gets a timer.

    Raises:
        TaskQueueException: The engine did not take it, and the report says so. Not raised after a commit.
    """
    if report.due_at is not None and report.due_at > timezone.now():
        _after_commit(lambda: get_task_service().arm(report.task), "The timer of a retry was not set", about(report))
    elif connection.in_atomic_block:
        _after_commit(lambda: hand_over(report), "A run waits in the database", about(report))
    else:
        hand_over(report)


def on_cancelled(report: LaunchReport, **kwargs: Any) -> None:
    """Take the job out of the engine, where that works; it would find nothing to do."""
    if report.enqueued_at is not None:
        _after_commit(lambda: get_task_service().cancel(report), "A cancelled job was left in the queue", about(report))


def on_ride_planned(task: Task, **kwargs: Any) -> None:
    """Set the engine's timer, or remove it; where it cannot be set, a ticker runs the ride."""
    if task.cached_next_ride is None:
        _after_commit(lambda: get_task_service().disarm(task), "A timer was left in the engine", about_ids(task.pk))
    else:
        _after_commit(lambda: get_task_service().arm(task), "A timer was not set", about_ids(task.pk))


def on_task_deleted(instance: Task, **kwargs: Any) -> None:
    """Remove the engine's timer."""
    # The instance loses its key before the commit.
    task = copy.copy(instance)
    task.cached_next_ride, task.max_retries = None, 0
    _after_commit(lambda: get_task_service().disarm(task), "A timer was left in the engine", about_ids(task.pk))


def hand_over(report: LaunchReport) -> bool:
    """Hand a report to the engine, if it is due and waits for that.

    Returns:
        Whether it was this call that did.

    Raises:
        TaskQueueException: The engine did not take it; the report says why, and waits.
    """
    if not _mark([report], again=False):
        return False
    _enqueue(report)
    return True


def hand_over_each(reports: Sequence[LaunchReport], *, again: bool = False) -> int:
    """Hand reports to the engine, those that wait for it; one that it refuses does not stop the others.

    Args:
        reports: Read with their tasks.
        again: They are with the engine already, by the job each names; those handed over since are left alone.

    Returns:
        How many were handed over.

    Raises:
        QueueUnreachable: A queue does not answer; its reports say so, and wait. Those of other queues are done.
    """
    count = 0
    away: dict[str, QueueUnreachable] = {}
    for start in range(0, len(reports), BATCH):
        batch = [report for report in reports[start : start + BATCH] if report.task.queue not in away]
        for report in _mark(batch, again=again):
            try:
                # Queues may lie on different servers.
                if report.task.queue in away:
                    _take_back(report, str(away[report.task.queue]))
                else:
                    _enqueue(report)
                    count += 1
            except QueueUnreachable as exc:
                away[report.task.queue] = exc
            except TaskQueueException as exc:
                logger.warning("The queue does not take the run of %s: %s", report, exc, extra=about(report))
    if away:
        raise next(iter(away.values()))
    return count


def hand_over_left(now: dt.datetime) -> int:
    """Hand over what is due and never reached the engine. Returns how many.

    Raises:
        QueueUnreachable: The engine does not answer.
    """
    others = LaunchReport.objects.started().filter(task=OuterRef("task"))
    left = (
        LaunchReport.objects.due(now).filter(enqueued_at=None)
        # They are handed over when the run they wait for ends.
        .exclude(Exists(others), task__overlap=Task.Overlap.QUEUE)
    )
    return hand_over_each(list(left.select_related("task").order_by("pk")))


def hand_over_missing(now: dt.datetime) -> int:
    """Hand over again what the engine lost. Returns how many.

    Raises:
        QueueUnreachable: The engine does not answer.
    """
    handed = LaunchReport.objects.queued().filter(enqueued_at__lt=now - dt.timedelta(seconds=SETTLED))
    reports = list(handed.select_related("task").order_by("pk"))
    lost = get_task_service().missing(reports) if reports else []
    for report in lost:
        logger.warning(
            "The engine lost the job %s of %s; it is handed over again.", report.job_id, report, extra=about(report)
        )
    return hand_over_each(lost, again=True)


def hand_over_waiting(task_id: int) -> bool:
    """Hand over the task's oldest run that waits for another to end. Returns whether there was one.

    Raises:
        TaskQueueException: The engine did not take it.
    """
    waiting = LaunchReport.objects.due(timezone.now()).filter(task=task_id, enqueued_at=None)
    report = waiting.select_related("task").order_by("pk").first()
    return report is not None and hand_over(report)


def _mark(reports: Sequence[LaunchReport], *, again: bool) -> list[LaunchReport]:
    """Note the reports as handed over, before they are, so that no two processes do it; return those that are ours.

    Should this process die now, they are found missing.
    """
    now = timezone.now()
    ours = []
    with transaction.atomic():
        for report in reports:
            rows = LaunchReport.objects.due(now).filter(pk=report.pk)
            rows = rows.filter(job_id=report.job_id) if again else rows.filter(enqueued_at=None)
            job_id = _next_job_id(report)
            if rows.update(job_id=job_id, enqueued_at=now, error=""):
                report.job_id, report.enqueued_at, report.error = job_id, now, ""
                ours.append(report)
    return ours


def _next_job_id(report: LaunchReport) -> str:
    prefix = f"launch-{report.pk}-"
    number = report.job_id.removeprefix(prefix)
    return f"{prefix}{int(number) + 1 if number.isdecimal() else 1}"


def _enqueue(report: LaunchReport) -> None:
    try:
        job_id = get_task_service().enqueue(report)
    except QueueUnreachable as exc:
        text = str(HANDED_OVER_LATER % {"error": str(exc).rstrip(".")})
        _take_back(report, text)
        raise QueueUnreachable(text) from exc
    except TaskQueueException as exc:
        _take_back(report, str(exc))
        raise
    except Exception as exc:  # Engines, and services that are not ours, may raise anything.
        logger.exception("The queue service failed to take the run of %s.", report, extra=about(report))
        _take_back(report, repr(exc))
        raise TaskQueueException(f"The queue service failed: {exc!r}") from exc
    if job_id != report.job_id:
        LaunchReport.objects.filter(pk=report.pk, job_id=report.job_id).update(job_id=job_id)
        report.job_id = job_id


def _take_back(report: LaunchReport, error: str) -> None:
    rows = LaunchReport.objects.queued().filter(pk=report.pk, job_id=report.job_id)
    if rows.update(enqueued_at=None, error=error):
        report.enqueued_at, report.error = None, error


def _after_commit(step: Callable[[], object], failure: str, extra: Extra) -> None:
    """Do a step whose failure hurts nobody, for it is made good later."""

    def attempt() -> None:
        try:
            step()
        except TaskQueueException as exc:
            logger.warning("%s: %s", failure, exc, extra=extra)
        except Exception:  # What the caller did is done and must stand.
            logger.exception("%s.", failure, extra=extra)

    transaction.on_commit(attempt, robust=True)
