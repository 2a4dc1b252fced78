"""Timers in rq-scheduler, which only ring: the slot is claimed in the database, and the timer set again by that."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable

from django.db.models import CharField, Min, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from rq.job import Job
from rq_scheduler import Scheduler

from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services.queues.base import RING

PREFIX = "eztaskmanager-timer-"
# A ring that a worker failed to answer comes again after so many seconds.
RING_AGAIN = 60
# Redis forgets this key when it is flushed, and by itself after so many seconds: then all timers are looked at.
LOOKED_AFTER = "eztaskmanager:timers-looked-after"
LOOK_AGAIN = 300
# Timers set in one go, lest a tick is held up; the next tick goes on.
BATCH = 500
FORGET_AFTER = 3600


def timer_id(task_id: int) -> str:
    """Name the timer; a task has one, so that setting it anew replaces it."""
    return f"{PREFIX}{task_id}"


class Timers:
    """The timers of all tasks, one each.

    Args:
        scheduler: rq-scheduler's, whose sorted set holds them among others.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.connection = scheduler.connection

    def set(self, task: Task) -> None:
        """Set the task's timer to what comes next, its ride or a retry; remove it when nothing does."""
        if task.scheduled_job_id and not task.scheduled_job_id.startswith(PREFIX):
            self._drop_jobs([task.scheduled_job_id])
        moments = [task.cached_next_ride]
        if task.max_retries:
            moments.append(_next_retries([task.pk]).get(task.pk))
        moment = min((moment for moment in moments if moment is not None), default=None)
        if moment is None:
            self.drop([task.pk])
            self._note(task, None)
            return
        self._ring_at(task.pk, moment)
        self._note(task, timer_id(task.pk))

    def drop(self, task_ids: Iterable[int]) -> None:
        """Remove timers."""
        with self.connection.pipeline() as pipe:
            for task_id in task_ids:
                pipe.zrem(self.scheduler.scheduled_jobs_key, timer_id(task_id))
                # Not at once: this may be called by its very job, which a worker writes to until it ends.
                pipe.expire(Job.key_for(timer_id(task_id)), FORGET_AFTER)
            pipe.execute()

    def look_after(self, *, all_now: bool = False) -> None:
        """Compare all timers with the database and mend them.

        Args:
            all_now: Also when Redis was not flushed, and the time for it has not come.
        """
        is_time = self.connection.set(LOOKED_AFTER, "1", nx=not all_now, ex=LOOK_AGAIN)
        if not is_time:
            return
        self._take_over()
        # First the timers, then the tasks: one that is set meanwhile is not taken for one that nobody needs.
        found = self._found()
        wanted = _wanted()
        self.drop(found.keys() - wanted.keys())
        now = timezone.now()
        wrong = [
            task_id
            for task_id, moment in wanted.items()
            # What is due has rung, and rings again by itself.
            if task_id not in found or (moment > now and found[task_id] != _score(moment))
        ]
        for task_id in wrong[:BATCH]:
            self._ring_at(task_id, wanted[task_id])
        name = Concat(Value(PREFIX), Cast("pk", CharField()), output_field=CharField())
        Task.objects.filter(pk__in=wrong[:BATCH]).update(scheduled_job_id=name)
        if len(wrong) > BATCH:
            self.connection.delete(LOOKED_AFTER)

    def _take_over(self) -> None:
        """Remove the predecessor's timers, which have ids of their own and would run their tasks a second time."""
        old = Task.objects.filter(scheduled_job_id__gt="").exclude(scheduled_job_id__startswith=PREFIX)
        job_ids = dict(old.values_list("pk", "scheduled_job_id"))
        if job_ids:
            self._drop_jobs(job_id for job_id in job_ids.values() if job_id)
            old.filter(pk__in=job_ids).update(scheduled_job_id=None)

    def _drop_jobs(self, job_ids: Iterable[str]) -> None:
        with self.connection.pipeline() as pipe:
            for job_id in job_ids:
                pipe.zrem(self.scheduler.scheduled_jobs_key, job_id)
                # One that has rung already and waits finds nothing to do either; its slot is claimed by us.
                pipe.delete(Job.key_for(job_id))
            pipe.execute()

    def _ring_at(self, task_id: int, moment: dt.datetime) -> None:
        job = self.scheduler.schedule(
            # rq-scheduler cuts fractions off, and would ring before the slot.
            scheduled_time=dt.datetime.fromtimestamp(_score(moment), dt.timezone.utc),
            func=RING,
            args=[task_id],
            interval=RING_AGAIN,
            # The timer's job must outlive each of its rings.
            result_ttl=-1,
            id=timer_id(task_id),
            description=f"Timer of task {task_id}",
            at_front=True,
        )
        self.connection.persist(job.key)

    def _found(self) -> dict[int, int]:
        found = {}
        for raw, score in self.connection.zscan_iter(self.scheduler.scheduled_jobs_key, match=f"{PREFIX}*", count=1000):
            number = raw.decode().removeprefix(PREFIX)
            if number.isdecimal():
                found[int(number)] = int(score)
        return found

    def _note(self, task: Task, job_id: str | None) -> None:
        if (task.scheduled_job_id or None) != job_id:
            task.scheduled_job_id = job_id
            Task.objects.filter(pk=task.pk).update(scheduled_job_id=job_id)


def _score(moment: dt.datetime) -> int:
    return math.ceil(moment.timestamp())


def _next_retries(task_ids: Iterable[int] | None = None) -> dict[int, dt.datetime]:
    retries = LaunchReport.objects.queued().filter(enqueued_at=None, due_at__gt=timezone.now())
    if task_ids is not None:
        retries = retries.filter(task__in=task_ids)
    return dict(retries.order_by().values_list("task").annotate(Min("due_at")))


def _wanted() -> dict[int, dt.datetime]:
    """Map tasks to the moments their timers should be set to, the soonest first."""
    rides = Task.objects.filter(cached_next_ride__isnull=False)
    rows = rides.values_list("pk", "cached_next_ride").iterator(chunk_size=5000)
    wanted = {pk: ride for pk, ride in rows if ride is not None}
    for task_id, due_at in _next_retries().items():
        wanted[task_id] = min(due_at, wanted.get(task_id, due_at))
    return dict(sorted(wanted.items(), key=lambda item: item[1]))
