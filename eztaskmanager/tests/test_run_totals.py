"""The totals of runs: each is counted once, however it ends, and none is taken back."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.test import TestCase, TransactionTestCase, override_settings, tag
from django.utils import timezone

from eztaskmanager.models import AppCommand, LaunchReport, RunTotal, Task
from eztaskmanager.services.claiming import claim
from eztaskmanager.services.patience import until_it_works
from eztaskmanager.services.scheduling.slots import claim_due_slots
from eztaskmanager.tests.factories import make_report, make_task

State = LaunchReport.State
APP = "eztaskmanager"


def started(task: Task, seconds: float = 0, **fields: Any) -> LaunchReport:
    """Make the report of a run that began so long ago."""
    begin = timezone.now() - dt.timedelta(seconds=seconds)
    return make_report(task, state=State.STARTED, started_at=begin, heartbeat_at=begin, **fields)


def counts(task: Task) -> dict[str, tuple[int, int]]:
    """Give runs and lines by result."""
    rows = RunTotal.objects.filter(task=task).values_list("result", "n_runs", "n_log_lines")
    return {result: (n_runs, n_lines) for result, n_runs, n_lines in rows}


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class EndTests(TestCase):
    def setUp(self) -> None:
        self.task = make_task()

    def test_each_end_is_added_to_those_with_its_result(self) -> None:
        for seconds, fields in ((10, {"n_log_lines": 3}), (20, {"n_log_lines": 4}), (5, {"n_log_errors": 1})):
            started(self.task, seconds, **fields).finish(None)
        self.assertEqual(counts(self.task), {"ok": (2, 7), "errors": (1, 0)})
        self.assertAlmostEqual(RunTotal.objects.get(result="ok").seconds, 30, delta=3)

    def test_a_run_that_ends_twice_is_counted_once(self) -> None:
        report = started(self.task)
        self.assertTrue(report.finish("failed"))
        self.assertFalse(report.finish("ok"))
        self.assertEqual(counts(self.task), {"failed": (1, 0)})

    def test_one_who_ends_a_run_by_an_old_copy_of_its_report_counts_its_seconds_too(self) -> None:
        report = make_report(self.task)
        begin = timezone.now() - dt.timedelta(seconds=50)
        LaunchReport.objects.update(state=State.STARTED, started_at=begin, heartbeat_at=begin)
        report.finish("ok")
        self.assertAlmostEqual(RunTotal.objects.get().seconds, 50, delta=3)

    def test_a_clock_that_went_back_takes_no_seconds_away(self) -> None:
        started(self.task, -100).finish("ok")
        self.assertEqual(RunTotal.objects.get().seconds, 0)

    def test_one_stopped_in_the_queue_is_counted(self) -> None:
        report = make_report(self.task)
        self.assertTrue(report.stop(is_checked=False))
        self.assertFalse(report.stop(is_checked=False))
        self.assertEqual(counts(self.task), {"stopped": (1, 0)})
        self.assertEqual(RunTotal.objects.get().seconds, 0)

    def test_one_skipped_for_another_is_counted(self) -> None:
        Task.objects.update(overlap=Task.Overlap.SKIP)
        started(self.task)
        for _ in range(2):
            self.assertIsNone(claim(self.task.pk, make_report(self.task).pk))
        self.assertEqual(counts(self.task), {"skipped": (2, 0)})

    def test_slots_skipped_together_are_counted_for_each_task(self) -> None:
        now = timezone.now()
        for number in range(3):
            make_task(name=f"late {number}", scheduling=now, repetition_period="minute", repetition_rate=1)
        late = Task.objects.filter(name__startswith="late")
        AppCommand.objects.update(active=False)
        for minute in (1, 2):
            # That of the second time finds the row of one, not those of the others.
            late.update(cached_next_ride=now + dt.timedelta(minutes=minute))
            claim_due_slots(
                now + dt.timedelta(minutes=minute), only=late.get(name="late 0").pk if minute == 1 else None
            )
        numbers = dict(RunTotal.objects.filter(result="skipped").values_list("task__name", "n_runs"))
        self.assertEqual(numbers, {"late 0": 2, "late 1": 1, "late 2": 1})

    def test_it_costs_one_query_after_the_first(self) -> None:
        report = started(self.task)
        report.finish("ok")
        with self.assertNumQueries(1):
            RunTotal.objects.count_ended(report)

    def test_they_go_with_their_task(self) -> None:
        started(self.task).finish("ok")
        self.task.delete()
        self.assertFalse(RunTotal.objects.exists())


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class LostTests(TestCase):
    def setUp(self) -> None:
        self.task = make_task()
        self.report = started(self.task, 30, n_log_lines=5)

    def say_more(self, n_log_lines: int) -> None:
        LaunchReport.objects.filter(pk=self.report.pk).update(n_log_lines=n_log_lines)

    def test_its_lines_are_counted_and_no_seconds(self) -> None:
        self.report.finish("lost")
        self.assertEqual(counts(self.task), {"lost": (1, 5)})
        self.assertEqual(RunTotal.objects.get().seconds, 0)

    def test_its_true_end_adds_what_is_new_and_no_run(self) -> None:
        self.report.finish("lost")
        self.say_more(8)
        # By the copy of the worker, which knows nothing of it.
        self.assertTrue(LaunchReport.objects.get(pk=self.report.pk).finish("ok"))
        self.assertEqual(counts(self.task), {"lost": (1, 5), "ok": (0, 3)})
        self.assertAlmostEqual(RunTotal.objects.get(result="ok").seconds, 30, delta=3)

    def test_so_does_that_of_one_that_came_back_meanwhile(self) -> None:
        worker = LaunchReport.objects.get(pk=self.report.pk)
        self.report.finish("lost")
        LaunchReport.objects.filter(pk=self.report.pk).beat()  # type: ignore[attr-defined]
        self.say_more(6)
        self.assertTrue(worker.finish("failed"))
        self.assertEqual(counts(self.task), {"lost": (1, 5), "failed": (0, 1)})

    def test_one_that_is_lost_again_and_again_is_counted_once(self) -> None:
        for lines in (6, 7, 7):
            self.say_more(lines)
            LaunchReport.objects.get(pk=self.report.pk).finish("lost")
            LaunchReport.objects.filter(pk=self.report.pk).beat()  # type: ignore[attr-defined]
        self.assertEqual(counts(self.task), {"lost": (1, 7)})


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class AtOnceTests(TransactionTestCase):
    def test_runs_that_end_at_once_are_all_counted(self) -> None:
        tasks = [make_task(name=f"task {number}", overlap=Task.Overlap.ALLOW) for number in range(3)]
        reports = [started(task, n_log_lines=2) for _ in range(4) for task in tasks]
        barrier = threading.Barrier(len(reports))

        def end(report: LaunchReport) -> None:
            try:
                barrier.wait(30)
                until_it_works(lambda: report.finish("ok"))
            finally:
                connections.close_all()

        threads = [threading.Thread(target=end, args=[report]) for report in reports]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for task in tasks:
            self.assertEqual(counts(task), {"ok": (4, 8)})


@tag("databases")
class MigrationTests(TransactionTestCase):
    def setUp(self) -> None:
        self.addCleanup(self.migrate, MigrationExecutor(connection).loader.graph.leaf_nodes(APP)[0][1])

    def migrate(self, name: str) -> Any:
        executor = MigrationExecutor(connection)
        executor.migrate([(APP, name)])
        return executor.loader.project_state([(APP, name)]).apps

    def test_the_reports_that_are_there_are_counted(self) -> None:
        apps = self.migrate("0007_notifications")
        command = apps.get_model(APP, "AppCommand").objects.create(name="check", app_name="django.core")
        task = apps.get_model(APP, "Task").objects.create(name="old", command=command)
        now = timezone.now()
        for seconds, result, lines in ((10, "ok", 1), (20, "ok", 2), (40, "lost", 4), (None, "skipped", 0)):
            begin = None if seconds is None else now - dt.timedelta(seconds=seconds)
            apps.get_model(APP, "LaunchReport").objects.create(
                task=task,
                state="finished",
                invocation_result=result,
                started_at=begin,
                finished_at=now,
                n_log_lines=lines,
            )
        apps.get_model(APP, "LaunchReport").objects.create(task=task, state="started", started_at=now)
        self.migrate("0008_run_totals")
        rows = RunTotal.objects.order_by("result").values_list("task", "result", "n_runs", "seconds", "n_log_lines")
        self.assertEqual(
            list(rows),
            [(task.pk, "lost", 1, 0.0, 4), (task.pk, "ok", 2, 30.0, 3), (task.pk, "skipped", 1, 0.0, 0)],
        )
        counted = LaunchReport.objects.filter(n_log_lines_counted__isnull=False)
        self.assertEqual([(report.invocation_result, report.n_log_lines_counted) for report in counted], [("lost", 4)])
