"""`eztaskstatus` and `testnotification`, as monitoring and people call them."""

from __future__ import annotations

import datetime as dt
import io
import json
import subprocess
import sys
import threading
from contextlib import nullcontext
from typing import Any
from unittest import mock

from django.core.management import CommandError, call_command
from django.db import InterfaceError
from django.test import SimpleTestCase, TestCase, TransactionTestCase, override_settings
from django.utils import timezone

from eztaskmanager.management.commands import eztaskstatus
from eztaskmanager.models import Alert, LaunchReport, Notification, Task
from eztaskmanager.services.alerting import status as status_module
from eztaskmanager.services.queues import QueueStatus, get_task_service
from eztaskmanager.services.ticking import tick
from eztaskmanager.tests.factories import make_task
from eztaskmanager.tests.receivers import receiver
from eztaskmanager.tests.test_notification_outbox import WEBHOOK, ListingHandler, mine
from eztaskmanager.tests.test_notifications import BrokenHandler, NotingHandler, handlers, mail_server, make_ended
from eztaskmanager.tests.workers import PROJECT, WorkerProcess

MINUTE = dt.timedelta(minutes=1)


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", LANGUAGE_CODE="en")
class StatusTests(TestCase):
    n_workers = 1

    def setUp(self) -> None:
        queue: Any = get_task_service()
        queue.clear()
        patcher = mock.patch.object(queue, "status", lambda: [QueueStatus("default", self.n_workers, 0, None)])
        patcher.start()
        self.addCleanup(patcher.stop)
        self.now = timezone.now()

    def ask(self, *options: str) -> tuple[int, str]:
        out = io.StringIO()
        try:
            call_command("eztaskstatus", *options, stdout=out)
        except SystemExit as exc:
            return int(exc.code or 0), out.getvalue()
        return 0, out.getvalue()

    def make_late(self, minutes: float) -> Task:
        tick()
        task = make_task(name="Sums | more", scheduling=self.now + dt.timedelta(days=1))
        Task.objects.filter(pk=task.pk).update(cached_next_ride=self.now - dt.timedelta(minutes=minutes))
        return task

    def test_all_is_well(self) -> None:
        make_task()
        code, said = self.ask()
        self.assertEqual(code, 0)
        self.assertEqual(
            said, "EZTASKS OK - all is well | alerts=0 queued=0 running=0 late=0 stuck=0 tickers=0 workers=1\n"
        )

    def test_a_late_run_is_a_warning_and_one_that_is_very_late_critical(self) -> None:
        self.make_late(3)
        code, said = self.ask()
        head, line = said.splitlines()
        self.assertEqual(code, 1)
        self.assertTrue(head.startswith("EZTASKS WARNING - 1 alert | alerts=1 "), head)
        self.assertTrue(line.startswith("WARNING: Sums / more was to run at"), line)
        code, said = self.ask("--critical-after=60")
        self.assertEqual((code, said.split()[1]), (2, "CRITICAL"))

    def test_how_late_is_a_warning_can_be_said_and_changes_no_alert(self) -> None:
        self.make_late(3)
        self.assertEqual(self.ask("--warning-after=600")[0], 0)
        self.assertEqual(Alert.objects.open().count(), 1)
        Task.objects.update(cached_next_ride=self.now - MINUTE)
        self.assertEqual(self.ask("--warning-after=30")[0], 1)
        self.assertEqual(Alert.objects.open().count(), 0)

    def test_it_raises_and_tells_that_nobody_ticks(self) -> None:
        make_task(scheduling=self.now + dt.timedelta(days=1))
        ListingHandler.told = []
        with mine():
            code, said = self.ask()
        self.assertEqual((code, ListingHandler.told), (2, [("ticker", "No scheduler is running")]))
        self.assertIn("CRITICAL: Tasks are planned, and no scheduler has ever run.", said)
        tick()
        self.assertEqual(self.ask()[0], 0)

    def test_a_queue_that_has_no_worker_at_this_moment_is_a_warning_and_no_alert_yet(self) -> None:
        make_task()
        self.n_workers = 0
        self.assertEqual(self.ask()[0], 1)
        self.assertFalse(Alert.objects.exists())

    def test_a_lost_run_and_a_schedule_in_error_are_warnings(self) -> None:
        report = make_ended("", state="started", started_at=self.now)
        report.finish("lost", error="No sign of life.")
        Task.objects.update(schedule_error="odd")
        code, said = self.ask("--json")
        told = json.loads(said)
        self.assertEqual((code, told["status"], told["code"]), (1, "WARNING", 1))
        self.assertEqual(sorted(problem["kind"] for problem in told["problems"]), ["lost", "schedule"])
        self.assertEqual(told["figures"]["alerts"], 2)

    def test_an_engine_that_is_away_keeps_its_alert(self) -> None:
        make_task()
        Alert.objects.raise_one("worker", "default", "No worker.", queue="default")
        with mock.patch.object(status_module.finding, "find_queues", return_value=None):
            code, said = self.ask()
        self.assertEqual(code, 2)
        self.assertNotIn("workers=", said)

    def test_an_engine_that_cannot_be_asked_is_a_warning(self) -> None:
        with mock.patch.object(status_module.finding, "find_queues", return_value=None):
            code, said = self.ask()
        self.assertEqual(code, 1)
        self.assertIn("WARNING: The queue service does not tell how its queues do", said)
        self.assertFalse(Alert.objects.exists())

    def test_what_nobody_expects_is_unknown(self) -> None:
        for error in (OverflowError("too large"), InterfaceError("the connection is closed")):
            with self.subTest(error), mock.patch.object(eztaskstatus, "get_status", side_effect=error):
                with self.assertLogs("eztaskmanager", "ERROR") if isinstance(error, OverflowError) else nullcontext():
                    code, said = self.ask()
                self.assertEqual(code, 3)
                self.assertTrue(said.startswith("EZTASKS UNKNOWN - "), said)
                self.assertIn(str(error), said)


class SilentTests(TransactionTestCase):
    def test_a_database_that_takes_too_long_is_unknown(self) -> None:
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        out = io.StringIO()
        with mock.patch.object(eztaskstatus, "get_status", lambda *args: go_on.wait(60)):
            with mock.patch.object(eztaskstatus, "LOOK_TIME", 0.1), self.assertRaises(SystemExit) as caught:
                call_command("eztaskstatus", stdout=out)
        self.assertEqual(caught.exception.code, 3)
        self.assertIn(
            "EZTASKS UNKNOWN - The database, or the queue service, did not answer within 0.1 s.", out.getvalue()
        )


class AwayTests(SimpleTestCase):
    def test_a_database_that_is_away_is_unknown(self) -> None:
        worker = WorkerProcess((), {})
        self.addCleanup(worker.log.close)
        done = subprocess.run(
            [sys.executable, str(PROJECT / "manage.py"), "eztaskstatus"],
            env={**worker.environment, "DEMO_DATABASE": "postgres", "PGHOST": "127.0.0.1", "PGPORT": "1"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertTrue(done.stdout.startswith("EZTASKS UNKNOWN - The database does not answer"), done.stdout)


@override_settings(LANGUAGE_CODE="en")
class TestNotificationTests(TestCase):
    def say(self, *arguments: str) -> str:
        out = io.StringIO()
        call_command("testnotification", *arguments, stdout=out)
        return out.getvalue()

    def test_a_mail_is_really_sent(self) -> None:
        with mail_server() as messages:
            arguments = {"from_email": "a@example.org", "recipients": "b@example.org", "timeout": 60}
            path = "eztaskmanager.services.notifications.EmailNotificationHandler"
            with handlers(mail={"class": path, "level": "failed", "results": ["failed"], **arguments}):
                said = self.say("mail")
        self.assertIn("It was told.", said)
        self.assertEqual(messages[0]["Subject"], "Task Example of a task: failed")
        self.assertEqual((Notification.objects.count(), LaunchReport.objects.count(), Task.objects.count()), (0, 0, 0))

    def test_each_event_can_be_tried(self) -> None:
        events = "ok warnings errors failed stopped timeout lost skipped recovered late stuck schedule worker ticker"
        with receiver() as server, handlers(hook={"class": WEBHOOK, "url": server.url}):
            for event in events.split():
                self.say("hook", "--event", event)
        self.assertEqual([request.json["event"] for request in server.requests], events.split())

    def test_a_report_can_be_told_of(self) -> None:
        report = make_ended("failed", error="boom")
        ListingHandler.told = []
        with mine():
            self.say("mine", "--report", str(report.pk), "--event", "recovered")
            with self.assertRaisesMessage(CommandError, "There is no report 0."):
                self.say("mine", "--report", "0")
        self.assertEqual(ListingHandler.told, [("recovered", "Nightly <sums> & more")])

    def test_one_that_fails_says_why(self) -> None:
        with handlers(broken={"class": f"{BrokenHandler.__module__}.BrokenHandler"}):
            with self.assertRaisesMessage(CommandError, "It was not told: ConnectionError: nobody there"):
                self.say("broken")
        with handlers(missing={"class": "no.such.Handler"}):
            with self.assertRaisesMessage(CommandError, "It was not told: ModuleNotFoundError"):
                self.say("missing")
        with handlers(wrong={"class": "x.y", "level": "loud"}):
            with self.assertRaisesMessage(CommandError, "cannot be read"):
                self.say("wrong")

    def test_the_names_are_told(self) -> None:
        with mine():
            self.assertEqual(self.say(), "Handlers: mine.\n")
            with self.assertRaisesMessage(CommandError, "There is no handler 'other'; there are: mine."):
                self.say("other")

    def test_a_handler_that_knows_runs_alone_says_so_of_an_alert(self) -> None:
        with handlers(noting={"class": f"{NotingHandler.__module__}.NotingHandler"}):
            with self.assertRaisesMessage(CommandError, "cannot tell of alerts"):
                self.say("noting", "--event", "late")
            NotingHandler.told = []
            self.say("noting", "--event", "errors")
        self.assertEqual(NotingHandler.told, ["errors"])
