"""Reports by where their run stands, and the signs of life of those that run."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from eztaskmanager.models.states import Result, State
from eztaskmanager.settings import app_settings

if TYPE_CHECKING:
    from eztaskmanager.models.reports import LaunchReport  # noqa: F401  Named in a base class, as text.
    from eztaskmanager.models.tasks import TaskQuerySet


def tasks_by_pk(pk: int) -> TaskQuerySet:
    """Select a task by its key."""
    # The model is looked up, for tasks.py imports this module.
    return apps.get_model("eztaskmanager", "Task")._default_manager.filter(pk=pk)


class LaunchReportQuerySet(models.QuerySet["LaunchReport"]):
    """Reports by where their run stands."""

    # Told to the receiver of each report's deletion, which then leaves the tasks to this queryset.
    derives_tasks = False

    def queued(self) -> LaunchReportQuerySet:
        """Keep those that wait."""
        return self.filter(state=State.QUEUED)

    def started(self) -> LaunchReportQuerySet:
        """Keep those that run."""
        return self.filter(state=State.STARTED)

    def busy(self) -> LaunchReportQuerySet:
        """Keep those that are not over."""
        return self.exclude(state=State.FINISHED)

    def due(self, now: dt.datetime) -> LaunchReportQuerySet:
        """Keep those queued whose time to be handed over has come."""
        return self.queued().filter(Q(due_at=None) | Q(due_at__lte=now))

    def silent(self, now: dt.datetime) -> LaunchReportQuerySet:
        """Keep those that run, and whose heart has not beaten for `EZTASKMANAGER_LOST_AFTER`."""
        return self.started().filter(heartbeat_at__lt=now - dt.timedelta(seconds=app_settings.LOST_AFTER))

    def expendable(self) -> LaunchReportQuerySet:
        """Keep those a policy may delete: runs that are over, but not the last run or the last report of a task.

        Nor one of which somebody is still to be told.
        """
        newer = self.model._default_manager.filter(task=OuterRef("task"), pk__gt=OuterRef("pk")).order_by()
        is_not_the_last_run = Q(started_at=None) | Exists(newer.filter(started_at__isnull=False))
        return self.told().filter(Exists(newer), is_not_the_last_run, state=State.FINISHED)

    def told(self) -> LaunchReportQuerySet:
        """Keep those of which nobody is still to be told."""
        # By its name, for that module imports this one.
        notifications = apps.get_model("eztaskmanager", "Notification")._default_manager
        return self.exclude(Exists(notifications.filter(report=OuterRef("pk"), due_at__isnull=False)))

    def beat(self) -> bool | None:
        """Note a sign of life of the one run selected, bringing it back if it was taken for lost.

        Returns:
            Whether it is asked to stop; None when the report, or its right to run, is gone.
        """
        alive = self.started().update(heartbeat_at=timezone.now())
        row = self.values("pk", "task_id", "state", "invocation_result", "stop_requested_at").first()
        if row is None:
            return None
        if not alive:
            if row["invocation_result"] != Result.LOST:
                return None
            self._revive(row["pk"], row["task_id"])
        return row["stop_requested_at"] is not None

    def delete_at_once(self) -> int:
        """Delete them in one transaction, deriving each of their tasks once. Returns how many there were."""
        tasks = apps.get_model("eztaskmanager", "Task")._default_manager
        with transaction.atomic():
            task_ids = sorted(set(self.order_by().values_list("task_id", flat=True)))
            tasks.filter(pk__in=task_ids).lock()
            doomed = self.all()
            doomed.derives_tasks = True
            _, counts = doomed.delete()
            tasks.filter(pk__in=task_ids).derive()
        return int(counts.get(self.model._meta.label, 0))

    def _revive(self, pk: int, task_id: int) -> None:
        with transaction.atomic():
            tasks_by_pk(task_id).lock()
            self.filter(invocation_result=Result.LOST).update(
                state=State.STARTED,
                invocation_result=Result.NO,
                error="",
                finished_at=None,
                heartbeat_at=timezone.now(),
            )
            # A retry of what has not ended must not start.
            first = self.values_list("retry_of", flat=True).get() or pk
            self.model._default_manager.filter(retry_of=first, state=State.QUEUED).delete()
            tasks_by_pk(task_id).derive()
