"""RQ, by way of django-rq."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

import django_rq
from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.utils import timezone
from redis.exceptions import RedisError
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus
from rq.queue import Queue
from rq.worker import Worker

from eztaskmanager.exceptions import QueueUnreachable, ServiceMisconfigured
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services.queues.base import JOB, QueueStatus, TaskQueueService
from eztaskmanager.settings import app_settings

if TYPE_CHECKING:
    from rq_scheduler import Scheduler

    from eztaskmanager.services.queues.rq_timers import Timers

DEFAULT = "default"
# RQ reads a negative number as no limit; the supervisor keeps the task's own.
NO_TIMEOUT = -1
# Seconds without trying to set timers, after Redis did not answer.
TIMERS_REST = 1.0
UNFINISHED = {JobStatus.CREATED, JobStatus.DEFERRED, JobStatus.SCHEDULED}


@contextmanager
def reaching_redis() -> Iterator[None]:
    """Turn the errors of an absent Redis into ours."""
    try:
        yield
    except (RedisError, OSError) as exc:
        raise QueueUnreachable(f"Redis cannot be reached: {exc}") from exc


class RQTaskQueueService(TaskQueueService):
    """Jobs on RQ's queues, and timers where rq-scheduler is installed."""

    supports_timers: ClassVar[bool] = find_spec("rq_scheduler") is not None
    supports_cancel = True
    supports_lookup = True

    def __init__(self) -> None:
        self._queues: dict[str, Queue] = {}
        self._timers_rest_until = 0.0
        self._has_missed_some = False

    @cached_property
    def queue(self) -> Queue:
        """The queue named default."""
        return self._queue(DEFAULT)

    @cached_property
    def scheduler(self) -> Scheduler:
        """The scheduler of the queue named default.

        Raises:
            ServiceMisconfigured: rq-scheduler is not installed.
        """
        if not self.supports_timers:
            raise ServiceMisconfigured(
                "Timers need rq-scheduler, which is not installed;"
                ' install it with: pip install "django-eztaskmanager[rq-scheduler]", or run "manage.py eztaskscheduler"'
            )
        return django_rq.get_scheduler(DEFAULT)

    def enqueue(self, report: LaunchReport) -> str:
        """Push a job to the task's queue, or the one named default."""
        queue = self._queue(report.task.queue or DEFAULT)
        with reaching_redis():
            job = queue.enqueue_call(
                JOB,
                args=(report.task_id, report.pk),
                timeout=NO_TIMEOUT,
                job_id=report.job_id,
                description=f"{report.task.name} ({report.command})",
            )
        return str(job.id)

    def cancel(self, report: LaunchReport) -> None:
        """Delete the job, if a worker has not begun with it."""
        queue = self._queue(report.task.queue or DEFAULT)
        with reaching_redis():
            try:
                job = Job.fetch(report.job_id, connection=queue.connection, serializer=queue.serializer)
            except (NoSuchJobError, ValueError):  # The latter: an id that another engine gave.
                return
            if job.get_status(refresh=False) != JobStatus.STARTED:
                job.delete()

    def missing(self, reports: Sequence[LaunchReport]) -> list[LaunchReport]:
        """Tell whose job is in no queue, and not about to begin or just begun."""
        by_queue: dict[str, list[LaunchReport]] = {}
        for report in reports:
            by_queue.setdefault(report.task.queue or DEFAULT, []).append(report)
        lost: list[LaunchReport] = []
        away: list[QueueUnreachable] = []
        for name, group in by_queue.items():
            try:
                queue = self._queue(name)
                with reaching_redis():
                    lost += self._not_in(queue, group)
            except ServiceMisconfigured:
                # Its queue has been renamed; handing it over again says so on the report.
                lost += group
            except QueueUnreachable as exc:
                # Queues may lie on different servers.
                away.append(exc)
        if len(away) == len(by_queue) and away:
            raise away[0]
        return lost

    def arm(self, task: Task) -> None:
        """Set the timer to the next ride, or to a retry that is due sooner."""
        if self.supports_timers:
            with self._reaching_timers():
                self._timers.set(task)

    def disarm(self, task: Task) -> None:
        """Remove the timer, unless a retry needs it."""
        self.arm(task)

    def look_after_timers(self) -> None:
        """Set again the timers that were lost with a flushed Redis, and remove those nobody needs."""
        if self.supports_timers:
            with self._reaching_timers():
                self._timers.look_after(all_now=self._has_missed_some)
            self._has_missed_some = False

    def check(self) -> Iterable[CheckMessage]:
        """Look for the queue named default, and for django-rq among the apps."""
        if DEFAULT not in (getattr(settings, "RQ_QUEUES", None) or {}):
            yield Error(
                "RQ_QUEUES has no queue named 'default'.",
                hint='Add to the settings: RQ_QUEUES = {"default": {"URL": "redis://localhost:6379/0"}}',
                id="eztaskmanager.E002",
            )
        if not apps.is_installed("django_rq"):
            yield Error(
                "The queue service 'RQ' needs the app 'django_rq'.",
                hint="Add 'django_rq' to INSTALLED_APPS; it brings the command rqworker.",
                id="eztaskmanager.E003",
            )

    def status(self) -> list[QueueStatus]:
        """Ask Redis about each queue of `RQ_QUEUES`."""
        found = []
        for name in settings.RQ_QUEUES:
            queue = self._queue(name)
            with reaching_redis():
                workers = Worker.count(queue=queue)
                found.append(QueueStatus(name, workers, queue.count, self._oldest_wait(queue)))
        return found

    @cached_property
    def _timers(self) -> Timers:
        # rq-scheduler, which that module is about, is an extra of its own.
        from eztaskmanager.services.queues.rq_timers import Timers

        return Timers(self.scheduler)

    @contextmanager
    def _reaching_timers(self) -> Iterator[None]:
        """Not try again at once what just failed: a tick sets very many timers, and each try may take long."""
        if time.monotonic() < self._timers_rest_until:
            raise QueueUnreachable("Redis could not be reached a moment ago")
        try:
            with reaching_redis():
                yield
        except QueueUnreachable:
            self._timers_rest_until = time.monotonic() + TIMERS_REST
            self._has_missed_some = True
            raise

    def _queue(self, name: str) -> Queue:
        queue = self._queues.get(name)
        if queue is None:
            try:
                # "auto" is at once; it is we who wait for the commit.
                queue = django_rq.get_queue(name, commit_mode="auto")
            except KeyError as exc:
                names = ", ".join(map(repr, settings.RQ_QUEUES))
                raise ServiceMisconfigured(f"RQ has no queue {name!r}; RQ_QUEUES has {names}") from exc
            self._queues[name] = queue
        return queue

    def _not_in(self, queue: Queue, reports: list[LaunchReport]) -> list[LaunchReport]:
        # First the list, then the jobs: one that leaves the list meanwhile has its state already.
        waiting = set(queue.get_job_ids())
        others = [report for report in reports if report.job_id not in waiting]
        with queue.connection.pipeline(transaction=False) as pipe:
            for report in others:
                pipe.hmget(Job.key_for(report.job_id), "status", "started_at")
            answers: list[list[bytes | None]] = pipe.execute() if others else []
        return [report for report, (status, began) in zip(others, answers) if not self._is_alive(status, began)]

    def _is_alive(self, status: bytes | None, began: bytes | None) -> bool:
        if status is None:
            return False
        if status.decode() in UNFINISHED:
            return True
        if status.decode() != JobStatus.STARTED or began is None:
            return False
        started_at = dt.datetime.fromisoformat(began.decode().rstrip("Z")).replace(tzinfo=dt.timezone.utc)
        return timezone.now() - started_at < dt.timedelta(seconds=app_settings.LOST_AFTER)

    def _oldest_wait(self, queue: Queue) -> float | None:
        job_ids: list[str] = queue.get_job_ids(0, 1)
        job: Any = queue.fetch_job(job_ids[0]) if job_ids else None
        if job is None or job.enqueued_at is None:
            return None
        enqueued_at: dt.datetime = job.enqueued_at
        if timezone.is_naive(enqueued_at):
            enqueued_at = enqueued_at.replace(tzinfo=dt.timezone.utc)
        return max(0.0, (timezone.now() - enqueued_at).total_seconds())
