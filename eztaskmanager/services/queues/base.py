"""What every queue service can do, and what each engine fills in."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from django.core.checks import CheckMessage
from django.db.models import Count, F, Min
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from eztaskmanager.exceptions import ScheduleError, TaskQueueException
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.settings import app_settings

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

# What engines are told to call, with ids alone: `run_management_command(task_id, report_id)` and `ring(task_id)`.
JOB = "eztaskmanager.services.run_management_command"
RING = "eztaskmanager.services.ticking.ring"

IN_THE_PAST = _("It is not possible to schedule tasks in the past")
SCHEDULE_IS_OVER = _("The schedule of the task %(name)s has ended")


@dataclass(frozen=True)
class QueueStatus:
    """How a queue of the engine is doing.

    Attributes:
        name: The engine's name for it.
        workers: How many listen to it; None where the engine cannot tell.
        depth: How many jobs wait; None where the engine cannot tell.
        oldest_wait: Seconds that the oldest of them has waited; None when none does, or it cannot be told.
    """

    name: str
    workers: int | None
    depth: int | None
    oldest_wait: float | None


def is_overdue(report: LaunchReport, now: dt.datetime) -> bool:
    """Tell whether a report has waited so long for its worker that its job may be lost.

    The second time it takes twice as long, and so on: a long queue must not be filled with copies of what it holds.
    """
    if report.enqueued_at is None:
        return True
    waited = now - report.enqueued_at
    age = now - (report.due_at or report.invocation_datetime)
    return waited >= dt.timedelta(seconds=app_settings.LOST_AFTER) and waited >= age / 2


class TaskQueueService(ABC):
    """The adapter to an engine; it carries ids, and the database keeps the truth.

    An engine may lose a job or deliver it twice: a lost one is handed over again, and of two only one runs.

    Attributes:
        supports_timers: The engine can ring for a ride; without that, a ticker must run.
        supports_cancel: A queued job can be taken out of the engine.
        supports_lookup: The engine tells which jobs it knows, so that lost ones are noticed at once.
    """

    supports_timers: ClassVar[bool] = False
    supports_cancel: ClassVar[bool] = False
    supports_lookup: ClassVar[bool] = False

    @final
    def add(self, task: Task, by: User | AnonymousUser | None = None) -> LaunchReport | None:
        """Run the task now, or follow its schedule if it has one.

        Args:
            task: The task, saved.
            by: Who wants it; None for the system.

        Returns:
            The report of the run that is queued, or None when the task was scheduled.

        Raises:
            TaskQueueException: The schedule lies in the past or cannot be followed, or the engine does not answer.
            LaunchRefused: Not active, or not permitted.
            ArgumentsError: The command does not take these arguments.
        """
        if not task.has_schedule:
            trigger = LaunchReport.Trigger.API if by is None else LaunchReport.Trigger.MANUAL
            return task.launch(by=by, trigger=trigger)
        task.check_may_run(by)
        try:
            ride = task.next_ride_after(timezone.now())
        except ScheduleError as exc:
            raise TaskQueueException(str(exc)) from exc
        if ride is None:
            is_point = not task.is_periodic and not task.cron
            raise TaskQueueException(str(IN_THE_PAST if is_point else SCHEDULE_IS_OVER % {"name": task.name}))
        task.resume(by)
        return None

    @final
    def remove(self, task: Task, by: User | AnonymousUser | None = None, *, is_checked: bool = True) -> int:
        """Let its schedule rest, take its queued runs back and ask the running ones to end.

        Args:
            task: The task, saved.
            by: Who; None for the system.
            is_checked: Whether `by` must be permitted to; not where something else permits it, such as a deletion.

        Returns:
            How many runs.

        Raises:
            StopRefused: Not permitted.
        """
        if is_checked:
            task.check_may_stop(by)
        if task.has_schedule:
            task.pause(by)
        count = task.stop(by, is_checked=False)
        task.compute_cache()
        return count

    @final
    def fetch_job_with_next_time(self, task: Task) -> tuple[str | None, dt.datetime | None]:
        """Tell the engine's id of the task's timer, or else of its queued run, and the next ride."""
        row = Task.objects.filter(pk=task.pk).values("scheduled_job_id", "cached_next_ride").first()
        if row is None:
            return None, None
        job_id = row["scheduled_job_id"]
        if not job_id:
            reports = LaunchReport.objects.filter(task=task.pk, enqueued_at__isnull=False)
            job_id = reports.queued().values_list("job_id", flat=True).first()
        return job_id or None, row["cached_next_ride"]

    @abstractmethod
    def enqueue(self, report: LaunchReport) -> str:
        """Have a worker call `run_management_command(report.task_id, report.pk)`, as soon as one is free.

        Args:
            report: Queued; `job_id` holds a proposal that no other job has, of letters, digits and dashes.

        Returns:
            The engine's id of the job.

        Raises:
            QueueUnreachable: The engine does not answer.
            ServiceMisconfigured: It would not know what to do with the job, such as one for an unknown queue.
        """

    def cancel(self, report: LaunchReport) -> None:
        """Take the job out of the engine, if that is possible; it would find nothing to do.

        Raises:
            QueueUnreachable: The engine does not answer.
        """

    def missing(self, reports: Sequence[LaunchReport]) -> list[LaunchReport]:
        """Tell whose job the engine no longer knows, of reports that wait; unless an engine can tell, by patience.

        Raises:
            QueueUnreachable: The engine does not answer.
        """
        now = timezone.now()
        return [report for report in reports if is_overdue(report, now)]

    def arm(self, task: Task) -> None:
        """Set the task's timer to its next ride, in place of what it was set to.

        Raises:
            QueueUnreachable: The engine does not answer.
        """

    def disarm(self, task: Task) -> None:
        """Remove the task's timer.

        Raises:
            QueueUnreachable: The engine does not answer.
        """

    def look_after_timers(self) -> None:
        """Set again the timers that the engine lost, and remove those nobody needs.

        Raises:
            QueueUnreachable: The engine does not answer.
        """

    def check(self) -> Iterable[CheckMessage]:
        """Tell what is set up wrongly."""
        return []

    def status(self) -> list[QueueStatus]:
        """Tell how the queues are doing; unless an engine knows more, by the reports that were handed over.

        Raises:
            QueueUnreachable: The engine does not answer.
        """
        waiting = LaunchReport.objects.queued().filter(enqueued_at__isnull=False)
        rows = (
            waiting.order_by()
            .values(name=F("task__queue"))
            .annotate(depth=Count("pk"), oldest=Min("enqueued_at"))
            .order_by("name")
        )
        now = timezone.now()
        found = {
            row["name"]
            or "default": QueueStatus(
                row["name"] or "default", None, row["depth"], max(0.0, (now - row["oldest"]).total_seconds())
            )
            for row in rows
        }
        found.setdefault("default", QueueStatus("default", None, 0, None))
        return list(found.values())
