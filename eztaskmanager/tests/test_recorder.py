"""The journal of a run: never in the way of the run, and complete in the end, wherever the database was meanwhile."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import tempfile
import threading
import time
import unittest
from collections.abc import Iterator
from typing import Any
from unittest import mock

from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection, connections
from django.test import SimpleTestCase, TestCase, TransactionTestCase, override_settings, tag
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from eztaskmanager.models import AppCommand, LaunchReport, Log, Task, TaskCategory
from eztaskmanager.output import Line
from eztaskmanager.services import backlog as backlogs, recorder as recorders
from eztaskmanager.services.backlog import Backlog
from eztaskmanager.services.recorder import Recorder
from eztaskmanager.supervision import Job, supervise
from eztaskmanager.tests.factories import make_report
from eztaskmanager.tests.private_servers import PrivatePostgres
from eztaskmanager.tests.services import requires_private_postgres
from eztaskmanager.tests.waiting import wait_until


def lines(start: int, stop: int, width: int = 0) -> list[Line]:
    return [Line(time.time(), "INFO", "stdout", f"{number:0{width}d}") for number in range(start, stop)]


def started_report(**fields: Any) -> LaunchReport:
    now = timezone.now()
    return make_report(state="started", started_at=now, heartbeat_at=now, **fields)


class RecorderCase(TransactionTestCase):
    def setUp(self) -> None:
        self.report = started_report()

    def messages(self) -> list[str]:
        return list(self.report.logs.order_by("seq").values_list("message", flat=True))

    def assert_has(self, start: int, stop: int) -> None:
        self.assertEqual(self.messages(), [str(number) for number in range(start, stop)])
        self.report.refresh_from_db()
        self.assertEqual(self.report.n_log_lines, stop - start)


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class RecorderTests(RecorderCase):
    def test_lines_are_readable_while_the_run_goes_on(self) -> None:
        with Recorder(self.report.pk) as recorder:
            recorder.write(lines(0, 3))
            self.assertFalse(recorder.should_stop())
            wait_until(lambda: len(self.messages()) == 3)
            recorder.write(lines(3, 6))
            wait_until(lambda: len(self.messages()) == 6)
        self.assert_has(0, 6)

    def test_a_run_of_a_moment_needs_few_queries_and_no_thread(self) -> None:
        with CaptureQueriesContext(connection) as queries:
            with Recorder(self.report.pk) as recorder:
                recorder.write(lines(0, 3))
        self.assertLessEqual(len(queries), 6)
        self.assertIsNone(recorder._thread)
        self.assert_has(0, 3)
        with self.assertNumQueries(0), Recorder(self.report.pk):
            pass

    def test_progress_heart_and_process_are_kept(self) -> None:
        long_ago = timezone.now() - dt.timedelta(hours=1)
        LaunchReport.objects.update(heartbeat_at=long_ago)
        with Recorder(self.report.pk) as recorder:
            recorder.note_pid(4321)
            recorder.progress(1.0, 4.0, "a quarter")
            recorder.should_stop()
            wait_until(lambda: LaunchReport.objects.get().progress_current == 1.0)
            recorder.progress(2.0, 4.0, "half " * 100)
        self.report.refresh_from_db()
        self.assertEqual((self.report.progress_current, self.report.progress_total), (2.0, 4.0))
        self.assertEqual((self.report.pid, len(self.report.progress_text)), (4321, 255))
        assert self.report.heartbeat_at is not None
        self.assertGreater(self.report.heartbeat_at, long_ago)

    def test_a_stop_request_is_seen(self) -> None:
        with Recorder(self.report.pk) as recorder:
            self.assertFalse(recorder.should_stop())
            self.report.stop()
            wait_until(recorder.should_stop)

    def test_a_stop_request_is_seen_while_lines_pour_in(self) -> None:
        with Recorder(self.report.pk) as recorder:
            self.report.stop()

            def pour() -> bool:
                recorder.write(lines(0, 500))
                return recorder.should_stop()

            wait_until(pour, every=0.001)

    def test_a_run_whose_report_was_deleted_is_to_stop(self) -> None:
        with Recorder(self.report.pk) as recorder:
            recorder.should_stop()
            LaunchReport.objects.all().delete()
            recorder.write(lines(0, 3))
            wait_until(recorder.should_stop)

    def test_a_run_taken_for_lost_comes_back_and_keeps_its_lines(self) -> None:
        with Recorder(self.report.pk) as recorder:
            LaunchReport.objects.update(state="finished", invocation_result="lost", finished_at=timezone.now())
            recorder.write(lines(0, 3))
            recorder.should_stop()
            wait_until(lambda: LaunchReport.objects.get().state == "started")
            self.assertFalse(recorder.should_stop())
        self.assert_has(0, 3)

    def test_many_lines_are_all_there_in_order(self) -> None:
        with Recorder(self.report.pk) as recorder:
            for start in range(0, 30_000, 100):
                recorder.write(lines(start, start + 100))
        self.assert_has(0, 30_000)

    def test_while_the_database_is_away_nothing_waits_and_nothing_is_lost(self) -> None:
        with mock.patch.object(backlogs, "BLOCK_LINES", 50), Recorder(self.report.pk) as recorder:
            with self.away(recorder):
                for start in range(0, 1000, 10):
                    recorder.write(lines(start, start + 10))
                recorder.should_stop()
                wait_until(lambda: recorder._is_away)
                self.assertEqual(self.messages(), [])
                self.assertGreater(len(recorder._backlog._blocks), 0)
            wait_until(lambda: len(self.messages()) == 1000)
            recorder.write(lines(1000, 1010))
        self.assert_has(0, 1010)

    def test_at_the_end_the_database_is_waited_for(self) -> None:
        recorder = Recorder(self.report.pk)
        with self.away(recorder):
            recorder.write(lines(0, 10))
            recorder.start()
            closing = threading.Thread(target=recorder.close)
            closing.start()
            wait_until(lambda: recorder._is_away)
            self.assertTrue(closing.is_alive())
        closing.join(60)
        self.assertFalse(closing.is_alive())
        self.assert_has(0, 10)

    def test_a_line_that_is_refused_takes_no_other_with_it(self) -> None:
        with Recorder(self.report.pk) as recorder:
            insert = recorder._writer._insert

            def refuse(n_written: int, batch: Any) -> None:
                if any(line.message == "7" for line in batch):
                    raise DatabaseError("this line is not to my taste")
                insert(n_written, batch)

            recorder._writer._insert = refuse  # type: ignore[method-assign]
            recorder.write(lines(0, 10))
            with self.assertLogs(recorders.logger, logging.ERROR):
                recorder.close()
        self.assertEqual(self.messages(), [str(number) for number in range(10) if number != 7])

    def test_progress_that_is_refused_holds_up_neither_lines_nor_the_end(self) -> None:
        with Recorder(self.report.pk) as recorder:
            recorder.write(lines(0, 3))
            recorder.progress("half", None, "")  # type: ignore[arg-type]
            with self.assertLogs(recorders.logger, logging.ERROR):
                recorder.close()
        self.assert_has(0, 3)

    def test_what_never_works_is_given_up_at_the_end(self) -> None:
        with self.assertLogs(recorders.logger, logging.ERROR), Recorder(self.report.pk) as recorder:
            recorder._beat = mock.Mock(side_effect=ValueError("never"))  # type: ignore[method-assign]
            recorder._next_beat = 0
            recorder.write(lines(0, 3))
            recorder.close()

    def test_a_report_is_deleted_while_lines_pour_in(self) -> None:
        for _ in range(10):
            report = started_report()
            with Recorder(report.pk) as recorder:
                recorder.start()
                for start in range(0, 20_000, 1_000):
                    recorder.write(lines(start, start + 1_000))
                report.task.delete()
        self.assertFalse(LaunchReport.objects.exclude(pk=self.report.pk).exists())

    def test_a_batch_that_fails_while_the_database_answers_is_taken_apart(self) -> None:
        with Recorder(self.report.pk) as recorder:
            insert = recorder._writer._insert

            def refuse(n_written: int, batch: Any) -> None:
                if any(len(line.message) > 200_000 for line in batch):
                    raise OperationalError("Got a packet bigger than 'max_allowed_packet' bytes")
                insert(n_written, batch)

            recorder._writer._insert = refuse  # type: ignore[method-assign]
            recorder.write([*lines(0, 2), *lines(2, 3, 300_000), *lines(3, 5)])
            with self.assertLogs(recorders.logger, logging.WARNING):
                recorder.close()
        messages = self.messages()
        self.assertEqual([message[:1] for message in messages], ["0", "1", "0", "3", "4"])
        self.assertIn("300000 characters", messages[2])

    def test_a_supervised_run_has_its_lines_and_progress(self) -> None:
        with Recorder(self.report.pk) as recorder:
            job = Job("ez_work", ("track",), launch_report_id=self.report.pk, log_level=20, isolation="fork")
            outcome = supervise(
                job, journal=recorder, should_stop=recorder.should_stop, started=recorder.note_pid, stop_grace=600
            )
        self.assertEqual((outcome.end, self.messages()), ("returned", ["a", "b", "c"]))
        self.report.refresh_from_db()
        done = (self.report.progress_current, self.report.progress_total, self.report.progress_text)
        self.assertEqual(done, (3, 3, "letters"))

    def test_inline_the_journals_own_queries_are_no_lines(self) -> None:
        with override_settings(DEBUG=True), Recorder(self.report.pk) as recorder:
            recorder.start()

            def should_stop() -> bool:
                # For as long as the thread takes to write twice.
                wait_until(lambda: LaunchReport.objects.get().n_log_lines > 0)
                recorder.write(lines(0, 1))
                wait_until(lambda: LaunchReport.objects.get().n_log_lines > 1)
                return False

            job = Job("ez_work", ("progress",), log_level=10, isolation="inline")
            recorder.write(lines(0, 1))
            supervise(job, journal=recorder, should_stop=should_stop)
        self.assertEqual([line for line in self.messages() if "eztaskmanager_log" in line], [])

    def test_lines_said_within_a_transaction_are_readable_while_it_is_open_and_stay_when_it_is_rolled_back(
        self,
    ) -> None:
        if connection.vendor == "sqlite":
            self.skipTest("SQLite has one writer, which the command is as long as its transaction is open.")
        seen: list[tuple[list[str], int]] = []
        with Recorder(self.report.pk) as recorder:

            def should_stop() -> bool:
                recorder.should_stop()
                if self.messages():
                    seen.append((self.messages(), TaskCategory.objects.count()))
                return bool(seen)

            job = Job("ez_work", ("hold_transaction", "--text", "not to stay"), isolation="fork")
            outcome = supervise(job, journal=recorder, should_stop=should_stop, stop_grace=600)
        self.assertEqual(outcome.end, "stopped")
        self.assertEqual(seen, [(["inside a transaction"], 0)])
        self.assertEqual((self.messages(), TaskCategory.objects.count()), (["inside a transaction"], 0))

    @contextlib.contextmanager
    def away(self, recorder: Recorder) -> Iterator[None]:
        """Have no database for whoever connects anew, and for what the recorder sends."""

        def refuse(*args: object) -> None:
            raise OperationalError("the database is away")

        with (
            mock.patch.object(recorder._writer, "write", refuse),
            mock.patch.object(recorder, "_beat", refuse),
            self.assertLogs(recorders.logger, logging.WARNING),
        ):
            yield


class TransactionTests(TestCase):
    def test_within_a_transaction_of_a_test_the_lines_are_written_at_the_end(self) -> None:
        report = started_report()
        with Recorder(report.pk) as recorder:
            recorder.write(lines(0, 3))
            self.assertFalse(recorder.should_stop())
            recorder.write(lines(3, 6))
            self.assertIsNone(recorder._thread)
        self.assertEqual(list(report.logs.order_by("seq").values_list("message", flat=True)), list("012345"))


class BacklogTests(SimpleTestCase):
    def drain(self, backlog: Backlog) -> list[str]:
        taken = []
        while batch := backlog.take():
            taken += [line.message for line in batch]
        return taken

    def test_what_does_not_fit_goes_to_disk_and_comes_back_in_order(self) -> None:
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(backlogs, "BLOCK_LINES", 10):
            backlog = Backlog(folder)
            for start in range(0, 100, 5):
                backlog.put(lines(start, start + 5))
            self.assertLess(len(backlog._newest), 15)
            # It has no name there: nobody else can read it, and nothing of it stays.
            self.assertEqual(os.listdir(folder), [])
            first = [line.message for line in backlog.take()]
            backlog.put(lines(100, 105))
            self.assertEqual(first + self.drain(backlog), [str(number) for number in range(105)])
            backlog.put(lines(105, 150))
            self.assertEqual(self.drain(backlog), [str(number) for number in range(105, 150)])
            backlog.close()

    def test_memory_stays_flat_however_much_waits(self) -> None:
        backlog = Backlog()
        for start in range(0, 200_000, 1000):
            backlog.put(lines(start, start + 1000))
            self.assertLess(len(backlog._newest), backlogs.BLOCK_LINES + 1000)
        backlog.close()

    def test_a_disk_that_takes_nothing_is_survived_and_what_is_dropped_is_told(self) -> None:
        with (
            mock.patch.object(backlogs, "BLOCK_LINES", 10),
            mock.patch.object(backlogs, "MOST_LINES", 20),
        ):
            backlog = Backlog("/nowhere")
            for start in range(0, 100, 5):
                backlog.put(lines(start, start + 5))
            kept = self.drain(backlog)
            self.assertEqual(kept[:-1], [str(number) for number in range(len(kept) - 1)])
            self.assertIn(f"{100 - (len(kept) - 1)} lines were dropped here", kept[-1])
            backlog.put(lines(100, 105))
            self.assertEqual(self.drain(backlog), [str(number) for number in range(100, 105)])

    def test_a_disk_that_has_room_again_is_used_again(self) -> None:
        with mock.patch.object(backlogs, "BLOCK_LINES", 10), mock.patch.object(backlogs, "DISK_AGAIN", 0):
            backlog = Backlog("/nowhere")
            backlog.put(lines(0, 15))
            self.assertEqual(backlog._blocks, [])
            backlog._directory = None
            backlog.put(lines(15, 30))
            self.assertEqual(len(backlog._blocks), 1)
            self.assertEqual(self.drain(backlog), [str(number) for number in range(30)])
            backlog.close()


@requires_private_postgres
class RestartTests(unittest.TestCase):
    """A PostgreSQL of the test's own, which goes away in the middle of a run; Django's cases let no other alias in."""

    def setUp(self) -> None:
        self.server = PrivatePostgres()
        self.addCleanup(self.server.close)
        self.server.start()
        entry = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "postgres",
            "HOST": "127.0.0.1",
            "PORT": self.server.port,
        }
        connections.settings["private"] = connections.configure_settings({"default": {}, "private": entry})["private"]
        self.addCleanup(self.forget_alias)
        call_command("migrate", "eztaskmanager", database="private", verbosity=0)
        self.report = self.make_report()

    def forget_alias(self) -> None:
        connections["private"].close()
        del connections["private"]
        del connections.settings["private"]

    def make_report(self) -> LaunchReport:
        command = AppCommand.objects.using("private").create(name="ez_talk", app_name="x")
        task = Task.objects.using("private").create(name="t", command=command)
        now = timezone.now()
        return LaunchReport.objects.using("private").create(
            task=task, command="ez_talk", state="started", started_at=now, heartbeat_at=now
        )

    def test_every_line_is_there_once_after_a_restart_in_the_middle(self) -> None:
        rows = Log.objects.using("private").filter(launch_report=self.report.pk)
        n_lines = 0
        with self.assertLogs(recorders.logger, logging.WARNING), Recorder(self.report.pk, "private") as recorder:

            def say(count: int) -> None:
                nonlocal n_lines
                recorder.write(lines(n_lines, n_lines + count))
                n_lines += count

            def has_some_more() -> bool:
                say(20)
                recorder.should_stop()
                return rows.count() > 100

            wait_until(has_some_more, every=0.01)
            connections["private"].close()
            self.server.stop()

            def is_away() -> bool:
                say(20)
                return recorder._is_away

            wait_until(is_away, every=0.01)
            self.server.start()
            wait_until(lambda: rows.count() == n_lines)
            say(20)
        expected = [str(number) for number in range(n_lines)]
        self.assertEqual(list(rows.order_by("seq").values_list("message", flat=True)), expected)
        self.assertEqual(LaunchReport.objects.using("private").get(pk=self.report.pk).n_log_lines, n_lines)
