"""Columns that people own, columns that runs own, and what is derived from the reports."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import TestCase, override_settings, tag
from django.utils import timezone

from eztaskmanager.exceptions import ArgumentsError, CommandUnavailable, LaunchRefused
from eztaskmanager.models import AppCommand, LaunchReport, Log, Task, TaskCategory
from eztaskmanager.tests.factories import make_command, make_report, make_task, make_user

State = LaunchReport.State
NOW = timezone.now


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class TaskTests(TestCase):
    def test_saving_a_stale_task_does_not_revert_what_runs_have_written(self) -> None:
        stale = make_task()
        Task.objects.filter(pk=stale.pk).update(status=Task.STATUS_STARTED, cached_last_invocation_result="ok")
        stale.name = "another name"
        stale.save()
        fresh = Task.objects.get(pk=stale.pk)
        self.assertEqual(
            (fresh.name, fresh.status, fresh.cached_last_invocation_result), ("another name", "started", "ok")
        )

    def test_deleting_a_category_keeps_its_tasks(self) -> None:
        category = TaskCategory.objects.create(name="nightly")
        task = make_task(category=category)
        category.delete()
        task.refresh_from_db()
        self.assertIsNone(task.category)

    def test_the_status_is_derived_from_the_reports(self) -> None:
        task = make_task()
        report = make_report(task)
        for state, status in ((State.QUEUED, "spooled"), (State.STARTED, "started"), (State.FINISHED, "idle")):
            LaunchReport.objects.filter(pk=report.pk).update(state=state)
            task.compute_cache()
            self.assertEqual(task.status, status)

    def test_a_second_run_that_goes_on_keeps_the_task_running(self) -> None:
        task = make_task()
        first, _second = (make_report(task, state=State.STARTED, started_at=NOW()) for _ in range(2))
        self.assertTrue(first.finish(LaunchReport.RESULT_OK))
        task.refresh_from_db()
        self.assertEqual(task.status, Task.STATUS_STARTED)

    def test_the_cache_tells_of_the_last_run_that_started(self) -> None:
        task = make_task()
        report = make_report(task, state=State.STARTED, started_at=NOW(), n_log_errors=2, n_log_warnings=3)
        make_report(task, state=State.FINISHED, invocation_result="skipped")
        report.finish(None)
        task.refresh_from_db()
        self.assertEqual(task.cached_last_invocation_result, "errors")
        self.assertEqual((task.cached_last_invocation_n_errors, task.cached_last_invocation_n_warnings), (2, 3))
        self.assertEqual(task.cached_last_invocation_datetime, report.invocation_datetime)

    def test_deleting_the_last_report_turns_the_cache_to_the_one_before(self) -> None:
        task = make_task()
        for result in ("ok", "failed"):
            make_report(task, state=State.FINISHED, started_at=NOW(), invocation_result=result)
        LaunchReport.objects.filter(invocation_result="failed").delete()
        task.refresh_from_db()
        self.assertEqual(task.cached_last_invocation_result, "ok")

    def test_pruning_keeps_the_newest_and_those_that_are_not_over(self) -> None:
        task = make_task()
        running = make_report(task, state=State.STARTED)
        reports = [make_report(task, state=State.FINISHED, invocation_result="ok") for _ in range(5)]
        self.assertEqual(task.prune_reports(2), 3)
        kept = set(LaunchReport.objects.values_list("pk", flat=True))
        self.assertEqual(kept, {running.pk, reports[3].pk, reports[4].pk})

    def test_a_name_with_its_status_is_how_a_task_reads(self) -> None:
        self.assertEqual(str(make_task(name="Backup")), "Backup (idle)")

    def test_items_with_and_without_a_value_are_told_apart(self) -> None:
        task = Task(arguments="-f, --second-one a b, --third=x, pos1")
        self.assertEqual(task.args, ["-f", "pos1"])
        self.assertEqual(task.options, {"second_one": "a b", "third": "x"})

    def test_cleaning_names_the_field_of_a_bad_schedule(self) -> None:
        with self.assertRaises(ValidationError) as caught:
            make_task(cron="61 * * * *").full_clean()
        self.assertIn("cron", caught.exception.message_dict)


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class LaunchTests(TestCase):
    def test_a_launch_keeps_who_why_and_the_arguments_as_they_are_now(self) -> None:
        user = make_user("olivia", "launch_task")
        task = make_task("check", "--deploy")
        report = task.launch(by=user)
        Task.objects.filter(pk=task.pk).update(arguments="")
        report.refresh_from_db()
        self.assertEqual(
            (report.state, report.trigger, report.command, report.arguments, report.launched_by_name),
            ("queued", "manual", "check", "--deploy", "olivia"),
        )
        user.delete()
        report.refresh_from_db()
        self.assertEqual((report.launched_by, report.launched_by_name), (None, "olivia"))

    def test_arguments_the_command_does_not_take_are_refused_and_leave_nothing_behind(self) -> None:
        task = make_task("check", "--no-such-thing")
        with self.assertRaisesMessage(ArgumentsError, "unrecognized arguments: --no-such-thing"):
            task.launch()
        self.assertFalse(LaunchReport.objects.exists())

    def test_a_command_that_is_gone_is_refused_by_name(self) -> None:
        command = AppCommand.objects.create(name="gone_for_good", app_name="nowhere")
        with self.assertRaisesMessage(CommandUnavailable, "gone_for_good"):
            Task.objects.create(name="x", command=command).launch()

    def test_an_inactive_command_is_refused(self) -> None:
        task = make_task()
        AppCommand.objects.update(active=False)
        with self.assertRaisesMessage(LaunchRefused, "inactive"):
            Task.objects.get(pk=task.pk).launch()

    def test_users_without_the_permission_are_refused(self) -> None:
        task = make_task()
        for user in (AnonymousUser(), make_user("reader", "view_task", "change_task")):
            with self.assertRaises(LaunchRefused):
                task.launch(by=user)

    def test_allowed_groups_hold_for_everyone_but_superusers(self) -> None:
        group = Group.objects.create(name="operators")
        make_command().allowed_groups.add(group)
        task = make_task()
        outsider, root = make_user("otto", "launch_task"), make_user("root", is_superuser=True)
        with self.assertRaises(LaunchRefused):
            task.launch(by=outsider)
        task.launch(by=root)
        outsider.groups.add(group)
        task.launch(by=outsider)
        visible = Task.objects.all().visible_to(outsider)
        self.assertEqual(list(visible), [task])

    def test_a_queued_run_that_is_stopped_is_over_at_once(self) -> None:
        task = make_task()
        report = task.launch()
        self.assertEqual(task.stop(by=make_user("olivia", "stop_task")), 1)
        report.refresh_from_db()
        task.refresh_from_db()
        self.assertEqual((report.state, report.invocation_result, report.stopped_by), ("finished", "stopped", "olivia"))
        self.assertEqual(task.status, Task.STATUS_IDLE)
        self.assertEqual(task.stop(), 0)

    def test_a_running_run_is_asked_to_stop_once(self) -> None:
        report = make_report(state=State.STARTED)
        self.assertTrue(report.stop())
        self.assertFalse(report.stop())
        self.assertEqual((report.state, report.stop_requested_at is not None), ("started", True))


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class EndTests(TestCase):
    def started(self, **fields: object) -> LaunchReport:
        policy = {"max_retries": 2, "retry_delay": 30} | fields.pop("policy", {})  # type: ignore[operator]
        return make_report(make_task(**policy), state=State.STARTED, started_at=NOW(), heartbeat_at=NOW(), **fields)

    def test_the_result_without_an_error_is_told_by_the_lines(self) -> None:
        for counters, result in (
            ({}, "ok"),
            ({"n_log_warnings": 1}, "warnings"),
            ({"n_log_warnings": 1, "n_log_errors": 1}, "errors"),
        ):
            report = self.started(**counters)
            report.finish(None)
            self.assertEqual(report.invocation_result, result)

    def test_a_run_ends_once(self) -> None:
        report = self.started()
        self.assertTrue(report.finish("ok"))
        self.assertFalse(report.finish("failed"))
        report.refresh_from_db()
        self.assertEqual(report.invocation_result, "ok")

    def test_a_run_taken_for_lost_comes_back_with_its_heartbeat_and_its_retry_goes(self) -> None:
        report = self.started()
        report.finish("lost")
        self.assertEqual(report.retries.count(), 1)
        self.assertIs(LaunchReport.objects.filter(pk=report.pk).beat(), False)
        report.refresh_from_db()
        self.assertEqual((report.state, report.invocation_result, report.retries.count()), ("started", "", 0))
        self.assertEqual(Task.objects.get().status, Task.STATUS_STARTED)

    def test_a_run_taken_for_lost_that_ends_after_all_has_one_next_attempt_or_none(self) -> None:
        report = self.started()
        report.finish("lost")
        report.finish("failed")
        self.assertEqual(report.retries.count(), 1)
        other = self.started()
        other.finish("lost")
        other.finish("ok")
        self.assertEqual(other.retries.count(), 0)

    def test_a_run_that_was_ended_by_others_may_not_go_on(self) -> None:
        report = self.started()
        report.finish("stopped")
        self.assertIsNone(LaunchReport.objects.filter(pk=report.pk).beat())
        report.delete()
        self.assertIsNone(LaunchReport.objects.filter(pk=report.pk).beat())

    def test_failures_are_retried_later_and_later_until_the_attempts_are_used_up(self) -> None:
        first = report = self.started()
        for wait in (30, 60):
            report.finish("failed", error="ValueError: no")
            retry = LaunchReport.objects.latest("pk")
            self.assertEqual((retry.trigger, retry.retry_of, retry.state), ("retry", first, "queued"))
            self.assertAlmostEqual(retry.due_at, NOW() + dt.timedelta(seconds=wait), delta=dt.timedelta(seconds=25))
            LaunchReport.objects.filter(pk=retry.pk).update(state=State.STARTED, started_at=NOW())
            report = retry
        report.finish("failed")
        self.assertEqual(LaunchReport.objects.count(), 3)
        self.assertEqual(list(LaunchReport.objects.order_by("pk").values_list("attempt", flat=True)), [1, 2, 3])

    def test_neither_success_nor_a_stop_is_retried(self) -> None:
        for result in ("ok", "warnings", "errors", "stopped"):
            self.started().finish(result)
        asked = self.started()
        asked.stop()
        asked.finish("failed")
        self.assertFalse(LaunchReport.objects.filter(trigger="retry").exists())


@tag("databases")
class ReportTests(TestCase):
    def with_lines(self, count: int) -> LaunchReport:
        report = make_report(n_log_lines=count)
        Log.objects.bulk_create(
            Log(launch_report=report, seq=seq, level="INFO", message=f"line {seq}") for seq in range(1, count + 1)
        )
        return report

    def test_lines_are_read_from_an_offset(self) -> None:
        lines, total = self.with_lines(5).read_log_lines(3)
        self.assertEqual([line.rpartition(" - ")[2] for line in lines], ["line 4", "line 5"])
        self.assertEqual(total, 5)

    def test_the_tail_says_how_much_is_hidden(self) -> None:
        tail = self.with_lines(5).log_tail(2).splitlines()
        self.assertEqual(tail[0], "3 lines hidden ...")
        self.assertEqual([line.rpartition(" - ")[2] for line in tail[1:]], ["line 4", "line 5"])
        self.assertNotIn("hidden", self.with_lines(2).log_tail(2))

    def test_a_plain_tail_is_what_a_terminal_would_show_without_its_colours(self) -> None:
        report = self.with_lines(1)
        report.logs.update(message="\x1b[31m10 %\r\x1b[32m20 %\x1b[0m")
        self.assertEqual(report.log_tail(1, plain=True).rpartition(" - ")[2], "20 %")
        self.assertIn("\x1b[31m", report.log_tail(1))

    def test_two_reports_of_one_slot_are_refused_by_the_database(self) -> None:
        task, slot = make_task(), NOW()
        make_report(task, planned_at=slot)
        with self.assertRaises(IntegrityError), transaction.atomic():
            make_report(task, planned_at=slot)
