"""The commands that ship: collecting, launching, stopping."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from django.core.management import CommandError, call_command
from django.test import TestCase, override_settings
from django.utils import timezone

from eztaskmanager.models import AppCommand, LaunchReport, Task
from eztaskmanager.services import run_management_command
from eztaskmanager.signals import run_queued
from eztaskmanager.tests.factories import make_task


def call(name: str, *arguments: str) -> str:
    """Run a command; give what it says."""
    out = io.StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


class CollectTests(TestCase):
    def test_it_takes_the_commands_of_all_apps_and_only_once(self) -> None:
        call("collectcommands")
        names = AppCommand.objects.values_list("name", flat=True)
        for name in ("check", "migrate", "collectcommands", "ez_talk", "test_command"):
            self.assertIn(name, names)
        count = AppCommand.objects.count()
        self.assertIn("0 commands collected, 0 made inactive.", call("collectcommands"))
        self.assertEqual(AppCommand.objects.count(), count)

    def test_djangos_own_are_left_out_if_wanted(self) -> None:
        call("collectcommands", "--excludecore")
        self.assertFalse(AppCommand.objects.filter(app_name__startswith="django.").exists())
        self.assertTrue(AppCommand.objects.filter(name="ez_talk", active=True).exists())

    def test_dangerous_ones_come_in_inactive_and_stay_as_people_set_them(self) -> None:
        said = call("collectcommands")
        self.assertIn("Collected django.core: flush, inactive", said)
        for name in ("flush", "shell", "dbshell", "runserver", "createsuperuser", "importtasks"):
            with self.subTest(command=name):
                self.assertFalse(AppCommand.objects.get(name=name).active)
        AppCommand.objects.filter(name="flush").update(active=True)
        AppCommand.objects.filter(name="check").update(active=False)
        call("collectcommands")
        self.assertTrue(AppCommand.objects.get(name="flush").active)
        self.assertFalse(AppCommand.objects.get(name="check").active)

    def test_one_that_has_vanished_is_made_inactive_and_its_tasks_stay(self) -> None:
        gone = AppCommand.objects.create(app_name="gone.app", name="old")
        task = Task.objects.create(name="old", command=gone)
        self.assertIn("gone.app: old", call("collectcommands", "--excludecore"))
        gone.refresh_from_db()
        self.assertFalse(gone.active)
        self.assertTrue(Task.objects.filter(pk=task.pk).exists())

    def test_leaving_djangos_own_out_does_not_touch_those_collected_before(self) -> None:
        call("collectcommands")
        call("collectcommands", "--excludecore")
        self.assertTrue(AppCommand.objects.get(name="check").active)


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", EZTASKMANAGER_ISOLATION="inline")
class LaunchAndStopTests(TestCase):
    def test_a_task_is_launched_by_name_or_number_and_its_report_named(self) -> None:
        task = make_task("check", name="Look around")
        for words in ("Look around", str(task.pk)):
            report = LaunchReport.objects.get(pk=int(call("launch_task", words)))
            self.assertEqual((report.task_id, report.state), (task.pk, LaunchReport.State.QUEUED))

    def test_arguments_of_this_run_are_its_own(self) -> None:
        task = make_task("check", "--deploy")
        report = LaunchReport.objects.get(pk=int(call("launch_task", str(task.pk), "--arguments=--list-tags")))
        self.assertEqual(report.arguments, "--list-tags")
        task.refresh_from_db()
        self.assertEqual(task.arguments, "--deploy")

    def test_what_cannot_be_launched_is_told_in_a_sentence(self) -> None:
        with self.assertRaisesMessage(CommandError, "There is no task 'nobody'"):
            call("launch_task", "nobody")
        make_task("check", name="twice")
        task = make_task("check", name="twice")
        with self.assertRaisesMessage(CommandError, "Several tasks are named 'twice'"):
            call("launch_task", "twice")
        with self.assertRaises(CommandError):
            call("launch_task", str(task.pk), "--arguments=--nonsense")
        AppCommand.objects.update(active=False)
        with self.assertRaises(CommandError):
            call("launch_task", str(task.pk))

    def test_waiting_ends_with_the_run_and_a_bad_end_is_an_error(self) -> None:
        def run(report: LaunchReport, **kwargs: Any) -> None:
            report.finish(ends.pop(0), error="It broke.")

        ends = ["ok", "failed"]
        task = make_task("check")
        run_queued.connect(run)
        self.addCleanup(run_queued.disconnect, run)
        self.assertIn("\nok\n", call("launch_task", str(task.pk), "--wait"))
        with self.assertRaisesMessage(CommandError, "It broke."):
            call("launch_task", str(task.pk), "--wait")

    def test_stopping_pauses_the_schedule_and_takes_back_what_waits(self) -> None:
        task = make_task("check", scheduling=timezone.now() + dt.timedelta(hours=1))
        report = task.launch()
        self.assertEqual(call("stop_task", str(task.pk)), "Runs stopped: 1.\n")
        task.refresh_from_db()
        report.refresh_from_db()
        self.assertTrue(task.is_paused)
        self.assertIsNone(task.cached_next_ride)
        self.assertEqual(report.invocation_result, LaunchReport.RESULT_STOPPED)
        self.assertIsNone(run_management_command(task.pk, report.pk))
