"""Claiming the slots whose time has come: one report each, however many look at once."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import connection, transaction
from django.utils.translation import gettext

from eztaskmanager.exceptions import ScheduleError
from eztaskmanager.log_extra import about_ids
from eztaskmanager.models import AppCommand, LaunchReport, RunTotal, Task
from eztaskmanager.models.planning import DueSlot
from eztaskmanager.models.tasks import TaskQuerySet
from eztaskmanager.signals import ride_planned, run_ended

logger = logging.getLogger(__name__)

BATCH = 100


def claim_due_slots(now: dt.datetime, *, only: int | None = None) -> list[LaunchReport]:
    """Make a report for each slot that is due, and plan each task's next ride, in one transaction for many tasks.

    A schedule that cannot be followed is set aside with its error on the task, and stops no other.

    Args:
        now: The moment by which slots are due.
        only: The one task to look at; None for all.

    Returns:
        The reports that wait to be handed over; those of slots that were skipped are not among them.
    """
    queued: list[LaunchReport] = []
    # Nearly always there is none, and to ask just that is cheaper.
    while _due_tasks(now, only).exists():
        with transaction.atomic():
            tasks = _lock_due_tasks(now, only)
            reports = _claim(tasks, now)
        for report in reports:
            if report.is_over:
                report.tell_end()
            else:
                queued.append(report)
        for task in tasks:
            ride_planned.send(sender=Task, task=task)
        if len(tasks) < BATCH:
            break
    return queued


def _due_tasks(now: dt.datetime, only: int | None) -> TaskQuerySet:
    due = Task.objects.filter(cached_next_ride__lte=now)
    return due if only is None else due.filter(pk=only)


def _lock_due_tasks(now: dt.datetime, only: int | None) -> list[Task]:
    due = _due_tasks(now, only).order_by("cached_next_ride", "pk")
    if connection.features.has_select_for_update:
        # Another ticker's rows are left to it.
        return list(due.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)[:BATCH])
    _due_tasks(now, only).lock()
    return list(due[:BATCH])


def _claim(tasks: list[Task], now: dt.datetime) -> list[LaunchReport]:
    if not tasks:
        return []
    commands = AppCommand.objects.in_bulk({task.command_id for task in tasks})
    slots = {task.pk: slot for task in tasks if (slot := _due_slot(task, now)) is not None}
    taken = set(
        LaunchReport.objects.filter(
            task__in=slots, planned_at__in={slot.planned_at for slot in slots.values()}
        ).values_list("task", "planned_at")
    )
    reports = [
        _report(task, commands[task.command_id], slot, now)
        for task in tasks
        if (slot := slots.get(task.pk)) is not None and (task.pk, slot.planned_at) not in taken
    ]
    for report in LaunchReport.objects.bulk_create(reports):
        # MariaDB before 10.5 and MySQL return no keys of rows inserted together.
        if report.pk is None:
            report.pk = LaunchReport.objects.get(task=report.task_id, planned_at=report.planned_at).pk
    Task.objects.bulk_update(tasks, ["cached_next_ride", "schedule_error"])
    Task.objects.filter(pk__in=[task.pk for task in tasks]).derive()
    skipped = [report.task_id for report in reports if report.is_over]
    RunTotal.objects.count_unstarted(skipped, LaunchReport.RESULT_SKIPPED)
    for report in reports:
        if report.is_over:
            run_ended.send(sender=LaunchReport, report=report, retry=None)
    return reports


def _due_slot(task: Task, now: dt.datetime) -> DueSlot | None:
    try:
        slot = task.due_slot(now)
    except Exception as exc:  # One schedule's fault, even in the libraries, must not hold up the others.
        if not isinstance(exc, ScheduleError):
            logger.exception("The schedule of task %s cannot be followed.", task.pk, extra=about_ids(task.pk))
        task.cached_next_ride, task.schedule_error = None, str(exc) or repr(exc)
        return None
    task.cached_next_ride = slot.next_ride if slot else None
    return slot


def _report(task: Task, command: AppCommand, slot: DueSlot, now: dt.datetime) -> LaunchReport:
    report = LaunchReport(
        task=task,
        trigger=LaunchReport.Trigger.SCHEDULE,
        planned_at=slot.planned_at,
        command=command.name,
        arguments=task.arguments,
    )
    reason = ""
    if slot.is_too_late:
        reason = gettext("It is later than the misfire grace allows.")
    elif not command.active:
        reason = gettext("The command %(name)s is inactive.") % {"name": command}
    if reason:
        report.state, report.invocation_result = LaunchReport.State.FINISHED, LaunchReport.RESULT_SKIPPED
        report.finished_at, report.error = now, reason
    return report


def next_due() -> dt.datetime | None:
    """Tell when the next ride or the next retry is due."""
    rides = Task.objects.filter(cached_next_ride__isnull=False).order_by("cached_next_ride")
    retries = LaunchReport.objects.queued().filter(enqueued_at=None, due_at__isnull=False)
    moments = (
        rides.values_list("cached_next_ride", flat=True).first(),
        retries.order_by("due_at").values_list("due_at", flat=True).first(),
    )
    return min((moment for moment in moments if moment is not None), default=None)
