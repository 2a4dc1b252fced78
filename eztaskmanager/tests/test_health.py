"""Whether it works, told to those who watch: little to everyone, more to those who may know."""

from __future__ import annotations

import datetime as dt
import threading
import time
from typing import Any
from unittest import mock

from django.contrib.auth.models import Permission
from django.db import OperationalError, connection
from django.test import Client, SimpleTestCase, TestCase, TransactionTestCase, override_settings, tag
from django.utils import timezone

from eztaskmanager.models import LaunchReport, Task, TickerBeat
from eztaskmanager.services.impatience import Impatient, TooSlow
from eztaskmanager.services.monitoring import Vitals, look_at_vitals, missing_migrations, tell_of_waiting
from eztaskmanager.services.queues import get_task_service
from eztaskmanager.services.queues.memory import MemoryTaskQueueService
from eztaskmanager.tests.factories import make_report, make_task, make_user

ADDRESS = "/eztaskmanager/health/"
TOKEN = "a token that is long enough"
State = LaunchReport.State


class LookTests(SimpleTestCase):
    def test_a_look_that_another_thread_begins_anew_meanwhile_is_still_told(self) -> None:
        look = type(look_at_vitals)()
        vitals = look._vitals = Vitals(needs_ticker=False, has_ticker=False, seconds=0.0)
        look._good_until = time.monotonic() + 60

        def forget() -> float:
            look.forget()
            return 0.0

        with mock.patch("eztaskmanager.services.monitoring.time.monotonic", forget):
            self.assertIs(look(), vitals)


class OddService(MemoryTaskQueueService):
    """An engine whose status fails in its own way."""

    def status(self) -> Any:
        """Fail."""
        raise ValueError("the engine's own words")


def schedule(task: Task, seconds: float = 3600) -> None:
    """Have a task wait for a ride."""
    Task.objects.filter(pk=task.pk).update(cached_next_ride=timezone.now() + dt.timedelta(seconds=seconds))


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", EZTASKMANAGER_MONITORING_TOKEN=TOKEN)
class Watch(SimpleTestCase):
    """Someone who asks how it is doing."""

    def setUp(self) -> None:
        queue: Any = get_task_service()
        queue.clear()
        self.queue = queue
        look_at_vitals.forget()
        self.addCleanup(look_at_vitals.forget)

    def ask(self, token: str | None = None, status: int = 200, client: Client | None = None) -> dict[str, Any]:
        look_at_vitals.forget()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = (client or self.client).get(ADDRESS, headers=headers)
        self.assertEqual(answer.status_code, status, answer.content)
        self.assertIn("no-store", answer["Cache-Control"])
        found: dict[str, Any] = answer.json()
        return found


@tag("databases")
class HealthTests(Watch, TestCase):
    def test_everyone_is_told_whether_it_works_and_nothing_else(self) -> None:
        self.assertEqual(self.ask(), {"status": "ok"})

    def test_a_schedule_that_nobody_follows_is_failing(self) -> None:
        schedule(make_task())
        self.assertEqual(self.ask(status=503), {"status": "failing"})
        TickerBeat.objects.beat("eztaskscheduler", 15)
        self.assertEqual(self.ask(), {"status": "ok"})
        TickerBeat.objects.update(beat_at=timezone.now() - dt.timedelta(hours=1))
        self.assertEqual(self.ask(status=503), {"status": "failing"})

    def test_a_retry_that_waits_needs_a_ticker_too(self) -> None:
        make_report(due_at=timezone.now() + dt.timedelta(hours=1))
        self.assertEqual(self.ask(status=503), {"status": "failing"})

    def test_the_public_part_costs_three_queries_and_for_a_second_none(self) -> None:
        with self.assertNumQueries(3):
            self.ask()
        with self.assertNumQueries(0):
            self.client.get(ADDRESS)

    def test_the_token_opens_the_details(self) -> None:
        make_report(state=State.STARTED, started_at=timezone.now(), heartbeat_at=timezone.now())
        TickerBeat.objects.beat("celery", 1)
        checks = self.ask(TOKEN)["checks"]
        self.assertEqual(set(checks), {"database", "migrations", "ticker", "queue", "runs"})
        self.assertTrue(all(check["ok"] for check in checks.values()), checks)
        self.assertEqual(checks["database"]["vendor"], connection.vendor)
        self.assertEqual(checks["ticker"]["tickers"][0]["kind"], "celery")
        self.assertEqual(checks["queue"]["queues"][0]["name"], "default")
        self.assertEqual(checks["runs"]["running"], 1)

    def test_a_wrong_token_or_none_set_gives_the_public_part(self) -> None:
        self.assertEqual(self.ask("another token that is long"), {"status": "ok"})
        self.assertEqual(self.ask("é" * 20), {"status": "ok"})
        with override_settings(EZTASKMANAGER_MONITORING_TOKEN=None):
            self.assertEqual(self.ask("None"), {"status": "ok"})

    def test_staff_who_may_see_reports_are_told_more(self) -> None:
        user = make_user("olivia")
        self.client.force_login(user)
        self.assertNotIn("checks", self.ask())
        user.user_permissions.add(Permission.objects.get(codename="view_launchreport"))
        self.assertIn("checks", self.ask())
        user.is_staff = False
        user.save()
        self.assertNotIn("checks", self.ask())

    def test_an_engine_that_is_away_is_told_of_in_the_details(self) -> None:
        self.queue.is_away = True
        self.addCleanup(setattr, self.queue, "is_away", False)
        queue = self.ask(TOKEN)["checks"]["queue"]
        self.assertFalse(queue["ok"])
        self.assertIn("cannot be reached", queue["error"])

    @override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE=f"{__name__}.OddService")
    def test_an_engine_that_raises_anything_is_no_error_page(self) -> None:
        self.assertEqual(self.ask(TOKEN)["checks"]["queue"]["error"], "the engine's own words")

    def test_runs_that_wait_and_runs_that_are_silent_are_told(self) -> None:
        now = timezone.now()
        task = make_task(queue="slow")
        waiting = make_report(task)
        LaunchReport.objects.filter(pk=waiting.pk).update(invocation_datetime=now - dt.timedelta(minutes=5))
        make_report(task, due_at=now + dt.timedelta(hours=1))
        make_report(task, state=State.STARTED, started_at=now, heartbeat_at=now - dt.timedelta(hours=1))
        make_report(task, state=State.FINISHED, invocation_result="lost", finished_at=now)
        TickerBeat.objects.beat("eztaskscheduler", 15)
        runs = self.ask(TOKEN)["checks"]["runs"]
        self.assertEqual((runs["ok"], runs["silent"], runs["lost_in_the_last_hour"]), (False, 1, 1))
        default, slow = tell_of_waiting(timezone.now())
        self.assertEqual((default.queue, default.depth), ("default", 0))
        self.assertEqual((slow.queue, slow.depth, round(slow.oldest_wait / 10)), ("slow", 1, 30))

    def test_a_slot_that_is_late_is_told(self) -> None:
        schedule(make_task(), -90)
        TickerBeat.objects.beat("eztaskscheduler", 15)
        self.assertAlmostEqual(self.ask(TOKEN)["checks"]["ticker"]["seconds_late"], 90, delta=20)

    def test_no_migration_is_missing_here(self) -> None:
        self.assertEqual(missing_migrations(), [])

    def test_what_changes_something_is_not_taken(self) -> None:
        self.assertEqual(self.client.post(ADDRESS).status_code, 405)
        self.assertEqual(self.client.head(ADDRESS).status_code, 200)


class DatabaseAwayTests(Watch, TransactionTestCase):
    def test_it_is_failing_and_no_error_page(self) -> None:
        with override_settings(DATABASE_ROUTERS=[f"{__name__}.Nowhere"]):
            self.assertEqual(self.ask(status=503), {"status": "failing"})
            checks = self.ask(TOKEN, 503)["checks"]
        self.assertEqual(set(checks), {"database"})
        with override_settings(DATABASE_ROUTERS=[f"{__name__}.Nowhere"]), self.assertNoLogs("django.request"):
            # Whose errors are mailed.
            self.ask(status=503)
        self.assertFalse(checks["database"]["ok"])
        self.assertIn("away", checks["database"]["error"])

    def test_it_works_again_when_the_database_does(self) -> None:
        with override_settings(DATABASE_ROUTERS=[f"{__name__}.Nowhere"]):
            self.ask(status=503)
        self.assertEqual(self.ask(), {"status": "ok"})


class Nowhere:
    """A router to a database that is away."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        """Fail."""
        raise OperationalError("the database is away")


class ImpatienceTests(TransactionTestCase):
    def test_it_waits_no_longer_than_told_and_begins_no_second_while_the_first_hangs(self) -> None:
        go_on = threading.Event()
        began: list[int] = []

        def hang() -> str:
            began.append(1)
            go_on.wait(60)
            return "late"

        step = Impatient(hang, 0.05, "The engine")
        before = time.monotonic()
        with self.assertRaisesMessage(TooSlow, "The engine did not answer within 0.05 s."):
            step()
        with self.assertRaisesMessage(TooSlow, "for a while"):
            step()
        self.assertLess(time.monotonic() - before, 30)
        self.assertEqual(len(began), 1)
        go_on.set()
        slow = Impatient(lambda: time.sleep(0.3), 0.4, "It")
        slow._busy.acquire()
        threading.Timer(0.3, slow._busy.release).start()
        with self.assertRaises(TooSlow):
            # What was waited for the one before is not waited for once more.
            slow()
        wait = Impatient(lambda: "soon", 60, "It")
        self.assertEqual(wait(), "soon")

    def test_what_the_step_raises_is_raised(self) -> None:
        def fail() -> str:
            raise ValueError("its words")

        with self.assertRaisesMessage(ValueError, "its words"):
            Impatient(fail, 60, "It")()
