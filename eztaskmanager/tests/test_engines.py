"""The contract of all queue services, kept with their real servers and workers."""

from __future__ import annotations

import datetime as dt
import tempfile
from typing import TYPE_CHECKING

import time_machine
from django.test import tag
from django.utils import timezone

from eztaskmanager.exceptions import QueueUnreachable
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services.ticking import tick
from eztaskmanager.tests.engines import (
    CeleryOnRabbitMQ,
    CeleryOnRedis,
    DjangoTasksEngine,
    EngineTestCase,
    RQEngine,
)
from eztaskmanager.tests.factories import make_task
from eztaskmanager.tests.workers import CELERY

Base = EngineTestCase if TYPE_CHECKING else object
State = LaunchReport.State


class RunsContract(Base):
    """Launching and stopping, in any pool."""

    def test_a_launched_task_runs_and_every_line_is_kept(self) -> None:
        task = make_task("ez_talk", "print, child, log")
        report = self.service.add(task)
        self.wait_for(report)
        self.assertEqual(report.invocation_result, LaunchReport.RESULT_WARNINGS, report.error)
        messages = list(report.logs.order_by("seq").values_list("message", flat=True))
        self.assertEqual(messages, ["from print", "from a child", "from its stderr", "from a logger"])
        task.refresh_from_db()
        self.assertEqual(task.status, Task.STATUS_IDLE)

    def test_a_run_is_stopped_and_one_that_waits_behind_it_never_starts(self) -> None:
        running = make_task("ez_wait", "asleep").launch()
        self.wait_for(running, State.STARTED)
        waiting = make_task("ez_talk", "print").launch()
        self.assertTrue(waiting.stop())
        self.wait_until(lambda: running.logs.exists(), "the command to begin")
        self.assertTrue(running.stop())
        self.wait_for(running)
        self.assertEqual(running.invocation_result, LaunchReport.RESULT_STOPPED, running.error)
        self.assertIn("cleaned up", running.logs.values_list("message", flat=True))
        # What came later has run: the worker has passed the stopped one.
        self.wait_for(make_task("ez_end", "return").launch())
        waiting.refresh_from_db()
        self.assertEqual((waiting.invocation_result, waiting.started_at), (LaunchReport.RESULT_STOPPED, None))
        self.assertFalse(waiting.logs.exists())


class EngineContract(RunsContract):
    """All that a queue service owes."""

    def test_a_job_that_is_delivered_twice_runs_once(self) -> None:
        report = make_task("ez_talk", "print").launch()
        again = LaunchReport.objects.get(pk=report.pk)
        again.job_id = f"launch-{report.pk}-99"
        self.service.enqueue(again)
        self.wait_for(report)
        self.wait_for(make_task("ez_end", "return").launch())
        self.assertEqual(list(report.logs.values_list("message", flat=True)), ["from print"])
        self.assertEqual(LaunchReport.objects.filter(task=report.task_id).count(), 1)

    def test_a_task_that_is_launched_twice_runs_twice(self) -> None:
        task = make_task("ez_talk", "print", overlap=Task.Overlap.QUEUE)
        reports = [self.service.add(task), self.service.add(task)]
        for report in reports:
            self.wait_for(report)
            self.assertEqual(report.invocation_result, LaunchReport.RESULT_OK, report.error)
            self.assertEqual(report.logs.count(), 1)

    def test_schedules_are_followed_dropped_and_replaced(self) -> None:
        soon = timezone.now().replace(microsecond=0) + dt.timedelta(hours=1)
        later = soon + dt.timedelta(hours=1)
        kept = make_task("ez_end", "return", name="kept", scheduling=soon)
        dropped = make_task("ez_end", "return", name="dropped", scheduling=soon)
        moved = make_task("ez_end", "return", name="moved", scheduling=later)
        for task in (kept, dropped, moved):
            self.assertIsNone(self.service.add(task))
        self.service.remove(dropped)
        moved.scheduling = soon
        moved.save()
        self.assertEqual(self.service.fetch_job_with_next_time(moved)[1], soon)
        self.assertEqual(self.service.fetch_job_with_next_time(dropped), (None, None))
        # Here it is that time; to the worker, which has a clock of its own, a job is a job.
        with time_machine.travel(soon, tick=False):
            self.assertEqual(tick(), 2)
            self.assertEqual(tick(), 0)
        for report in LaunchReport.objects.all():
            self.wait_for(report)
        found = LaunchReport.objects.order_by("task__name")
        self.assertEqual(
            list(found.values_list("task__name", "planned_at", "invocation_result", "trigger")),
            [("kept", soon, "ok", "schedule"), ("moved", soon, "ok", "schedule")],
        )
        for task in (kept, moved):
            self.assertEqual(self.service.fetch_job_with_next_time(task), (None, None))

    def test_the_status_tells_what_waits(self) -> None:
        running = make_task("ez_wait", "asleep").launch()
        self.wait_for(running, State.STARTED)
        waiting = make_task("ez_end", "return").launch()
        # A message may be on its way, and a worker slow to answer.
        self.wait_until(lambda: 1 in [status.depth for status in self.service.status()], "one to wait")
        self.assertEqual(self.service.missing([waiting]), [])
        waiting.stop()
        running.stop()
        self.wait_for(running)


class BrokerContract(EngineContract):
    """What is owed where a broker stands between."""

    def test_a_broker_that_is_away_is_told_of_and_the_run_made_good_when_it_is_back(self) -> None:
        task = make_task("ez_end", "return")
        with self.broker_away():
            with self.assertRaisesMessage(QueueUnreachable, "it will be handed over when it answers again"):
                task.launch()
            report = LaunchReport.objects.get()
            self.assertEqual((report.state, report.enqueued_at), (State.QUEUED, None))
            self.assertIn("cannot be reached", report.error)
            with self.assertRaises(QueueUnreachable):
                self.service.status()
            with self.assertLogs("eztaskmanager", "WARNING"):
                tick()
        tick()
        self.wait_for(report)
        self.assertEqual((report.invocation_result, report.error), (LaunchReport.RESULT_OK, ""))


@tag("engines")
class RQTests(BrokerContract, RQEngine):
    """RQ."""

    def test_a_flushed_redis_is_repaired_by_the_next_tick(self) -> None:
        running = make_task("ez_wait", "asleep").launch()
        self.wait_for(running, State.STARTED)
        lost = make_task("ez_end", "return").launch()
        self.service.queue.connection.flushall()
        LaunchReport.objects.filter(pk=lost.pk).update(enqueued_at=timezone.now() - dt.timedelta(seconds=10))
        with self.assertLogs("eztaskmanager", "WARNING"):
            tick()
        lost.refresh_from_db()
        self.assertEqual(lost.job_id, f"launch-{lost.pk}-2")
        running.stop()
        self.wait_for(lost)
        self.wait_for(running)

    def test_a_task_names_its_queue_and_one_that_is_not_there_is_refused(self) -> None:
        report = make_task("ez_end", "return", queue="other").launch()
        self.assertEqual(self.service.queue.connection.llen("rq:queue:other"), 1)
        self.assertEqual({status.name for status in self.service.status()}, {"default", "other"})
        report.stop()
        self.assertEqual(self.service.queue.connection.llen("rq:queue:other"), 0)
        with self.assertRaisesMessage(Exception, "RQ has no queue 'absent'; RQ_QUEUES has 'default', 'other'"):
            make_task("ez_end", "return", queue="absent").launch()

    def test_rq_sets_no_time_limit(self) -> None:
        report = make_task("ez_end", "return", queue="other").launch()
        timeout = self.service.queue.connection.hget(f"rq:job:{report.job_id}", "timeout")
        self.assertEqual(timeout, b"-1")
        report.stop()


@tag("engines", "databases")
class DjangoTasksTests(EngineContract, DjangoTasksEngine):
    """Django's Tasks on the database backend."""


@tag("engines")
class CeleryPreforkOnRedisTests(BrokerContract, CeleryOnRedis):
    """Celery on Redis."""


@tag("engines")
class CeleryPreforkOnRabbitMQTests(BrokerContract, CeleryOnRabbitMQ):
    """Celery on RabbitMQ."""


@tag("engines")
class CeleryThreadsTests(RunsContract, CeleryOnRedis):
    """Celery's threads, where the command gets an interpreter of its own."""

    pool = "threads"


@tag("engines")
class CelerySoloTests(RunsContract, CeleryOnRabbitMQ):
    """Celery's solo pool, which hears nothing while it works."""

    pool = "solo"


@tag("engines")
class CeleryBeatTests(CeleryOnRedis):
    """Beat alone is a ticker."""

    @classmethod
    def start_workers(cls) -> None:
        super().start_workers()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.start_worker(
            (*CELERY, "beat", "--schedule", f"{folder.name}/schedule", "--pidfile", "", "--loglevel", "INFO"),
            cls.variables,
            CELERY_TASK_DEFAULT_QUEUE=cls.queue_name,
            CELERY_BEAT_SCHEDULE={"eztaskmanager": {"task": "eztaskmanager.tick", "schedule": 1.0}},
        )

    def test_it_runs_what_is_due(self) -> None:
        slot = timezone.now() + dt.timedelta(seconds=5)
        self.service.add(make_task("ez_end", "return", scheduling=slot))
        over = LaunchReport.objects.filter(state=State.FINISHED)
        self.wait_until(lambda: over.exists(), "the slot to be run")
        report = over.get()
        self.assertEqual((report.planned_at, report.invocation_result), (slot, LaunchReport.RESULT_OK), report.error)
