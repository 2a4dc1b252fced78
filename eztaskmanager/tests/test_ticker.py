"""The loop around the tick, and its command."""

from __future__ import annotations

import datetime as dt
import io
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from unittest import mock

from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import SimpleTestCase, TestCase, override_settings
from django.utils import timezone

from eztaskmanager.models import LaunchReport
from eztaskmanager.services import ticker as ticker_module
from eztaskmanager.services.sideline import Sideline
from eztaskmanager.services.ticker import LOOK, Ticker
from eztaskmanager.tests.factories import make_task
from eztaskmanager.tests.waiting import wait_until


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class TickerTests(TestCase):
    def setUp(self) -> None:
        self.said: list[str] = []
        self.ticker = Ticker(15, None, self.said.append)
        self.addCleanup(self.ticker._chores.close)
        # A connection inside a test's transaction must stay.
        for name in ("close_old_connections", "connection"):
            patcher = mock.patch.object(ticker_module, name)
            patcher.start()
            self.addCleanup(patcher.stop)

    def test_a_database_that_is_away_is_told_of_once_and_outlived(self) -> None:
        away = mock.Mock(side_effect=OperationalError("gone"))
        for _ in range(3):
            self.assertEqual(self.ticker.guarded(away), LOOK)
        self.assertEqual(self.ticker.guarded(lambda: 0.5), 0.5)
        self.assertEqual(len(self.said), 2)
        self.assertIn("gone", self.said[0])
        self.assertIn("answers again", self.said[1])

    def test_an_error_nobody_expected_is_logged_and_outlived(self) -> None:
        with self.assertLogs("eztaskmanager", "ERROR"):
            self.assertEqual(self.ticker.guarded(mock.Mock(side_effect=RuntimeError("odd"))), LOOK)

    def test_it_sleeps_until_the_next_slot_but_not_past_its_next_look(self) -> None:
        self.assertEqual(self.ticker._wait(), LOOK)
        make_task(scheduling=timezone.now() + dt.timedelta(hours=1))
        self.assertEqual(self.ticker._wait(), LOOK)
        task = make_task(scheduling=timezone.now() + dt.timedelta(hours=2))
        type(task).objects.update(cached_next_ride=timezone.now() - dt.timedelta(seconds=1))
        self.assertEqual(self.ticker._wait(), 0.0)

    def test_a_schedule_saved_between_two_ticks_is_run_by_the_next_look(self) -> None:
        self.ticker._tick()
        task = make_task(scheduling=timezone.now() + dt.timedelta(hours=1))
        type(task).objects.update(cached_next_ride=timezone.now())
        self.ticker._peek()
        self.assertEqual(LaunchReport.objects.filter(task=task, enqueued_at__isnull=False).count(), 1)

    def test_the_health_file_is_touched_by_whole_ticks_that_worked(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            health = Path(folder) / "health"
            ticker = Ticker(15, health, self.said.append)
            self.addCleanup(ticker._chores.close)
            with mock.patch.object(ticker_module, "tick", side_effect=OperationalError):
                ticker.guarded(ticker._tick)
            self.assertFalse(health.exists())
            ticker.guarded(ticker._tick)
            self.assertTrue(health.exists())
            os.utime(health, (0, 0))
            ticker.guarded(ticker._peek)
            self.assertEqual(health.stat().st_mtime, 0)


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class SchedulerCommandTests(TestCase):
    def test_one_tick_runs_what_is_due_and_ends(self) -> None:
        task = make_task(scheduling=timezone.now() + dt.timedelta(hours=1))
        type(task).objects.update(cached_next_ride=timezone.now())
        out = io.StringIO()
        call_command("eztaskscheduler", "--once", stdout=out)
        self.assertIn("Slots run: 1", out.getvalue())

    def test_bad_options_are_refused_with_a_sentence(self) -> None:
        for option in ("--interval=0", "--interval=soon"):
            with self.assertRaisesMessage(CommandError, "is not a number of seconds from 1 to 3600"):
                call_command("eztaskscheduler", option)
        with self.assertRaisesMessage(CommandError, "no directory '/no/such/place'"):
            call_command("eztaskscheduler", "--health-file=/no/such/place/health")


class SidelineTests(SimpleTestCase):
    def test_woken_while_it_works_it_works_once_more_and_then_its_thread_ends(self) -> None:
        done: list[str] = []
        goes_on, began = threading.Event(), threading.Event()

        def work() -> None:
            done.append(threading.current_thread().name)
            began.set()
            goes_on.wait(60)

        sideline = Sideline(work)
        sideline.wake()
        began.wait(60)
        sideline.wake()
        sideline.wake()
        goes_on.set()
        wait_until(lambda: sideline._thread is None)
        self.assertEqual(done, ["eztaskmanager sideline"] * 2)

    def test_a_fault_is_logged_and_does_not_end_it(self) -> None:
        sideline = Sideline(mock.Mock(side_effect=RuntimeError("odd")))
        for _ in range(2):
            with self.assertLogs("eztaskmanager", "ERROR"):
                sideline.wake()
                wait_until(lambda: sideline._thread is None)

    def test_work_that_exits_is_a_fault_like_any_other(self) -> None:
        done: list[int] = []

        def work() -> None:
            done.append(1)
            sys.exit(3)

        sideline = Sideline(work)
        with self.assertLogs("eztaskmanager", "ERROR") as logs:
            for count in (1, 2):
                sideline.wake()
                wait_until(lambda count=count: len(done) == count and sideline._thread is None)
        self.assertEqual(len(logs.records), 2)

    def test_whatever_ends_its_thread_the_next_call_starts_another(self) -> None:
        done: list[int] = []
        sideline = Sideline(lambda: done.append(1))
        # Threads tell nobody of an exit.
        with mock.patch("eztaskmanager.services.sideline.close_old_connections", side_effect=SystemExit):
            sideline.wake()
            wait_until(lambda: sideline._thread is None)
        sideline.wake()
        wait_until(lambda: done == [1] and sideline._thread is None)

    def test_its_end_waits_for_what_goes_on_and_begins_no_more(self) -> None:
        began, n_done = threading.Event(), []

        def work() -> None:
            began.set()
            time.sleep(0.2)
            n_done.append(1)

        sideline = Sideline(work)
        sideline.wake()
        began.wait(60)
        sideline.wake()
        sideline.close()
        self.assertEqual(n_done, [1])
