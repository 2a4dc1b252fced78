"""Schedules in the database: planning, pausing, claiming, coalescing."""

from __future__ import annotations

import datetime as dt
import threading
from unittest import mock

import time_machine
from django.db import connection, transaction
from django.test import TestCase, TransactionTestCase, override_settings, skipUnlessDBFeature, tag
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from eztaskmanager.models import AppCommand, LaunchReport, Task
from eztaskmanager.services.runner import end_silent_runs
from eztaskmanager.services.scheduling.slots import claim_due_slots, next_due
from eztaskmanager.services.ticking import tick
from eztaskmanager.signals import run_ended
from eztaskmanager.tests.factories import make_report, make_task

UTC = dt.timezone.utc
START = dt.datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = dt.timedelta(minutes=1)
EACH_MINUTE = {"scheduling": START, "repetition_period": "minute", "repetition_rate": 1, "timezone": "UTC"}


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class SlotCase(TestCase):
    def setUp(self) -> None:
        traveller = time_machine.travel(START - MINUTE / 2, tick=False)
        self.clock = traveller.start()
        self.addCleanup(traveller.stop)

    def at(self, moment: dt.datetime) -> dt.datetime:
        self.clock.move_to(moment)
        return moment

    def slots(self, task: Task) -> list[dt.datetime | None]:
        return list(LaunchReport.objects.filter(task=task).order_by("pk").values_list("planned_at", flat=True))


class PlanningTests(SlotCase):
    def test_a_task_saved_with_a_schedule_is_planned(self) -> None:
        task = make_task(**EACH_MINUTE)
        task.refresh_from_db()
        self.assertEqual((task.status, task.cached_next_ride), (Task.STATUS_SCHEDULED, START))

    def test_another_schedule_is_planned_anew_and_another_name_is_not(self) -> None:
        task = make_task(**EACH_MINUTE)
        with mock.patch.object(Task, "plan") as plan:
            task.name = "renamed"
            task.save()
            plan.assert_not_called()
            task.repetition_rate = 2
            task.save()
            plan.assert_called_once_with()

    def test_a_schedule_taken_away_rides_no_more(self) -> None:
        task = make_task(**EACH_MINUTE)
        task.scheduling, task.repetition_period, task.repetition_rate = None, "", None
        task.save()
        task.refresh_from_db()
        self.assertEqual((task.status, task.cached_next_ride), (Task.STATUS_IDLE, None))

    def test_pausing_keeps_the_schedule_and_going_on_makes_no_surprise_run(self) -> None:
        task = make_task(**EACH_MINUTE)
        task.pause()
        self.at(START + 10 * MINUTE + MINUTE / 2)
        self.assertEqual(claim_due_slots(START + 10 * MINUTE), [])
        task.resume()
        task.refresh_from_db()
        self.assertEqual(task.cached_next_ride, START + 11 * MINUTE)
        self.assertFalse(LaunchReport.objects.exists())

    def test_going_on_follows_the_schedule_that_was_edited_meanwhile(self) -> None:
        old = make_task(cron="0 3 * * *")
        edited = Task.objects.get()
        edited.cron = "30 15 * * *"
        edited.save()
        old.pause()
        old.resume()
        edited.refresh_from_db()
        self.assertEqual(edited.cached_next_ride, edited.next_ride_after(timezone.now()))

    def test_editing_a_paused_task_leaves_it_paused(self) -> None:
        task = make_task(**EACH_MINUTE)
        stale = Task.objects.get(pk=task.pk)
        task.pause()
        stale.repetition_rate = 5
        stale.save()
        stale.refresh_from_db()
        self.assertTrue(stale.is_paused)
        self.assertIsNone(stale.cached_next_ride)

    def test_launching_a_scheduled_task_by_hand_leaves_its_schedule_alone(self) -> None:
        task = make_task(**EACH_MINUTE)
        report = task.launch()
        task.refresh_from_db()
        self.assertEqual((task.cached_next_ride, report.planned_at), (START, None))

    def test_stopping_its_runs_leaves_the_schedule_alone(self) -> None:
        task = make_task(**EACH_MINUTE)
        task.launch()
        task.stop()
        task.refresh_from_db()
        self.assertEqual((task.cached_next_ride, task.status), (START, Task.STATUS_SCHEDULED))


class ClaimTests(SlotCase):
    def test_a_slot_is_claimed_once(self) -> None:
        task = make_task(**EACH_MINUTE)
        self.assertEqual(claim_due_slots(START - MINUTE), [])
        self.assertEqual(len(claim_due_slots(self.at(START))), 1)
        self.assertEqual(claim_due_slots(START), [])
        self.assertEqual(self.slots(task), [START])

    def test_a_slot_that_has_its_report_gets_no_second_one(self) -> None:
        task = make_task(**EACH_MINUTE)
        make_report(task, planned_at=START, state=LaunchReport.State.FINISHED)
        self.assertEqual(claim_due_slots(self.at(START)), [])
        task.refresh_from_db()
        self.assertEqual(task.cached_next_ride, START + MINUTE)

    def test_missed_slots_are_run_once_at_the_latest(self) -> None:
        task = make_task(**EACH_MINUTE)
        claim_due_slots(self.at(START + 90 * MINUTE + MINUTE / 2))
        task.refresh_from_db()
        self.assertEqual(self.slots(task), [START + 90 * MINUTE])
        self.assertEqual(task.cached_next_ride, START + 91 * MINUTE)

    def test_a_slot_past_its_grace_is_recorded_as_skipped(self) -> None:
        make_task(misfire_grace=20, **EACH_MINUTE)
        self.assertEqual(claim_due_slots(self.at(START + MINUTE / 2)), [])
        report = LaunchReport.objects.get()
        self.assertEqual((report.invocation_result, report.state), ("skipped", "finished"))
        self.assertEqual(len(claim_due_slots(self.at(START + MINUTE + MINUTE / 6))), 1)

    def test_the_last_slot_is_that_of_the_end(self) -> None:
        task = make_task(ends_at=START + 2 * MINUTE, **EACH_MINUTE)
        for number in range(5):
            claim_due_slots(self.at(START + number * MINUTE))
        task.refresh_from_db()
        self.assertEqual(self.slots(task), [START, START + MINUTE, START + 2 * MINUTE])
        self.assertIsNone(task.cached_next_ride)

    def test_a_one_off_runs_once(self) -> None:
        task = make_task(scheduling=START)
        for number in range(3):
            claim_due_slots(self.at(START + number * MINUTE))
        self.assertEqual(self.slots(task), [START])

    def test_a_bad_schedule_is_set_aside_with_its_error_and_stops_no_other(self) -> None:
        bad, good = make_task(**EACH_MINUTE), make_task(**EACH_MINUTE)
        Task.objects.filter(pk=bad.pk).update(timezone="Mars/Olympus")
        self.assertEqual([report.task_id for report in claim_due_slots(self.at(START))], [good.pk])
        bad.refresh_from_db()
        self.assertIn("Mars/Olympus", bad.schedule_error)
        self.assertIsNone(bad.cached_next_ride)

    def test_a_schedule_that_breaks_a_library_is_set_aside_too(self) -> None:
        bad, good = make_task(name="bad", **EACH_MINUTE), make_task(name="good", **EACH_MINUTE)
        due_slot = Task.due_slot

        def break_the_first(task: Task, now: dt.datetime) -> object:
            if task.pk == bad.pk:
                raise RuntimeError("from far below")
            return due_slot(task, now)

        with mock.patch.object(Task, "due_slot", break_the_first), self.assertLogs("eztaskmanager", "ERROR"):
            reports = claim_due_slots(self.at(START))
        self.assertEqual([report.task_id for report in reports], [good.pk])
        bad.refresh_from_db()
        self.assertEqual(bad.schedule_error, "from far below")

    def test_the_slots_of_an_inactive_command_are_skipped_and_ride_on(self) -> None:
        task = make_task(**EACH_MINUTE)
        AppCommand.objects.update(active=False)
        self.assertEqual(claim_due_slots(self.at(START)), [])
        task.refresh_from_db()
        self.assertEqual(LaunchReport.objects.get().invocation_result, "skipped")
        self.assertEqual(task.cached_next_ride, START + MINUTE)

    def test_a_clock_that_jumps_back_and_forth_doubles_no_slot(self) -> None:
        task = make_task(**EACH_MINUTE)
        hour = 60 * MINUTE
        for moment in (START, START + MINUTE, START + MINUTE - hour, START + 2 * MINUTE, START + hour, START):
            claim_due_slots(self.at(moment))
        slots = self.slots(task)
        self.assertEqual(slots, sorted(set(slots)))
        self.assertEqual(slots[-1], START + hour)

    def test_many_due_tasks_cost_few_queries_each(self) -> None:
        for _ in range(40):
            make_task(**EACH_MINUTE)
        with CaptureQueriesContext(connection) as queries:
            self.assertEqual(len(claim_due_slots(self.at(START))), 40)
        self.assertLessEqual(len(queries), 12)

    def test_the_next_due_moment_is_the_first_ride_or_retry(self) -> None:
        self.assertIsNone(next_due())
        make_task(**EACH_MINUTE)
        self.assertEqual(next_due(), START)
        make_report(due_at=START - MINUTE / 4)
        self.assertEqual(next_due(), START - MINUTE / 4)


class TickTests(SlotCase):
    def test_a_tick_loses_the_silent_and_frees_their_tasks(self) -> None:
        task = make_task()
        started = self.at(START)
        report = make_report(task, state="started", started_at=started, heartbeat_at=started, host="h", pid=7)
        self.at(START + MINUTE / 2)
        tick()
        report.refresh_from_db()
        self.assertEqual(report.state, "started")
        self.at(START + 2 * MINUTE)
        with self.assertLogs("eztaskmanager", "WARNING"):
            tick()
        report.refresh_from_db()
        task.refresh_from_db()
        self.assertEqual((report.invocation_result, task.status), ("lost", "idle"))
        self.assertIn("process 7 on h", report.error)

    def test_a_silent_run_that_cannot_be_ended_holds_up_nothing(self) -> None:
        bad, good = (make_report(make_task(name=name), state="started", heartbeat_at=START) for name in "ab")
        due = make_task(name="c", **EACH_MINUTE)
        self.at(START + 2 * MINUTE)

        def refuse(report: LaunchReport, **kwargs: object) -> None:
            if report == bad:
                raise ValueError("not this one")

        run_ended.connect(refuse)
        self.addCleanup(run_ended.disconnect, refuse)
        with self.assertLogs("eztaskmanager.services.scheduling.sweeping", "ERROR"):
            self.assertEqual(tick(), 1)
        self.assertEqual(LaunchReport.objects.get(pk=bad.pk).state, "started")
        self.assertEqual(LaunchReport.objects.get(pk=good.pk).invocation_result, "lost")
        self.assertEqual(len(self.slots(due)), 1)

    def test_a_retry_waits_no_longer_than_the_calendar_goes(self) -> None:
        task = make_task(max_retries=3, retry_delay=2_000_000_000)
        report = make_report(task, state="started", started_at=START, attempt=3)
        report.finish("failed")
        retry = LaunchReport.objects.get(attempt=4)
        assert retry.due_at is not None
        self.assertLess(retry.due_at, START + dt.timedelta(days=3_651))

    def test_a_retry_is_handed_over_when_it_is_due(self) -> None:
        report = make_report(due_at=START + MINUTE)
        tick()
        report.refresh_from_db()
        self.assertIsNone(report.enqueued_at)
        self.at(START + MINUTE)
        tick()
        report.refresh_from_db()
        self.assertIsNotNone(report.enqueued_at)


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class HeldRowTests(TransactionTestCase):
    @skipUnlessDBFeature("has_select_for_update_skip_locked")
    def test_a_command_that_holds_its_own_report_is_neither_waited_for_nor_lost(self) -> None:
        report = make_report(state="started", heartbeat_at=timezone.now() - dt.timedelta(hours=1))
        is_held, may_end = threading.Event(), threading.Event()

        def hold() -> None:
            try:
                with transaction.atomic():
                    LaunchReport.objects.filter(pk=report.pk).update(progress_text="working")
                    is_held.set()
                    may_end.wait(60)
            finally:
                connection.close()

        holder = threading.Thread(target=hold)
        holder.start()
        try:
            self.assertTrue(is_held.wait(60))
            self.assertEqual(end_silent_runs(), [])
            self.assertTrue(holder.is_alive())
        finally:
            may_end.set()
            holder.join()
        self.assertEqual(end_silent_runs(), [report])
