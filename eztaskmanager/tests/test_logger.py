"""What commands have of this package, in a supervised run and by hand."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator
from typing import Any

from django.core.management import call_command
from django.test import SimpleTestCase, TestCase, TransactionTestCase, override_settings, tag

from eztaskmanager.exceptions import ArgumentsError
from eztaskmanager.models import LaunchReport
from eztaskmanager.services.logger import DatabaseLogHandler, LoggerEnabledCommand, level_of_run, verbosity2loglevel
from eztaskmanager.services.recorder import Recorder
from eztaskmanager.supervision import Job, Outcome, supervise
from eztaskmanager.tests.factories import make_report
from eztaskmanager.tests.runner import snapshot_logging
from eztaskmanager.tests.waiting import wait_until

COMMANDS_LOGGER = "eztaskmanager.tests.commands_app.management.commands.ez_work"


def said(report: LaunchReport) -> list[str]:
    return list(report.logs.order_by("seq").values_list("message", flat=True))


@contextlib.contextmanager
def only_handlers(*handlers: logging.Handler) -> Iterator[None]:
    """Have a host with these handlers on the root logger, and no others."""
    root = logging.getLogger()
    before = list(root.handlers)
    root.handlers[:] = handlers
    try:
        yield
    finally:
        root.handlers[:] = before


class LevelTests(SimpleTestCase):
    def test_verbosity_means_a_level(self) -> None:
        levels = [verbosity2loglevel(verbosity) for verbosity in (0, 1, 2, 3, 4, -1)]
        self.assertEqual(levels, [40, 30, 20, 10, 30, 30])

    def test_a_runs_level_is_read_from_its_arguments_however_they_are_written(self) -> None:
        for argv, level in (
            ([], 30),
            (["x", "--name", "y"], 30),
            (["-v", "3"], 10),
            (["-v0"], 40),
            (["--verbosity", "2"], 20),
            (["--verbosity=2", "x"], 20),
            (["-v", "3", "-v", "2"], 20),
        ):
            self.assertEqual(level_of_run(argv), level, argv)

    def test_a_verbosity_that_is_no_number_is_an_argument_error(self) -> None:
        with self.assertRaisesMessage(ArgumentsError, "invalid int value: 'loud'"):
            level_of_run(["--verbosity", "loud"])


class ByHandTests(SimpleTestCase):
    def call(self, *args: str, **options: Any) -> tuple[str, str]:
        stdout, stderr = io.StringIO(), io.StringIO()
        call_command("ez_work", *args, stdout=stdout, stderr=stderr, **options)
        return stdout.getvalue(), stderr.getvalue()

    def test_records_of_the_wanted_level_are_on_the_console(self) -> None:
        with only_handlers():
            self.assertEqual(self.call("log")[1], "WARNING: a warning record\nERROR: an error record\n")
            self.assertEqual(self.call("log", verbosity=3)[1].count("\n"), 4)
            self.assertEqual(self.call("log", verbosity=0)[1], "ERROR: an error record\n")

    def test_a_host_that_listens_is_not_talked_over(self) -> None:
        heard = io.StringIO()
        with only_handlers(logging.StreamHandler(heard)):
            self.assertEqual(self.call("log", verbosity=2)[1], "")
        self.assertEqual(heard.getvalue(), "an info record\na warning record\nan error record\n")

    def test_an_embedded_command_is_on_the_console_once(self) -> None:
        stderr = io.StringIO()
        with only_handlers(), contextlib.redirect_stderr(stderr):
            call_command("ez_work", "embed")
        shown = ["before", "a warning record", "an error record", "after"]
        self.assertEqual([line.partition(": ")[2] for line in stderr.getvalue().splitlines()], shown)

    def test_logging_is_as_before_afterwards(self) -> None:
        logging.getLogger(COMMANDS_LOGGER)
        before = snapshot_logging()
        with only_handlers():
            self.call("log", verbosity=3)
        self.assertEqual(snapshot_logging(), before)

    def test_progress_tracking_and_the_question_are_harmless(self) -> None:
        self.assertEqual(self.call("track")[0], "a\nb\nc\n")
        self.call("progress")
        self.assertIs(LoggerEnabledCommand().should_stop(), False)

    def test_tracking_takes_what_has_no_length(self) -> None:
        command = LoggerEnabledCommand()
        self.assertEqual(list(command.track(letter for letter in "abc")), ["a", "b", "c"])
        self.assertEqual(list(command.track([])), [])

    def test_the_option_is_there_even_when_a_command_forgets_its_parent(self) -> None:
        parser = LoggerEnabledCommand().create_parser("manage.py", "x")
        self.assertEqual(parser.parse_args(["--launch_report_id", "7"]).launch_report_id, 7)


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class SupervisedTests(TransactionTestCase):
    def run_command(self, *argv: str, level: int = logging.WARNING, isolation: str = "fork") -> Outcome:
        self.report = make_report(state="started")
        with Recorder(self.report.pk) as recorder:
            job = Job("ez_work", argv, launch_report_id=self.report.pk, log_level=level, isolation=isolation)
            return supervise(job, journal=recorder, should_stop=recorder.should_stop, stop_grace=600)

    def test_an_embedded_command_logs_once_to_the_same_report(self) -> None:
        for isolation in ("fork", "inline"):
            with self.subTest(isolation=isolation):
                self.run_command("embed", isolation=isolation)
                self.assertEqual(said(self.report), ["before", "a warning record", "an error record", "after"])

    def test_an_embedded_command_keeps_to_the_level_of_the_run(self) -> None:
        self.run_command("embed", level=logging.DEBUG)
        records = ["a debug record", "an info record", "a warning record", "an error record"]
        self.assertEqual(said(self.report), ["before", *records, "after"])

    def test_lines_within_a_transaction_stay_after_its_rollback(self) -> None:
        self.run_command("transaction", "--text", "not to stay")
        self.assertEqual(said(self.report), ["inside a transaction", "after the rollback"])

    def test_a_handler_of_ones_own_makes_no_second_line(self) -> None:
        self.report = report = make_report(state="started")
        handler = DatabaseLogHandler(report.pk)
        logging.getLogger(COMMANDS_LOGGER).addHandler(handler)
        try:
            with Recorder(report.pk) as recorder:
                job = Job("ez_work", ("log",), isolation="inline")
                supervise(job, journal=recorder, should_stop=recorder.should_stop)
        finally:
            logging.getLogger(COMMANDS_LOGGER).removeHandler(handler)
            handler.close()
        self.assertEqual(said(report), ["a warning record", "an error record"])


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class HandlerTests(TransactionTestCase):
    def setUp(self) -> None:
        self.report = make_report()
        self.logger = logging.getLogger("host.of.its.own")
        self.logger.setLevel(logging.DEBUG)
        self.handler = DatabaseLogHandler(self.report.pk)
        self.logger.addHandler(self.handler)
        self.addCleanup(self.logger.removeHandler, self.handler)
        self.addCleanup(self.handler.close)

    def test_it_writes_records_with_level_and_traceback(self) -> None:
        with only_handlers():
            self.logger.info("one \0 two")
            try:
                raise ValueError("a reason")
            except ValueError:
                self.logger.exception("it failed")
            wait_until(lambda: len(said(self.report)) == 2)
        first, second = self.report.logs.order_by("seq")
        self.assertEqual((first.level, first.stream, first.message), ("INFO", "log", "one ␀ two"))
        self.assertTrue(second.message.startswith("it failed\nTraceback"))
        self.report.refresh_from_db()
        self.assertEqual((self.report.n_log_lines, self.report.n_log_errors), (2, 1))

    def test_closing_it_writes_what_waits(self) -> None:
        with only_handlers():
            for number in range(100):
                self.logger.info("record %d", number)
            self.handler.close()
        self.assertEqual(len(said(self.report)), 100)
        self.handler.close()

    def test_on_the_root_logger_it_does_not_write_about_its_own_writing(self) -> None:
        database_logger = logging.getLogger("django.db.backends")
        level = database_logger.level
        self.addCleanup(database_logger.setLevel, level)
        database_logger.setLevel(logging.DEBUG)
        with only_handlers(self.handler), override_settings(DEBUG=True):
            logging.getLogger("anyone").warning("once")
            wait_until(lambda: "once" in said_without_logging(self.report))
            self.handler.close()
        self.assertEqual(said(self.report), ["once"])

    def test_by_hand_with_a_report_the_records_are_in_its_log(self) -> None:
        with only_handlers(), contextlib.redirect_stderr(io.StringIO()):
            call_command("ez_work", "embed", launch_report_id=self.report.pk)
        self.assertEqual(said(self.report), ["before", "a warning record", "an error record", "after"])


def said_without_logging(report: LaunchReport) -> list[str]:
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        return said(report)
    finally:
        logging.disable(disabled)


class HandlerInTransactionTests(TestCase):
    def test_within_a_transaction_of_a_test_records_are_there_at_once(self) -> None:
        report = make_report()
        handler = DatabaseLogHandler(report.pk)
        handler.handle(logging.makeLogRecord({"msg": "now", "levelno": 30, "levelname": "WARNING"}))
        self.assertEqual(said(report), ["now"])
        handler.close()
