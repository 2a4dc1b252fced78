"""Start and end are told, whichever way a run ends, and those who listen cannot hurt it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.test import TransactionTestCase, override_settings, tag
from django.utils import timezone

from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services import run_management_command
from eztaskmanager.services.queues import get_task_service
from eztaskmanager.services.runner import end_silent_runs
from eztaskmanager.services.ticking import tick
from eztaskmanager.signals import run_finished, run_started
from eztaskmanager.tests.factories import make_report, make_task

State = LaunchReport.State
LONG_AGO = dt.timedelta(hours=1)


@tag("databases")
@override_settings(
    EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", EZTASKMANAGER_ISOLATION="fork", EZTASKMANAGER_MIRROR_OUTPUT=False
)
class SignalTests(TransactionTestCase):
    def setUp(self) -> None:
        get_task_service().clear()
        self.told: list[tuple[str, str, str]] = []
        self.listen(run_started, self.on_start)
        self.listen(run_finished, self.on_end)

    def listen(self, signal: Any, receiver: Any) -> None:
        signal.connect(receiver)
        self.addCleanup(signal.disconnect, receiver)

    def on_start(self, sender: type, report: LaunchReport, **kwargs: object) -> None:
        self.note("start", report)

    def on_end(self, sender: type, report: LaunchReport, **kwargs: object) -> None:
        self.assertIsNotNone(report.finished_at)
        self.note("end", report)

    def note(self, what: str, report: LaunchReport) -> None:
        # What is told is what the database knows, and it is committed.
        self.assertFalse(transaction.get_connection().in_atomic_block)
        row = LaunchReport.objects.get(pk=report.pk)
        self.assertEqual((row.state, row.invocation_result), (report.state, report.invocation_result))
        self.told.append((what, row.state, row.invocation_result))

    def started(self, task: Task, silent_for: dt.timedelta = dt.timedelta()) -> LaunchReport:
        moment = timezone.now() - silent_for
        return make_report(task, state=State.STARTED, started_at=moment, heartbeat_at=moment)

    def test_a_run_that_ends_by_itself(self) -> None:
        for arguments, result in (("return", "ok"), ("exception", "failed"), ("sigkill", "failed")):
            with self.subTest(arguments):
                self.told.clear()
                task = make_task("ez_end", arguments)
                run_management_command(task.pk, task.launch().pk)
                self.assertEqual(self.told, [("start", "started", ""), ("end", "finished", result)])

    def test_a_run_that_cannot_even_begin(self) -> None:
        task = make_task("ez_end", "return, too, many")
        run_management_command(task.pk, make_report(task).pk)
        self.assertEqual(self.told, [("start", "started", ""), ("end", "finished", "failed")])

    def test_a_run_that_is_lost(self) -> None:
        self.started(make_task(), LONG_AGO)
        end_silent_runs()
        self.assertEqual(self.told, [("end", "finished", "lost")])

    def test_a_run_that_is_stopped_in_the_queue(self) -> None:
        report = make_task("ez_end", "return").launch()
        report.stop()
        self.assertFalse(report.stop())
        self.assertEqual(self.told, [("end", "finished", "stopped")])

    def test_a_stop_inside_a_transaction_is_told_after_it_and_not_if_it_is_rolled_back(self) -> None:
        report = make_task("ez_end", "return").launch()
        try:
            with transaction.atomic():
                report.stop()
                raise InterruptedError
        except InterruptedError:
            pass
        self.assertEqual(self.told, [])
        with transaction.atomic():
            LaunchReport.objects.get(pk=report.pk).stop()
            self.assertEqual(self.told, [])
        self.assertEqual(self.told, [("end", "finished", "stopped")])

    def test_a_run_that_is_skipped_because_another_goes_on(self) -> None:
        task = make_task("ez_end", "return", overlap="skip")
        self.started(task)
        run_management_command(task.pk, task.launch().pk)
        self.assertEqual(self.told, [("end", "finished", "skipped")])

    def test_a_slot_that_is_skipped_because_it_is_too_late(self) -> None:
        task = make_task(scheduling=timezone.now() + LONG_AGO, misfire_grace=1)
        slot = timezone.now() - LONG_AGO
        Task.objects.filter(pk=task.pk).update(scheduling=slot, cached_next_ride=slot)
        tick()
        self.assertEqual(self.told, [("end", "finished", "skipped")])

    def test_a_run_that_waits_for_another_is_not_over(self) -> None:
        task = make_task("ez_end", "return", overlap="queue")
        self.started(task)
        run_management_command(task.pk, task.launch().pk)
        self.assertEqual(self.told, [])

    def test_a_run_that_was_taken_for_lost_tells_its_true_end_too(self) -> None:
        def lose(report: LaunchReport, **kwargs: object) -> None:
            LaunchReport.objects.get(pk=report.pk).finish("lost")

        self.listen(run_started, lose)
        task = make_task("ez_end", "return")
        self.assertEqual(run_management_command(task.pk, task.launch().pk), "ok")
        self.assertEqual(self.told[-1], ("end", "finished", "ok"))

    def test_of_a_report_that_is_deleted_nothing_is_told(self) -> None:
        def delete(report: LaunchReport, **kwargs: object) -> None:
            LaunchReport.objects.filter(pk=report.pk).delete()

        self.listen(run_started, delete)
        task = make_task("ez_end", "return")
        run_management_command(task.pk, task.launch().pk)
        self.assertEqual([what for what, *_ in self.told], ["start"])

    def test_receivers_that_raise_hurt_nothing(self) -> None:
        def spoil(**kwargs: object) -> None:
            raise RuntimeError("a receiver of the host project")

        for signal in (run_started, run_finished):
            self.listen(signal, spoil)
        with self.assertLogs("django.dispatch", "ERROR"):
            task = make_task("ez_end", "return", overlap="skip")
            self.assertEqual(run_management_command(task.pk, task.launch().pk), "ok")
            stopped = task.launch()
            self.assertTrue(stopped.stop())
            lost = self.started(task, LONG_AGO)
            end_silent_runs()
            self.started(task)
            skipped = task.launch()
            self.assertIsNone(run_management_command(task.pk, skipped.pk))
        for report, result in ((stopped, "stopped"), (lost, "lost"), (skipped, "skipped")):
            report.refresh_from_db()
            self.assertEqual(report.invocation_result, result)
