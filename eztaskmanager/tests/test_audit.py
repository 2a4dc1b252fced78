"""Who did what is in the admin's history, and nobody stops what they may not."""

from __future__ import annotations

import datetime as dt
import io

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import TestCase, override_settings
from django.utils import timezone

from eztaskmanager.exceptions import StopRefused
from eztaskmanager.models import TickerBeat
from eztaskmanager.services.queues import get_task_service
from eztaskmanager.services.ticking import tick
from eztaskmanager.tests.factories import make_report, make_task, make_user


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class HistoryTests(TestCase):
    def entries(self) -> list[tuple[str, str]]:
        return [(entry.user.get_username(), entry.get_change_message()) for entry in LogEntry.objects.order_by("pk")]

    def test_launching_and_stopping_are_in_the_history_of_the_task(self) -> None:
        user, task = make_user("ada", is_superuser=True), make_task()
        report = task.launch(by=user)
        task.stop(by=user)
        self.assertEqual(
            self.entries(), [("ada", f"Launched: run {report.pk}."), ("ada", f"Asked run {report.pk} to stop.")]
        )
        self.assertEqual({entry.object_id for entry in LogEntry.objects.all()}, {str(task.pk)})

    def test_pausing_and_going_on_are_there_once_each(self) -> None:
        user, task = make_user("ada", is_superuser=True), make_task(cron="0 6 * * *")
        service = get_task_service()
        service.remove(task, by=user)
        service.remove(task, by=user)
        service.add(task, by=user)
        self.assertEqual([text for _, text in self.entries()], ["Paused the schedule.", "Had the schedule followed."])

    def test_what_the_system_does_is_in_nobodys_history(self) -> None:
        make_task().launch()
        self.assertEqual(self.entries(), [])


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class StopPermissionTests(TestCase):
    def test_to_launch_is_not_to_stop(self) -> None:
        starter, stopper, task = make_user("sue", "launch_task"), make_user("stan", "stop_task"), make_task()
        report = task.launch(by=starter)
        for stop in (task.stop, report.stop, lambda by: get_task_service().remove(task, by=by)):
            with self.assertRaises(StopRefused):
                stop(by=starter)
        self.assertTrue(report.stop(by=stopper))

    def test_groups_hold_for_stopping_too(self) -> None:
        group = Group.objects.create(name="night shift")
        outsider, insider = make_user("otto", "stop_task"), make_user("ines", "stop_task")
        insider.groups.add(group)
        report = make_report(state="started")
        report.task.command.allowed_groups.add(group)
        with self.assertRaises(StopRefused):
            report.stop(by=outsider)
        self.assertTrue(report.stop(by=insider))


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class BeatTests(TestCase):
    def test_a_tick_is_a_sign_of_life(self) -> None:
        self.assertFalse(TickerBeat.objects.any_alive())
        tick("eztaskscheduler", 15)
        self.assertTrue(TickerBeat.objects.any_alive())
        self.assertFalse(TickerBeat.objects.any_alive(timezone.now() + dt.timedelta(seconds=61)))

    def test_the_beat_of_a_kind_on_a_host_is_one_row(self) -> None:
        tick("eztaskscheduler", 15)
        TickerBeat.objects.update(beat_at=timezone.now() - dt.timedelta(seconds=20))
        tick("eztaskscheduler", 15)
        self.assertTrue(TickerBeat.objects.get().is_alive())

    def test_a_beat_of_before_the_clock_was_set_back_silences_nobody(self) -> None:
        tick("eztaskscheduler", 15)
        TickerBeat.objects.update(beat_at=timezone.now() + dt.timedelta(hours=1))
        self.assertTrue(TickerBeat.objects.beat("eztaskscheduler", 15))
        self.assertLessEqual(TickerBeat.objects.get().beat_at, timezone.now())

    def test_a_slow_ticker_is_given_its_time(self) -> None:
        tick("cron", 3600)
        self.assertTrue(TickerBeat.objects.get().is_alive(timezone.now() + dt.timedelta(hours=2)))

    def test_one_that_is_called_now_and_then_says_how_often(self) -> None:
        call_command("eztaskscheduler", "--once", "--interval=600", stdout=io.StringIO())
        self.assertTrue(TickerBeat.objects.get().is_alive(timezone.now() + dt.timedelta(minutes=20)))

    def test_who_was_silent_for_a_day_is_forgotten(self) -> None:
        TickerBeat.objects.create(
            kind="gone", host="nowhere", pid=1, interval=15, beat_at=timezone.now() - dt.timedelta(days=2)
        )
        tick("eztaskscheduler", 15)
        self.assertEqual([beat.kind for beat in TickerBeat.objects.all()], ["eztaskscheduler"])
