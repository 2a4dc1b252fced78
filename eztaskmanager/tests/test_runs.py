"""The life of a run, from the worker's call to the end in the books, with real child processes."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

from django.db import connections
from django.test import TransactionTestCase, override_settings, tag
from django.utils import timezone

from eztaskmanager.models import AppCommand, LaunchReport, Task
from eztaskmanager.services import run_management_command
from eztaskmanager.signals import run_finished, run_started
from eztaskmanager.tests.factories import make_report, make_task
from eztaskmanager.tests.waiting import wait_until

State = LaunchReport.State


@tag("databases")
@override_settings(
    EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", EZTASKMANAGER_ISOLATION="fork", EZTASKMANAGER_MIRROR_OUTPUT=False
)
class RunCase(TransactionTestCase):
    def run_task(self, command: str, arguments: str = "", **fields: Any) -> LaunchReport:
        task = make_task(command, arguments, **fields)
        report = task.launch()
        run_management_command(task.pk, report.pk)
        report.refresh_from_db()
        return report

    def messages(self, report: LaunchReport) -> list[str]:
        return list(report.logs.order_by("seq").values_list("message", flat=True))


class ResultTests(RunCase):
    def assert_ends(self, way: str, result: str, exit_code: int | None, error: str) -> None:
        with self.subTest(way=way):
            report = self.run_task("ez_end", way)
            task = Task.objects.get(pk=report.task_id)
            self.assertEqual((report.invocation_result, report.exit_code), (result, exit_code), report.error)
            self.assertIn(error, report.error)
            self.assertEqual((task.status, task.cached_last_invocation_result), (Task.STATUS_IDLE, result))
            self.assertEqual(self.messages(report)[0], f"ending by {way}")
            self.assertIsNotNone(report.finished_at)

    def test_each_way_to_end_has_its_result_exit_code_and_error(self) -> None:
        for way, result, exit_code, error in (
            ("return", "ok", 0, ""),
            ("exit_0", "ok", 0, ""),
            ("exit_3", "failed", 3, "exited with code 3"),
            ("exit_text", "failed", 1, "a sentence"),
            ("exception", "failed", 1, "Trouble: with a reason"),
            ("command_error", "failed", 4, "CommandError: this cannot be done"),
            ("sigkill", "failed", -9, "SIGKILL"),
            ("memory", "failed", 1, "MemoryError"),
        ):
            self.assert_ends(way, result, exit_code, error)

    def test_what_a_database_would_refuse_is_on_record_too(self) -> None:
        for way, exit_code, error in (
            ("exit_huge", 0, ""),
            ("exit_odd_text", 1, "a␀b"),
            ("odd_name", 0, "CommandError: cannot read caf�.csv"),
            ("nul", 1, "Trouble: with a ␀ inside"),
            ("speechless", 1, "Speechless: (its message cannot be had: Trouble)"),
        ):
            # The system keeps eight bits of a number, all of which are 0 here.
            self.assert_ends(way, "ok" if way == "exit_huge" else "failed", exit_code, error)

    def test_what_was_logged_decides_when_nothing_failed(self) -> None:
        for ways, result in (("print", "ok"), ("self_stderr", "warnings"), ("levels", "errors")):
            report = self.run_task("ez_talk", ways)
            self.assertEqual(report.invocation_result, result, self.messages(report))

    def test_the_report_tells_what_the_run_cost(self) -> None:
        report = self.run_task("ez_end", "return")
        assert report.max_rss is not None and report.cpu_seconds is not None and report.pid is not None
        self.assertGreater(report.max_rss, 1_000_000)
        self.assertGreaterEqual(report.cpu_seconds, 0)
        self.assertTrue(report.host)

    def test_arguments_that_became_wrong_fail_with_the_parsers_words(self) -> None:
        task = make_task("ez_end", "return, too, many")
        report = make_report(task)
        run_management_command(task.pk, report.pk)
        report.refresh_from_db()
        self.assertEqual(report.invocation_result, "failed")
        self.assertIn("unrecognized arguments: too many", report.error + "".join(self.messages(report)))

    def test_a_command_that_vanished_fails_with_its_name(self) -> None:
        task = make_task("ez_end", "return")
        report = make_report(task, command="ez_gone")
        run_management_command(task.pk, report.pk)
        report.refresh_from_db()
        self.assertEqual(report.invocation_result, "failed")
        self.assertIn("ez_gone", report.error)

    def test_the_time_limit_ends_it(self) -> None:
        report = self.run_task("ez_wait", "asleep", time_limit=1)
        self.assertEqual(report.invocation_result, "timeout")
        self.assertIn("cleaned up", self.messages(report))


class OnceTests(RunCase):
    def test_the_task_alone_makes_its_own_report(self) -> None:
        task = make_task("ez_end", "return")
        self.assertEqual(run_management_command(task.pk), "ok")
        self.assertEqual(LaunchReport.objects.get().trigger, "api")

    def test_two_deliveries_of_a_job_run_it_once(self) -> None:
        task = make_task("ez_end", "return")
        report = task.launch()
        self.assertEqual(run_management_command(task.pk, report.pk), "ok")
        self.assertIsNone(run_management_command(task.pk, report.pk))
        report.refresh_from_db()
        self.assertEqual(self.messages(report), ["ending by return"])

    def test_two_deliveries_at_the_same_moment_run_it_once(self) -> None:
        task = make_task("ez_end", "return")
        report = task.launch()
        results: list[str | None] = []

        def deliver() -> None:
            try:
                results.append(run_management_command(task.pk, report.pk))
            finally:
                connections.close_all()

        with override_settings(EZTASKMANAGER_ISOLATION="spawn"):
            threads = [threading.Thread(target=deliver) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(sorted(results, key=str), [None, None, "ok"])

    def test_what_was_stopped_in_the_queue_never_starts(self) -> None:
        task = make_task("ez_end", "return")
        report = task.launch()
        report.stop()
        self.assertIsNone(run_management_command(task.pk, report.pk))
        report.refresh_from_db()
        self.assertEqual((report.invocation_result, self.messages(report)), ("stopped", []))

    def test_a_retry_is_not_run_before_its_time(self) -> None:
        task = make_task("ez_end", "return")
        report = make_report(task, due_at=timezone.now() + dt.timedelta(hours=1))
        self.assertIsNone(run_management_command(task.pk, report.pk))

    def test_a_task_or_report_that_is_gone_is_no_error(self) -> None:
        self.assertIsNone(run_management_command(123_456))
        task = make_task("ez_end", "return")
        self.assertIsNone(run_management_command(task.pk, 123_456))

    def test_a_command_that_was_made_inactive_meanwhile_does_not_start(self) -> None:
        task = make_task("ez_end", "return")
        report = task.launch()
        AppCommand.objects.update(active=False)
        self.assertIsNone(run_management_command(task.pk, report.pk))
        report.refresh_from_db()
        self.assertEqual((report.invocation_result, report.started_at), ("skipped", None))
        self.assertIn("is inactive", report.error)


class PolicyTests(RunCase):
    def with_a_run_going_on(self, overlap: str) -> tuple[LaunchReport, LaunchReport]:
        task = make_task("ez_end", "return", overlap=overlap)
        now = timezone.now()
        going_on = make_report(task, state=State.STARTED, started_at=now, heartbeat_at=now)
        report = task.launch()
        run_management_command(task.pk, report.pk)
        report.refresh_from_db()
        return going_on, report

    def test_overlap_skip_records_the_run_as_skipped(self) -> None:
        _, report = self.with_a_run_going_on("skip")
        self.assertEqual((report.state, report.invocation_result), ("finished", "skipped"))

    def test_overlap_allow_runs_both(self) -> None:
        _, report = self.with_a_run_going_on("allow")
        self.assertEqual(report.invocation_result, "ok")
        self.assertEqual(Task.objects.get().status, Task.STATUS_STARTED)

    def test_overlap_queue_waits_for_the_end_of_the_other(self) -> None:
        _, report = self.with_a_run_going_on("queue")
        self.assertEqual((report.state, report.enqueued_at), ("queued", None))
        other = make_report(report.task)
        LaunchReport.objects.filter(state=State.STARTED).delete()
        run_management_command(report.task_id, other.pk)
        report.refresh_from_db()
        self.assertIsNotNone(report.enqueued_at)

    def test_a_failed_run_plans_its_retry(self) -> None:
        report = self.run_task("ez_end", "exception", max_retries=1, retry_delay=5)
        retry = LaunchReport.objects.get(retry_of=report)
        self.assertEqual((retry.state, retry.attempt, retry.arguments), ("queued", 2, "exception"))
        self.assertEqual(Task.objects.get().status, Task.STATUS_SPOOLED)

    def test_old_reports_are_pruned(self) -> None:
        task = make_task("ez_end", "return", keep_reports=2)
        for _ in range(4):
            run_management_command(task.pk)
        self.assertEqual(LaunchReport.objects.count(), 2)

    def test_what_is_edited_during_a_run_stays(self) -> None:
        task = make_task("ez_end", "return", name="before", note="")

        def edit(report: LaunchReport, **kwargs: object) -> None:
            mine = Task.objects.get(pk=task.pk)
            mine.name, mine.note, mine.max_retries = "after", "noted", 3
            mine.save()

        run_started.connect(edit)
        self.addCleanup(run_started.disconnect, edit)
        run_management_command(task.pk)
        task.refresh_from_db()
        self.assertEqual((task.name, task.note, task.max_retries), ("after", "noted", 3))
        self.assertEqual((task.status, task.cached_last_invocation_result), ("idle", "ok"))


class AroundTests(RunCase):
    def test_signals_tell_of_start_and_end(self) -> None:
        told: list[tuple[str, str]] = []

        def on_start(report: LaunchReport, **kwargs: object) -> None:
            told.append(("start", report.state))

        def on_end(report: LaunchReport, **kwargs: object) -> None:
            told.append(("end", report.invocation_result))

        run_started.connect(on_start)
        run_finished.connect(on_end)
        self.addCleanup(run_started.disconnect, on_start)
        self.addCleanup(run_finished.disconnect, on_end)
        self.run_task("ez_end", "return")
        self.assertEqual(told, [("start", "started"), ("end", "ok")])

    def test_a_notification_that_fails_hurts_nothing(self) -> None:
        handlers = {"broken": {"class": "eztaskmanager.tests.test_notifications.BrokenHandler"}}
        with (
            override_settings(EZTASKMANAGER_NOTIFICATION_HANDLERS=handlers),
            self.assertLogs("eztaskmanager", "ERROR"),
        ):
            report = self.run_task("ez_end", "return")
        self.assertEqual(report.invocation_result, "ok")
        self.assertIn("nobody there", report.notifications.get().error)

    def test_three_runs_in_one_process_keep_to_themselves(self) -> None:
        reports = [self.run_task("ez_talk", way) for way in ("log", "self_stderr", "print")]
        self.assertEqual([report.invocation_result for report in reports], ["warnings", "warnings", "ok"])
        self.assertEqual([len(self.messages(report)) for report in reports], [1, 1, 1])

    def test_groups_are_kept_with_their_titles_and_end_when_something_is_raised(self) -> None:
        report = self.run_task("ez_work", "group")
        lines = list(report.logs.order_by("seq").values_list("stream", "message"))
        self.assertEqual(
            lines[:5],
            [
                ("group", "the whole"),
                ("group", "a part"),
                ("stdout", "inside"),
                ("end", "a part"),
                ("end", "the whole"),
            ],
        )
        self.assertEqual(report.invocation_result, "failed")

    def run_while(self, act: Callable[[LaunchReport], object]) -> LaunchReport:
        """Run what waits, and do something to its report once it has begun."""
        report = make_task("ez_wait", "asleep").launch()

        def act_late() -> None:
            try:
                wait_until(lambda: LaunchReport.objects.filter(pk=report.pk, n_log_lines__gt=0).exists())
                act(LaunchReport.objects.get(pk=report.pk))
            finally:
                connections.close_all()

        thread = threading.Thread(target=act_late)
        # Not a fork, beside a thread.
        with override_settings(EZTASKMANAGER_ISOLATION="spawn"):
            thread.start()
            run_management_command(report.task_id, report.pk)
            thread.join()
        return report

    def test_a_stop_ends_a_run_and_is_no_failure(self) -> None:
        report = self.run_while(LaunchReport.stop)
        report.refresh_from_db()
        self.assertEqual(report.invocation_result, "stopped", (report.error, self.messages(report)))
        self.assertIn("cleaned up", self.messages(report))

    def test_a_run_whose_report_is_deleted_ends(self) -> None:
        self.run_while(LaunchReport.delete)
        self.assertFalse(LaunchReport.objects.exists())
        self.assertEqual(Task.objects.get().status, Task.STATUS_IDLE)

    def test_a_run_that_does_nothing_costs_at_most_twelve_queries(self) -> None:
        task = make_task("ez_talk")
        report = task.launch()
        # By their log, for the recorder has a connection of its own.
        with override_settings(DEBUG=True), self.assertLogs("django.db.backends", "DEBUG") as logged:
            run_management_command(task.pk, report.pk)
        queries = [record.args[1] for record in logged.records if isinstance(record.args, tuple)]
        queries = [sql for sql in map(str, queries) if sql.startswith(("SELECT", "UPDATE", "INSERT", "DELETE"))]
        self.assertLessEqual(len(queries), 12, "".join(f"\n{sql[:150]}" for sql in queries))
        self.assertGreater(len(queries), 5)
