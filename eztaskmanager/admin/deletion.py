"""Deleting what has runs: ends them first, and does not fetch a million log lines to ask for a confirmation."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst

from eztaskmanager.exceptions import TaskQueueException
from eztaskmanager.log_extra import about, about_ids
from eztaskmanager.models import LaunchReport, Log, Task
from eztaskmanager.services.queues import get_task_service

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

logger = logging.getLogger(__name__)

Deletion = tuple[list[Any], dict[str, int], set[str], list[str]]


def stop_tasks(tasks: Iterable[Task], by: User | AnonymousUser | None) -> None:
    """End their runs and schedules; an engine that is away finds nothing to run later."""
    for task in tasks:
        try:
            get_task_service().remove(task, by=by, is_checked=False)
        except TaskQueueException as exc:
            logger.warning("While deleting %s, the queue did not answer: %s", task, exc, extra=about_ids(task.pk))


def stop_reports(reports: Iterable[LaunchReport], by: User | AnonymousUser | None) -> None:
    """End these runs."""
    for report in reports:
        try:
            report.stop(by, is_checked=False)
        except TaskQueueException as exc:
            logger.warning("While deleting %s, the queue did not answer: %s", report, exc, extra=about(report))


def summarize(
    request: HttpRequest, objs: QuerySet[Any] | Sequence[Model], site: Any, *, tasks: QuerySet[Task] | None
) -> Deletion:
    """Tell what a deletion takes along, by numbers.

    Args:
        request: Whose user's permissions count.
        objs: What was chosen.
        site: The admin's site.
        tasks: The tasks that go, or None where only reports do.
    """
    chosen: list[Any] = list(objs)
    reports = LaunchReport.objects.filter(pk__in=[obj.pk for obj in chosen])
    counts: dict[str, int] = {}
    if chosen:
        counts[str(chosen[0]._meta.verbose_name_plural)] = len(chosen)
    if tasks is not None:
        counts[str(Task._meta.verbose_name_plural)] = tasks.count()
        reports = LaunchReport.objects.filter(task__in=tasks)
    counts[str(LaunchReport._meta.verbose_name_plural)] = n_reports = reports.count()
    counts[str(Log._meta.verbose_name_plural)] = sum(reports.values_list("n_log_lines", flat=True))
    involved: list[tuple[Any, Any]] = [(Task, tasks is not None), (LaunchReport, n_reports)]
    involved += [(type(obj), True) for obj in chosen[:1]]
    forbidden = set()
    for model, is_involved in involved:
        # A model that the site does not know has no rules there.
        if is_involved and model in site._registry and not site._registry[model].has_delete_permission(request):
            forbidden.add(str(model._meta.verbose_name))
    return [f"{capfirst(str(obj._meta.verbose_name))}: {obj}" for obj in chosen], counts, forbidden, []
