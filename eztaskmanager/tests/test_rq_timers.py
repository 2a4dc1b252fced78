"""Timers in rq-scheduler: they ring on time, and the database says for what."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import time_machine
from django.test import tag
from django.utils import timezone
from rq.job import Job

from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services.queues.rq_timers import BATCH, LOOKED_AFTER, Timers, timer_id
from eztaskmanager.services.ticking import ring, tick
from eztaskmanager.tests.engines import RQEngine
from eztaskmanager.tests.factories import make_report, make_task
from eztaskmanager.tests.workers import RQ_SCHEDULER, TICKER

SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)


class TimersCase(RQEngine):
    def setUp(self) -> None:
        super().setUp()
        self.service.queue.connection.flushall()

    @property
    def timers(self) -> dict[str, int]:
        connection = self.service.queue.connection
        pairs = connection.zrange(self.service.scheduler.scheduled_jobs_key, 0, -1, withscores=True)
        return {name.decode(): int(score) for name, score in pairs}


@tag("engines")
class TimerTests(TimersCase):
    """What stands in Redis; nobody listens."""

    @classmethod
    def start_workers(cls) -> None:
        """Start none."""

    def test_a_schedule_sets_one_timer_and_a_new_one_replaces_it(self) -> None:
        start = timezone.now().replace(microsecond=0) + HOUR
        task = make_task(scheduling=start)
        self.service.add(task)
        self.assertEqual(self.timers, {timer_id(task.pk): int(start.timestamp())})
        task.refresh_from_db()
        self.assertEqual(self.service.fetch_job_with_next_time(task), (timer_id(task.pk), start))
        task.scheduling = start + HOUR
        task.save()
        self.assertEqual(self.timers, {timer_id(task.pk): int((start + HOUR).timestamp())})

    def test_it_never_rings_before_the_slot(self) -> None:
        start = timezone.now().replace(microsecond=400_000) + HOUR
        task = make_task(scheduling=start)
        self.assertEqual(self.timers[timer_id(task.pk)], int(start.timestamp()) + 1)

    def test_removing_a_task_from_the_schedule_removes_its_timer(self) -> None:
        task = make_task(scheduling=timezone.now() + HOUR)
        self.service.remove(task)
        self.assertEqual(self.timers, {})
        task.refresh_from_db()
        self.assertIsNone(task.scheduled_job_id)
        self.service.add(task)
        ttl = self.service.queue.connection.ttl(Job.key_for(timer_id(task.pk)))
        self.assertEqual(ttl, -1, "the job of a timer set again must not expire")

    def test_a_deleted_task_leaves_no_timer(self) -> None:
        make_task(scheduling=timezone.now() + HOUR).delete()
        self.assertEqual(self.timers, {})

    def test_ringing_runs_the_slot_once_and_sets_the_timer_to_the_next_on_the_grid(self) -> None:
        start = timezone.now().replace(microsecond=0) + HOUR
        task = make_task(scheduling=start, repetition_period="hour", repetition_rate=1)
        with time_machine.travel(start + 61 * SECOND, tick=False):
            ring(task.pk)
            ring(task.pk)
        report = LaunchReport.objects.get()
        self.assertEqual(report.planned_at, start)
        self.assertIsNotNone(report.enqueued_at)
        self.assertEqual(self.timers, {timer_id(task.pk): int((start + HOUR).timestamp())})

    def test_ringing_too_early_sets_the_timer_again(self) -> None:
        start = timezone.now().replace(microsecond=0) + HOUR
        task = make_task(scheduling=start)
        self.service.queue.connection.delete(self.service.scheduler.scheduled_jobs_key)
        ring(task.pk)
        self.assertEqual(self.timers, {timer_id(task.pk): int(start.timestamp())})
        self.assertFalse(LaunchReport.objects.exists())

    def test_a_ring_that_nobody_answered_comes_again(self) -> None:
        task = make_task(scheduling=timezone.now() + HOUR)
        job = Job.fetch(timer_id(task.pk), connection=self.service.queue.connection)
        self.service.scheduler.enqueue_job(job)
        again = self.timers[timer_id(task.pk)]
        self.assertAlmostEqual(again, time.time() + 60, delta=30)

    def test_a_retry_has_the_timer_before_the_next_ride(self) -> None:
        start = timezone.now().replace(microsecond=0) + HOUR
        task = make_task(scheduling=start, max_retries=1)
        retry = make_report(task, due_at=start - 1800 * SECOND)
        retry.announce()
        self.assertEqual(self.timers, {timer_id(task.pk): int(start.timestamp()) - 1800})
        with time_machine.travel(start - 1790 * SECOND, tick=False):
            ring(task.pk)
        retry.refresh_from_db()
        self.assertIsNotNone(retry.enqueued_at)
        self.assertEqual(self.timers, {timer_id(task.pk): int(start.timestamp())})

    def test_a_flushed_redis_has_its_timers_again_after_the_next_tick(self) -> None:
        tasks = [make_task(scheduling=timezone.now() + HOUR) for _ in range(3)]
        before = self.timers
        tick()
        self.service.queue.connection.flushall()
        Task.objects.update(scheduled_job_id=None)
        tick()
        self.assertEqual(self.timers, before)
        self.assertEqual(set(before), {timer_id(task.pk) for task in tasks})
        self.assertEqual(set(Task.objects.values_list("scheduled_job_id", flat=True)), set(before))

    def test_timers_that_could_not_be_set_are_once_redis_is_back(self) -> None:
        tick()
        task = make_task(scheduling=timezone.now() + HOUR)
        before = self.timers
        self.redis.stop()
        try:
            with self.assertLogs("eztaskmanager", "WARNING"):
                task.scheduling = timezone.now() + 2 * HOUR
                task.save()
        finally:
            self.redis.start()
        self.wait_until(self.tick_finds_redis, "timers to be tried again")
        self.assertEqual(self.timers.keys(), before.keys())
        self.assertGreater(self.timers[timer_id(task.pk)], before[timer_id(task.pk)])

    def tick_finds_redis(self) -> bool:
        tick()
        return bool(self.timers)

    def test_timers_that_are_wrong_or_nobodys_are_mended_in_time(self) -> None:
        tasks = [make_task(scheduling=timezone.now() + HOUR) for _ in range(3)]
        before = self.timers
        connection, key = self.service.queue.connection, self.service.scheduler.scheduled_jobs_key
        connection.zadd(key, {timer_id(tasks[0].pk): 1, timer_id(10**9): 1, "somebody-elses": 7})
        connection.zrem(key, timer_id(tasks[1].pk))
        connection.delete(LOOKED_AFTER)
        tick()
        self.assertEqual(self.timers, {**before, "somebody-elses": 7})
        connection.zrem(key, timer_id(tasks[1].pk))
        tick()
        self.assertNotIn(timer_id(tasks[1].pk), self.timers, "looking at them all is not for every tick")

    def test_the_soonest_of_very_many_timers_are_set_first(self) -> None:
        command = make_task(scheduling=timezone.now() + HOUR).command
        rides = [timezone.now() + HOUR + number * SECOND for number in range(BATCH + 10)]
        Task.objects.all().delete()
        Task.objects.bulk_create(Task(name="many", command=command, cached_next_ride=ride) for ride in rides)
        timers = Timers(self.service.scheduler)
        self.service.queue.connection.flushall()
        timers.look_after()
        self.assertEqual(len(self.timers), BATCH)
        self.assertLess(max(self.timers.values()), rides[BATCH].timestamp() + 1)
        timers.look_after()
        self.assertEqual(len(self.timers), BATCH + 10)

    def test_setting_and_removing_one_costs_little_among_ten_thousand(self) -> None:
        connection, key = self.service.queue.connection, self.service.scheduler.scheduled_jobs_key
        connection.zadd(key, {f"other-{number}": 4_000_000_000 + number for number in range(10_000)})
        task = make_task(scheduling=timezone.now() + HOUR)

        def cost() -> float:
            began = time.perf_counter()
            self.service.arm(task)
            return time.perf_counter() - began

        # The best of some, for the machine may be busy; the predecessor read all of them each time, in 1.4 s.
        self.assertLess(min(cost() for _ in range(20)), 0.1)


@tag("engines")
class SchedulerTests(TimersCase):
    """`rqscheduler` and `rqworker`, alone, and with a ticker beside them."""

    @classmethod
    def start_workers(cls) -> None:
        super().start_workers()
        cls.start_worker(RQ_SCHEDULER, cls.variables)

    def schedule(self, **fields: Any) -> Task:
        task = make_task("ez_end", "return", **fields)
        self.service.add(task)
        return task

    def slots_of(self, task: Task) -> list[dt.datetime]:
        reports = LaunchReport.objects.filter(task=task).order_by("planned_at")
        return [report.planned_at for report in reports if report.planned_at]

    def wait_for_slots(self, task: Task, count: int) -> list[dt.datetime]:
        self.wait_until(lambda: len(self.slots_of(task)) >= count, f"{count} slots of {task.name}")
        return self.slots_of(task)

    def settle(self) -> None:
        for task in Task.objects.all():
            self.service.remove(task)
        busy = LaunchReport.objects.exclude(state=LaunchReport.State.FINISHED)
        self.wait_until(lambda: not busy.exists(), "all runs to end")

    def test_alone_they_run_points_once_and_crons_again_and_again(self) -> None:
        start = timezone.now().replace(microsecond=0) + 5 * SECOND
        point = self.schedule(name="point", scheduling=start)
        cron = self.schedule(name="cron", cron="* * * * *")
        minute = cron.upcoming_rides(1)[0]
        # The minute is brought near, for the test's sake.
        soon = timezone.now().replace(microsecond=0) + 3 * SECOND
        Task.objects.filter(pk=cron.pk).update(cached_next_ride=soon)
        cron.refresh_from_db()
        self.service.arm(cron)
        self.assertEqual(self.wait_for_slots(point, 1), [start])
        # On a machine with much to do the full minute may have come, too.
        self.assertGreaterEqual(self.wait_for_slots(cron, 1)[0], soon)
        self.wait_until(lambda: timer_id(point.pk) not in self.timers, "the timer of a point to go")
        cron.refresh_from_db()
        assert cron.cached_next_ride is not None
        self.assertGreaterEqual(cron.cached_next_ride, minute)

        def is_set_to_the_next() -> bool:
            # Which is another one, once the minute is full.
            ride = Task.objects.values_list("cached_next_ride", flat=True).get(pk=cron.pk)
            return ride is not None and self.timers.get(timer_id(cron.pk)) == int(ride.timestamp())

        self.wait_until(is_set_to_the_next, "the next timer")
        self.settle()

    def test_with_a_ticker_beside_them_every_slot_is_run_once_and_on_the_grid(self) -> None:
        ticker = self.start_worker(TICKER, self.variables)
        start = timezone.now().replace(microsecond=0) + 5 * SECOND
        task = self.schedule(name="periodic", scheduling=start, repetition_period="minute", repetition_rate=1)
        found: list[dt.datetime] = []
        for number in range(3):
            # Minutes are brought near, for the test's sake: what rings is the slot that is due in the database.
            found = self.wait_for_slots(task, number + 1)
            near = timezone.now().replace(microsecond=0) + 2 * SECOND
            Task.objects.filter(pk=task.pk).update(cached_next_ride=near)
            task.refresh_from_db()
            self.service.arm(task)
        self.assertEqual(found[0], start)
        self.assertEqual(len(set(found)), len(found))
        ticker.end()
        self.settle()
