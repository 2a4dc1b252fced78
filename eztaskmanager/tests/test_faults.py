"""What may die at any moment, dies here; every slot is run once all the same."""

from __future__ import annotations

import datetime as dt
import random
import signal
import time
from collections import Counter
from typing import ClassVar

import psycopg
import time_machine
from django.test import TransactionTestCase, override_settings, tag
from django.utils import timezone

from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services.queues import MemoryTaskQueueService, get_task_service
from eztaskmanager.services.ticking import tick
from eztaskmanager.tests.engines import RQEngine, private_redis
from eztaskmanager.tests.factories import make_task
from eztaskmanager.tests.private_servers import PrivatePostgres
from eztaskmanager.tests.services import requires_private_postgres
from eztaskmanager.tests.waiting import wait_until
from eztaskmanager.tests.workers import MANAGE, RQ_WORKER, TICKER, WorkerProcess, WorkerTestCase

State = LaunchReport.State
SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)


def memory() -> MemoryTaskQueueService:
    service = get_task_service()
    assert isinstance(service, MemoryTaskQueueService)
    return service


@tag("engines", "databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class DyingSchedulerTests(WorkerTestCase):
    """The scheduler dies between the claim of a slot and the engine."""

    def setUp(self) -> None:
        memory().clear()

    def let_a_scheduler_die(self, service: str) -> None:
        path = f"eztaskmanager.tests.dying.{service}"
        worker = self.start_worker((*MANAGE, "eztaskscheduler", "--once"), {}, EZTASKMANAGER_QUEUE_SERVICE_TYPE=path)
        self.wait_until(lambda: not worker.is_alive, "the scheduler to die")
        self.assertEqual(worker.exit_code, -signal.SIGKILL, worker.said())

    def make_due_task(self) -> tuple[Task, dt.datetime]:
        slot = timezone.now().replace(microsecond=0)
        task = make_task(scheduling=slot + HOUR)
        Task.objects.filter(pk=task.pk).update(scheduling=slot, cached_next_ride=slot)
        return task, slot

    def test_before_handing_over_the_next_tick_hands_over(self) -> None:
        task, slot = self.make_due_task()
        self.let_a_scheduler_die("DiesBeforeHandingOver")
        report = LaunchReport.objects.get()
        self.assertEqual((report.planned_at, report.enqueued_at), (slot, None))
        tick()
        self.assertEqual([job.report_id for job in memory().jobs], [report.pk])
        self.assertEqual(LaunchReport.objects.count(), 1)

    def test_while_handing_over_a_later_tick_notices_that_the_engine_does_not_know_the_job(self) -> None:
        task, slot = self.make_due_task()
        self.let_a_scheduler_die("DiesWhileHandingOver")
        report = LaunchReport.objects.get()
        self.assertEqual((report.planned_at, report.job_id), (slot, f"launch-{report.pk}-1"))
        self.assertIsNotNone(report.enqueued_at)
        with time_machine.travel(timezone.now() + 30 * SECOND), self.assertLogs("eztaskmanager", "WARNING"):
            tick()
        self.assertEqual([job.id for job in memory().jobs], [f"launch-{report.pk}-2"])
        self.assertEqual(LaunchReport.objects.count(), 1)


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class JumpingClockTests(TransactionTestCase):
    """The clock is put forward or back by an hour and more."""

    def setUp(self) -> None:
        memory().clear()
        self.start = dt.datetime(2031, 3, 4, 12, tzinfo=dt.timezone.utc)
        with time_machine.travel(self.start - HOUR, tick=False):
            self.task = make_task(scheduling=self.start, repetition_period="minute", repetition_rate=10)

    def tick_at(self, *minutes: int) -> list[int]:
        """Tick at these minutes after the start, and give the minutes of the slots that were claimed."""
        before = set(LaunchReport.objects.values_list("pk", flat=True))
        for minute in minutes:
            with time_machine.travel(self.start + dt.timedelta(minutes=minute), tick=False):
                tick()
        reports = LaunchReport.objects.exclude(pk__in=before).order_by("pk")
        return [round((report.planned_at - self.start).total_seconds() / 60) for report in reports if report.planned_at]

    def test_forward_what_was_jumped_over_is_one_run_of_the_latest(self) -> None:
        self.assertEqual(self.tick_at(0, 5, 10), [0, 10])
        self.assertEqual(self.tick_at(75, 80), [70, 80])

    def test_back_no_slot_is_run_twice_and_the_schedule_goes_on_where_it_was(self) -> None:
        self.assertEqual(self.tick_at(0, 70), [0, 70])
        self.assertEqual(self.tick_at(10, 20, 60, 70), [])
        self.assertEqual(self.tick_at(80, 90), [80, 90])


SETUP = """
import datetime as dt
from django.utils import timezone
from eztaskmanager.models import AppCommand, Task
command = AppCommand.objects.create(name="ez_talk", app_name="eztaskmanager.tests.commands_app")
start = timezone.now().replace(microsecond=0) + dt.timedelta(seconds=3)
slots = [start + dt.timedelta(seconds=number // 3) for number in range({count})]
Task.objects.bulk_create(
    Task(name=f"slot {{number}}", command=command, arguments="print", scheduling=slot, cached_next_ride=slot)
    for number, slot in enumerate(slots)
)
"""
FOUND = """
SELECT task.name, report.invocation_result, count(log.id)
FROM eztaskmanager_task AS task
JOIN eztaskmanager_launchreport AS report ON report.task_id = task.id AND report.planned_at = task.scheduling
LEFT JOIN eztaskmanager_log AS log ON log.launch_report_id = report.id
WHERE report.state = 'finished'
GROUP BY report.id, task.name, report.invocation_result
"""


@tag("engines", "long")
@requires_private_postgres
class RestartedDatabaseTests(WorkerTestCase):
    """PostgreSQL is restarted while schedulers and workers are at it."""

    SLOTS = 30

    def test_each_slot_is_run_once_with_all_its_lines(self) -> None:
        postgres, redis = PrivatePostgres(), private_redis()
        self.addCleanup(redis.close)
        self.addCleanup(postgres.close)
        self.addCleanup(self.end_workers)
        postgres.start()
        address = f"host=127.0.0.1 port={postgres.port} user=postgres"
        with psycopg.connect(f"{address} dbname=postgres", autocommit=True) as admin:
            admin.execute("CREATE DATABASE faults")
        variables = {
            "DEMO_DATABASE": "postgres",
            "DEMO_DATABASE_NAME": "faults",
            "DEMO_QUEUE": "rq",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(postgres.port),
            "PGUSER": "postgres",
            "REDIS_URL": redis.url,
        }
        for arguments in (("migrate", "--verbosity=0"), ("shell", "-c", SETUP.format(count=self.SLOTS))):
            step = self.start_worker((*MANAGE, *arguments), variables)
            self.wait_until(lambda: not step.is_alive, f"{arguments[0]} to end")
            self.assertEqual(step.exit_code, 0, step.said())
        for command in (TICKER, TICKER, RQ_WORKER, RQ_WORKER):
            self.start_worker(command, variables)

        def found() -> list[tuple[str, str, int]]:
            with psycopg.connect(f"{address} dbname=faults") as reader:
                return reader.execute(FOUND).fetchall()

        self.wait_until(lambda: len(found()) >= 5, "the first runs to end")
        postgres.stop()
        time.sleep(2)
        postgres.start()
        self.wait_until(lambda: len(found()) >= self.SLOTS, "all runs to end")
        self.assertEqual(sorted(found()), sorted((f"slot {number}", "ok", 1) for number in range(self.SLOTS)))


@tag("engines", "long")
class ChaosTests(RQEngine):
    """Three schedulers and four workers, of which one dies again and again."""

    SLOTS = 200
    DEATHS = 20
    A_SECOND = 8
    SCHEDULERS = 3
    WORKERS = 4
    crew: ClassVar[list[WorkerProcess]]

    @classmethod
    def start_workers(cls) -> None:
        commands = [TICKER] * cls.SCHEDULERS + [RQ_WORKER] * cls.WORKERS
        cls.crew = [
            cls.start_worker(command, cls.variables, EZTASKMANAGER_LOST_AFTER=10, EZTASKMANAGER_ISOLATION="fork")
            for command in commands
        ]

    def test_each_slot_has_one_report_and_none_is_left_out(self) -> None:
        chance = random.Random()
        start = timezone.now().replace(microsecond=0) + 5 * SECOND
        template = make_task("ez_end", "return")
        slots = [start + number // self.A_SECOND * SECOND for number in range(self.SLOTS)]
        Task.objects.bulk_create(
            Task(
                name=f"slot {number}",
                command=template.command,
                arguments=template.arguments,
                scheduling=slot,
                cached_next_ride=slot,
            )
            for number, slot in enumerate(slots)
        )
        template.delete()
        killed: Counter[str] = Counter()
        over = LaunchReport.objects.filter(state=State.FINISHED)
        # So many die that each does some times, and then there is peace, in which all must be made good.
        while sum(killed.values()) < self.DEATHS and over.count() < self.SLOTS:
            time.sleep(chance.uniform(0.2, 1.0))
            if timezone.now() < start:
                continue
            victim = chance.choice(self.crew)
            # Alone, or with its children, as when a machine or a container goes.
            (victim.kill if chance.random() < 0.5 else victim.end)()
            killed[str(victim)] += 1
            victim.start()
        busy = Task.objects.exclude(status=Task.STATUS_IDLE)

        def is_peace() -> bool:
            return over.count() >= self.SLOTS and not busy.exists()

        wait_until(is_peace, 300, every=0.5, what=f"all slots to be over, after the deaths of {killed}")
        reports = LaunchReport.objects.filter(trigger=LaunchReport.Trigger.SCHEDULE)
        found = Counter(reports.values_list("task__name", "planned_at"))
        wanted = Counter((f"slot {number}", slot) for number, slot in enumerate(slots))
        self.assertEqual(found, wanted, f"killed: {killed}")
        results = Counter(reports.values_list("invocation_result", flat=True))
        # A run whose worker died with it is lost, and said to be; no other is.
        self.assertLessEqual(set(results), {LaunchReport.RESULT_OK, LaunchReport.RESULT_LOST}, results)
        self.assertLessEqual(results[LaunchReport.RESULT_LOST], self.DEATHS, results)
