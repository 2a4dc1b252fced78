"""Which worker may run a report: the one whose update finds it queued."""

from __future__ import annotations

import os
import socket

from django.db import transaction
from django.db.models import Exists
from django.utils import timezone
from django.utils.translation import gettext

from eztaskmanager.models import LaunchReport, RunTotal, Task
from eztaskmanager.signals import run_ended


def claim(task_id: int, report_id: int | None) -> LaunchReport | None:
    """Take a queued report, or make one, and start it in the books; the overlap policy is applied here.

    Args:
        task_id: The task to run.
        report_id: The report that waits, or None to run the task without one.

    Returns:
        The report, with its task, or None when there is nothing to run: it was taken by another delivery of the job,
        stopped, or deleted; it is not due yet; its command is inactive by now; or the policy says to skip it or to
        let it wait.
    """
    now = timezone.now()
    with transaction.atomic():
        if not Task.objects.filter(pk=task_id).lock():
            return None
        if report_id is None:
            report_id = _new_report(task_id).pk
        others = LaunchReport.objects.started().filter(task=task_id).exclude(pk=report_id)
        due = LaunchReport.objects.due(now).filter(pk=report_id, task=task_id)
        report = due.select_related("task__command").annotate(has_company=Exists(others)).first()
        if report is None:
            return None
        if not report.task.command.active:
            _skip(report, gettext("The command %(name)s is inactive.") % {"name": report.task.command})
            return None
        if report.task.overlap != Task.Overlap.ALLOW and report.has_company:  # type: ignore[attr-defined]
            _yield_to_the_other(report)
            return None
        report.state = LaunchReport.State.STARTED
        report.started_at = report.heartbeat_at = now
        report.host, report.pid, report.error = socket.gethostname(), os.getpid(), ""
        report.save(update_fields=["state", "started_at", "heartbeat_at", "host", "pid", "error"])
        Task.objects.filter(pk=task_id).derive()
    return report


def _new_report(task_id: int) -> LaunchReport:
    task = Task.objects.select_related("command").get(pk=task_id)
    return LaunchReport.objects.create(task=task, command=task.command.name, arguments=task.arguments)


def _yield_to_the_other(report: LaunchReport) -> None:
    if report.task.overlap == Task.Overlap.QUEUE:
        # No longer with the engine; the end of the other run hands it over again, by the next number of a job.
        LaunchReport.objects.filter(pk=report.pk).update(enqueued_at=None)
        return
    _skip(report, gettext("Another run of the task was still going."))


def _skip(report: LaunchReport, reason: str) -> None:
    report.state, report.invocation_result = LaunchReport.State.FINISHED, LaunchReport.RESULT_SKIPPED
    report.finished_at, report.error = timezone.now(), reason
    report.save(update_fields=["state", "invocation_result", "finished_at", "error"])
    RunTotal.objects.count_unstarted([report.task_id], report.invocation_result)
    Task.objects.filter(pk=report.task_id).derive()
    run_ended.send(sender=LaunchReport, report=report, retry=None)
    report.tell_end()
