"""What no run can say: it is noticed, told, and over when it is over."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import AbstractContextManager
from typing import Any
from unittest import TestCase as PlainTestCase, mock

import time_machine
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.test import TestCase, TransactionTestCase, override_settings, tag
from django.utils import timezone

from eztaskmanager.exceptions import QueueUnreachable
from eztaskmanager.models import Alert, LaunchReport, Notification, Task, TickerBeat
from eztaskmanager.services import run_management_command
from eztaskmanager.services.alerting import Watch, keeping, open_alerts
from eztaskmanager.services.alerting.durations import longest_expected, longest_usual
from eztaskmanager.services.alerting.finding import find_idle_queues
from eztaskmanager.services.alerting.silence import notice_silence
from eztaskmanager.services.monitoring import check_vitals
from eztaskmanager.services.notifications import send_due
from eztaskmanager.services.notifications.sending import message_of
from eztaskmanager.services.queues import QueueStatus, get_task_service
from eztaskmanager.services.queues.memory import MemoryTaskQueueService
from eztaskmanager.services.ticking import ring, tick
from eztaskmanager.tests.factories import make_command, make_report, make_task, make_user
from eztaskmanager.tests.test_notification_outbox import ListingHandler, mine

MINUTE = dt.timedelta(minutes=1)
Kind = Alert.Kind


class DurationTests(PlainTestCase):
    def test_with_few_runs_nothing_is_unusual(self) -> None:
        self.assertIsNone(longest_usual([1, 1, 1, 1]))

    def test_short_runs_have_a_margin_and_long_ones_a_factor(self) -> None:
        self.assertEqual(longest_usual([1, 2, 1, 2, 1]), 601)
        self.assertEqual(longest_usual([3600] * 5), 3 * 3600)

    def test_one_odd_run_moves_nothing_and_a_task_that_varies_may(self) -> None:
        self.assertEqual(longest_usual([3600, 3600, 3600, 3600, 90_000]), 3 * 3600)
        self.assertEqual(longest_usual([600, 3000, 3600, 7200, 10_800]), 3600 + 6 * 3000)

    def test_what_the_task_expects_comes_first(self) -> None:
        self.assertEqual(longest_expected(10, 2, [3600] * 5), 20)
        self.assertIsNone(longest_expected(None, 2, []))


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", LANGUAGE_CODE="en")
class AlertCase(TestCase):
    def setUp(self) -> None:
        ListingHandler.told = []
        self.queue: Any = get_task_service()
        self.queue.clear()
        self.queue.is_away = False
        self.watch = Watch()
        self.now = timezone.now()

    def look(self, *, later: dt.timedelta = dt.timedelta()) -> list[str]:
        """Look as a tick does, and tell; give the kinds of alerts that go on."""
        with time_machine.travel(self.now + later, tick=False):
            self.watch.look(timezone.now())
            send_due()
        return self.kinds()

    def kinds(self) -> list[str]:
        return sorted(Alert.objects.open().values_list("kind", flat=True))

    def workers(self, *statuses: QueueStatus) -> AbstractContextManager[Any]:
        """Have the engine tell so of its queues."""
        return mock.patch.object(self.queue, "status", lambda: list(statuses))

    def planned_task(self, ago: dt.timedelta, **fields: Any) -> Task:
        task = make_task(name="Sums", scheduling=self.now + dt.timedelta(days=1), **fields)
        Task.objects.filter(pk=task.pk).update(cached_next_ride=self.now - ago)
        return task


class LateTests(AlertCase):
    def test_a_slot_that_nobody_claims_is_late_and_recovers_when_it_is(self) -> None:
        task = self.planned_task(3 * MINUTE)
        with mine():
            self.assertEqual(self.look(), [Kind.LATE])
            self.assertEqual(self.look(), [Kind.LATE])
            Task.objects.filter(pk=task.pk).update(cached_next_ride=self.now + MINUTE)
            self.assertEqual(self.look(), [])
        self.assertEqual(ListingHandler.told, [("late", "Sums"), ("recovered", "Sums")])
        alert = Alert.objects.get()
        self.assertIsNotNone(alert.ended_at)
        self.assertIn("no scheduler has seen to it", alert.message)

    def test_a_slot_that_waits_for_a_worker_is_late(self) -> None:
        report = make_report(make_task(), planned_at=self.now - 3 * MINUTE, enqueued_at=self.now)
        self.assertEqual(self.look(), [Kind.LATE])
        self.assertEqual(Alert.objects.get().report, report)
        LaunchReport.objects.update(state="started", started_at=self.now)
        self.assertEqual(self.look(), [])

    def test_what_is_only_a_little_late_or_waits_by_its_policy_is_not(self) -> None:
        self.planned_task(MINUTE)
        task = make_task("migrate", overlap=Task.Overlap.QUEUE)
        make_report(task, planned_at=self.now - 3 * MINUTE)
        make_report(task, state="started", started_at=self.now)
        task.compute_cache()
        make_report(make_task("shell"), due_at=self.now + MINUTE)
        self.assertEqual(self.look(), [])

    @override_settings(EZTASKMANAGER_LATE_AFTER=30)
    def test_how_late_is_the_projects_to_say(self) -> None:
        self.planned_task(MINUTE)
        self.assertEqual(self.look(), [Kind.LATE])


class StuckTests(AlertCase):
    def run_since(self, task: Task, ago: dt.timedelta) -> LaunchReport:
        moment = self.now - ago
        return make_report(task, state="started", started_at=moment, heartbeat_at=self.now)

    def test_a_run_far_beyond_its_expected_duration_is_stuck_until_it_ends(self) -> None:
        report = self.run_since(make_task(name="Sums", expected_duration=60), 3 * MINUTE)
        with mine():
            self.assertEqual(self.look(), [Kind.STUCK])
            report.finish("ok")
            self.assertEqual(self.look(), [])
        self.assertEqual(ListingHandler.told, [("stuck", "Sums"), ("recovered", "Sums")])

    def test_a_run_far_beyond_the_usual_is_stuck(self) -> None:
        task = make_task()
        for _ in range(5):
            began = self.now - 60 * MINUTE
            make_report(task, state="finished", invocation_result="ok", started_at=began, finished_at=began + MINUTE)
        self.run_since(task, 12 * MINUTE)
        self.assertEqual(self.look(), [Kind.STUCK])

    def test_a_run_within_its_time_or_of_which_nothing_is_known_is_not(self) -> None:
        self.run_since(make_task(expected_duration=120), 3 * MINUTE)
        self.run_since(make_task("migrate"), 600 * MINUTE)
        self.assertEqual(self.look(), [])


class LostTests(AlertCase):
    def end(self, task: Task, result: str) -> LaunchReport:
        report = make_report(task, state="started", started_at=timezone.now())
        report.finish(result, error="No sign of life.")
        send_due()
        return report

    def test_a_lost_run_is_an_alert_until_a_later_one_ends_otherwise(self) -> None:
        task = make_task(name="Sums")
        report = self.end(task, "lost")
        self.assertEqual((self.look(), Alert.objects.get().report), ([Kind.LOST], report))
        self.end(task, "lost")
        self.assertEqual(self.look(), [Kind.LOST])
        self.end(task, "failed")
        self.assertEqual(self.look(), [])
        self.assertEqual(Alert.objects.count(), 1)

    def test_nobody_is_told_twice_of_it(self) -> None:
        task = make_task(name="Sums")
        with mine():
            self.end(task, "lost")
            self.end(task, "ok")
            self.look()
        self.assertEqual([event for event, _ in ListingHandler.told], ["lost", "recovered"])
        ListingHandler.told = []
        with mine(only_on_change=True):
            self.end(task, "lost")
            self.end(task, "ok")
            self.look()
        self.assertEqual([event for event, _ in ListingHandler.told], ["lost", "recovered"])

    def test_a_run_that_was_stuck_and_is_lost_recovers_twice_and_each_says_from_what(self) -> None:
        task = make_task(name="Sums", expected_duration=60)
        report = make_report(task, state="started", started_at=self.now - 3 * MINUTE, heartbeat_at=self.now)
        with mine():
            self.assertEqual(self.look(), [Kind.STUCK])
            report.finish("lost", error="No sign of life.")
            self.end(task, "ok")
            self.look()
        subjects = {message_of(row).subject for row in Notification.objects.filter(event="recovered")}
        self.assertEqual(
            subjects, {"Task Sums: no longer stuck", "Task Sums: recovered, a run ended after one was lost"}
        )

    def test_who_is_not_told_of_the_run_is_told_of_the_alert(self) -> None:
        task = make_task(name="Sums")
        with mine(results=["failed"]):
            self.end(task, "lost")
            self.end(task, "ok")
            self.look()
        self.assertEqual([event for event, _ in ListingHandler.told], ["lost", "recovered"])


class ScheduleTests(AlertCase):
    def test_a_schedule_that_is_set_aside_is_an_alert_until_it_is_mended(self) -> None:
        task = self.planned_task(MINUTE, cron="0 6 * * *")
        Task.objects.filter(pk=task.pk).update(timezone="Nowhere/Land")
        with mine():
            tick()
            alert = Alert.objects.get(kind=Kind.SCHEDULE)
            self.assertIn("Nowhere/Land", alert.message)
            task.refresh_from_db()
            task.timezone = "UTC"
            task.save()
            self.assertNotIn(Kind.SCHEDULE, self.look())
        self.assertEqual(ListingHandler.told, [("schedule", "Sums"), ("recovered", "Sums")])

    def test_one_that_was_set_aside_unnoticed_is_found(self) -> None:
        make_task()
        Task.objects.update(schedule_error="odd")
        self.assertEqual(self.look(), [Kind.SCHEDULE])


class WorkerTests(AlertCase):
    def setUp(self) -> None:
        super().setUp()
        make_task()

    def ask_again(self, *, later: float = 0) -> list[str]:
        """Look once more, when so many seconds have passed on the clock that only goes on."""
        self.watch._next_question = 0
        clock = time.monotonic() + later
        with mock.patch.object(keeping.time, "monotonic", return_value=clock):
            return self.look()

    def test_a_queue_without_workers_for_a_while_is_an_alert(self) -> None:
        with mine(), self.workers(QueueStatus("default", 0, 3, None)):
            self.assertEqual(self.ask_again(), [])
            self.assertEqual(self.ask_again(later=130), [Kind.WORKER])
        with mine(), self.workers(QueueStatus("default", 1, 3, None)):
            self.assertEqual(self.ask_again(later=140), [])
        self.assertEqual(ListingHandler.told, [("worker", "Queue default"), ("recovered", "Queue default")])
        self.assertIn("3 jobs wait in it", Alert.objects.get().message)

    def test_a_job_that_waits_long_where_nobody_listens_is_one_at_once(self) -> None:
        with self.workers(QueueStatus("default", 0, 1, 500.0)):
            self.assertEqual(self.look(), [Kind.WORKER])

    def test_an_engine_is_asked_once_a_minute(self) -> None:
        asked: list[int] = []
        with mock.patch.object(self.queue, "status", lambda: asked.append(1) or []):
            self.look()
            self.look()
        self.assertEqual(asked, [1])

    def test_an_engine_that_is_away_ends_no_alert_and_stops_nothing(self) -> None:
        with self.workers(QueueStatus("default", 0, 1, 500.0)):
            self.look()
        for error in (QueueUnreachable("gone"), RuntimeError("odd")):
            with mock.patch.object(self.queue, "status", mock.Mock(side_effect=error)):
                with self.assertLogs("eztaskmanager", "WARNING"):
                    self.assertEqual(self.ask_again(), [Kind.WORKER])

    def test_queues_that_no_task_names_are_not_ours(self) -> None:
        statuses = [QueueStatus("default", 1, 0, None), QueueStatus("of others", 0, 9, 900.0)]
        self.assertEqual(list(find_idle_queues(self.now, statuses, 120)), [])
        named = [QueueStatus("celery", 0, 9, 900.0)]
        self.assertEqual([problem.queue for problem in find_idle_queues(self.now, named, 120)], ["celery"])

    def test_where_the_engine_cannot_tell_it_is_by_runs_that_wait_in_vain(self) -> None:
        unknown = QueueStatus("default", None, 1, None)
        task = make_task("migrate")
        make_report(task, enqueued_at=self.now - 5 * MINUTE)
        with self.workers(unknown):
            self.assertEqual(self.look(), [Kind.WORKER])
            # A worker is at something else.
            make_report(task, state="started", started_at=self.now)
            self.assertEqual(self.ask_again(), [])


class RingingService(MemoryTaskQueueService):
    """An engine with timers."""

    supports_timers = True


class SilenceTests(AlertCase):
    def test_a_worker_notices_that_nobody_ticks_and_a_tick_ends_it(self) -> None:
        make_task(scheduling=self.now + dt.timedelta(days=1))
        report = make_report()
        with mine():
            self.assertTrue(notice_silence(report))
            self.assertTrue(notice_silence(report))
            send_due()
            self.assertEqual(self.kinds(), [Kind.TICKER])
            tick()
            self.assertNotIn(Kind.TICKER, self.kinds())
            self.assertFalse(notice_silence(report))
        self.assertEqual([event for event, _ in ListingHandler.told], ["ticker", "recovered"])

    def test_where_nothing_is_planned_nobody_has_to_tick(self) -> None:
        report = make_report()
        with self.assertNumQueries(1):
            self.assertFalse(notice_silence(report))
        self.assertEqual(self.kinds(), [])

    def test_the_last_ticker_is_named(self) -> None:
        make_task(scheduling=self.now + dt.timedelta(days=1))
        TickerBeat.objects.create(kind="celery", host="web1", pid=1, interval=1, beat_at=self.now - 10 * MINUTE)
        notice_silence(make_report())
        self.assertIn("celery @ web1", Alert.objects.get().message)

    def test_a_ticker_that_ticks_seldom_is_not_silent(self) -> None:
        make_task(scheduling=self.now + dt.timedelta(days=1))
        TickerBeat.objects.create(kind="cron", host="web1", pid=1, interval=600, beat_at=self.now - 10 * MINUTE)
        self.assertFalse(notice_silence(make_report()))

    def test_timers_of_an_engine_are_quiet_between_two_rides(self) -> None:
        task = make_task(scheduling=self.now + dt.timedelta(days=1))
        with override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE=f"{__name__}.RingingService"):
            self.assertFalse(notice_silence(make_report()))
            self.assertTrue(check_vitals().is_well)
            # One that should have rung did not.
            Task.objects.filter(pk=task.pk).update(cached_next_ride=self.now - 2 * MINUTE)
            self.assertFalse(check_vitals().is_well)
            self.assertTrue(notice_silence(make_report()))
            # Where a scheduler has been, it is missed at once.
            Task.objects.filter(pk=task.pk).update(cached_next_ride=self.now + MINUTE)
            TickerBeat.objects.create(kind="celery", host="web1", pid=1, interval=1, beat_at=self.now - 10 * MINUTE)
            self.assertFalse(check_vitals().is_well)

    def test_a_run_of_a_fresh_slot_shows_that_somebody_ticks(self) -> None:
        report = make_report(planned_at=self.now)
        with self.assertNumQueries(0):
            self.assertFalse(notice_silence(report))

    def test_while_somebody_ticks_a_worker_asks_once(self) -> None:
        tick()
        report = make_report()
        with self.assertNumQueries(1):
            self.assertFalse(notice_silence(report))


class KeepingTests(AlertCase):
    def test_of_a_subject_one_alert_goes_on_at_a_time(self) -> None:
        first = Alert.objects.raise_one("late", "1", "Late.")
        self.assertIsNone(Alert.objects.raise_one("late", "1", "Late."))
        with self.assertRaises(IntegrityError), transaction.atomic():
            Alert.objects.create(kind="late", message="x", open_key="late:1")
        assert first is not None
        self.assertTrue(first.end())
        self.assertFalse(Alert.objects.get().end())
        self.assertIsNotNone(Alert.objects.raise_one("late", "1", "Late."))

    def test_alerts_that_ended_long_ago_are_forgotten(self) -> None:
        old = Alert.objects.raise_one("late", "1", "Late.")
        assert old is not None
        old.end()
        Alert.objects.update(raised_at=self.now - dt.timedelta(days=91))
        Alert.objects.raise_one("late", "2", "Late.")
        self.assertEqual(Alert.objects.count(), 1)

    def test_handlers_say_which_kinds_they_are_told_of(self) -> None:
        self.planned_task(3 * MINUTE)
        with mine(alerts=["worker"]):
            self.look()
        self.assertEqual(Notification.objects.count(), 0)

    def test_alerts_of_tasks_go_by_the_tasks_and_categories_of_a_handler(self) -> None:
        self.planned_task(3 * MINUTE)
        with mine(tasks=["Others"]):
            self.look()
        self.assertEqual(Notification.objects.count(), 0)

    def test_a_look_costs_as_many_queries_whatever_there_is_to_see(self) -> None:
        with self.workers():
            self.look()
            with self.assertNumQueries(4):
                self.watch.look(timezone.now())
            for number in range(20):
                self.planned_task(MINUTE)
                make_report(make_task("migrate", str(number)), state="started", started_at=self.now)
            with self.assertNumQueries(4):
                self.watch.look(timezone.now())

    def test_a_fault_in_looking_does_not_keep_anything_from_being_told(self) -> None:
        report = make_report(state="started", started_at=self.now)
        with mine():
            report.finish("failed")
            with mock.patch.object(Watch, "look", mock.Mock(side_effect=RuntimeError("odd"))):
                with self.assertLogs("eztaskmanager", "ERROR"):
                    tick()
        self.assertEqual([event for event, _ in ListingHandler.told], ["failed"])

    def test_where_timers_ring_they_look_too(self) -> None:
        self.planned_task(3 * MINUTE)
        other = make_task("migrate")
        ring(other.pk)
        self.assertIn(Kind.LATE, self.kinds())

    def test_open_alerts_are_those_that_a_user_may_see_the_worst_first(self) -> None:
        secret = make_command("migrate")
        secret.allowed_groups.add(Group.objects.create(name="Few"))
        Alert.objects.raise_one("late", "1", "Late.", task_id=make_task().pk)
        Alert.objects.raise_one("late", "2", "Secret.", task_id=make_task("migrate").pk)
        Alert.objects.raise_one("ticker", "all", "Silent.")
        ended = Alert.objects.raise_one("late", "3", "Over.")
        assert ended is not None
        ended.end()
        user = make_user("olivia", "view_alert")
        user.has_perm("eztaskmanager.view_alert")
        with self.assertNumQueries(1):
            found = open_alerts(user)
        self.assertEqual([alert.message for alert in found], ["Silent.", "Late."])
        self.assertEqual(open_alerts(make_user("paul")), [])
        self.assertEqual(len(open_alerts(make_user("root", is_superuser=True))), 3)


@tag("databases")
@override_settings(
    EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", EZTASKMANAGER_ISOLATION="fork", EZTASKMANAGER_MIRROR_OUTPUT=False
)
class RealRunTests(TransactionTestCase):
    def test_a_worker_raises_and_tells_that_nobody_ticks(self) -> None:
        ListingHandler.told = []
        make_task(scheduling=timezone.now() + dt.timedelta(days=1))
        report = make_task("ez_end", "return", name="Sums").launch()
        with mine():
            run_management_command(report.task_id, report.pk)
        self.assertEqual([event for event, _ in ListingHandler.told], ["ticker"])
