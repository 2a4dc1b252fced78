"""Lines get into the database once each, numbered without gaps, whatever happens on the way."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from unittest import mock

from django.db import DataError, OperationalError, connection, connections
from django.test import TransactionTestCase, override_settings, tag
from django.test.utils import CaptureQueriesContext

from eztaskmanager.models import LaunchReport, Log
from eztaskmanager.output import Line
from eztaskmanager.services.log_writer import LogWriter, ReportGone
from eztaskmanager.tests.factories import make_report


def line(message: str, level: str = "INFO", stream: str = "stdout") -> Line:
    return Line(time.time(), level, stream, message)


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class LogWriterTests(TransactionTestCase):
    def setUp(self) -> None:
        self.report = make_report()
        self.writer = LogWriter(self.report.pk)

    def rows(self) -> list[tuple[int, str]]:
        return list(Log.objects.filter(launch_report=self.report).order_by("seq").values_list("seq", "message"))

    def assert_has(self, *messages: str) -> None:
        self.assertEqual(self.rows(), list(enumerate(messages, 1)))
        self.report.refresh_from_db()
        self.assertEqual(self.report.n_log_lines, len(messages))

    def test_lines_are_numbered_and_counted(self) -> None:
        levels = ["DEBUG", "INFO", "WARNING", "WARNING", "ERROR", "CRITICAL"]
        self.writer.write([line(level, level, "log") for level in levels[:4]])
        self.writer.write([line(level, level, "log") for level in levels[4:]])
        self.assert_has(*levels)
        self.assertEqual((self.report.n_log_warnings, self.report.n_log_errors), (2, 2))

    def test_every_column_is_kept_as_it_was_given(self) -> None:
        odd = "tab\tback\\slash\\nnew\nline\rreturn \\N \\. 'quote' \"double\" %s %% ␀ € 🦊 \x1b[31m"
        for message in (odd, "", "\\.", "\\N", " "):
            given = Line(1_700_000_000.123456, "WARNING", "stderr", message)
            self.writer.write([given])
            row = Log.objects.filter(launch_report=self.report).latest("seq")
            self.assertEqual((row.level, row.stream, row.message), ("WARNING", "stderr", message))
            self.assertAlmostEqual(row.timestamp.timestamp(), given.timestamp, places=5)

    def test_a_host_without_time_zones_has_its_own_time(self) -> None:
        with override_settings(USE_TZ=False):
            self.writer.write([Line(1_700_000_000.25, "INFO", "stdout", "now")])
            row = Log.objects.get()
            self.assertEqual(row.timestamp, dt.datetime.fromtimestamp(1_700_000_000.25))

    def test_a_long_line_is_kept_whole(self) -> None:
        text = "0123456789" * 1_000_000
        self.writer.write([line(text), line("after")])
        self.assertEqual(Log.objects.get(seq=1).message, text)

    def test_a_batch_costs_few_queries(self) -> None:
        self.writer.write([line("first")])
        lines = [line(str(number)) for number in range(150)]
        # Its transaction, its counters, its rows.
        with CaptureQueriesContext(connection) as queries:
            self.writer.write(lines)
        self.assertLessEqual(len(queries), 4)

    def test_two_writers_of_a_report_do_not_get_in_each_others_way(self) -> None:
        other = LogWriter(self.report.pk)
        for number in range(3):
            self.writer.write([line(f"mine {number}")])
            other.write([line(f"theirs {number}"), line("and more")])
        self.assertEqual([seq for seq, _ in self.rows()], list(range(1, 10)))
        self.assertEqual(sum(message.startswith("mine") for _, message in self.rows()), 3)

    def test_a_report_that_is_gone_is_told(self) -> None:
        self.writer.write([line("one")])
        LaunchReport.objects.all().delete()
        with self.assertRaises(ReportGone):
            self.writer.write([line("two")])
        with self.assertRaises(ReportGone):
            LogWriter(self.report.pk).write([line("two")])

    def test_a_connection_that_breaks_before_the_commit_loses_nothing(self) -> None:
        self.write_with_commit(self.break_before)
        self.assert_has("before", "one", "two", "after")

    def test_a_connection_that_breaks_after_the_commit_doubles_nothing(self) -> None:
        self.write_with_commit(self.break_after)
        self.assert_has("before", "one", "two", "after")

    def test_a_doubtful_commit_is_told_from_what_another_wrote_meanwhile(self) -> None:
        def let_another_write() -> None:
            LogWriter(self.report.pk).write([line("another's"), line("and one more")])

        self.write_with_commit(self.break_before, let_another_write)
        self.assert_has("before", "another's", "and one more", "one", "two", "after")

    def break_before(self, commit: Callable[[], None]) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    def break_after(self, commit: Callable[[], None]) -> None:
        commit()
        raise OperationalError("server closed the connection unexpectedly")

    def write_with_commit(
        self, act: Callable[[Callable[[], None]], None], meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        self.writer.write([line("before")])
        lines = [line("one"), line("two")]
        self.fail_to_commit(act, lambda: self.writer.write(lines))
        meanwhile()
        self.writer.write(lines)
        self.writer.write([line("after")])

    def test_an_unanswered_commit_of_many_lines_is_not_written_again_one_by_one(self) -> None:
        lines = [line("one"), line("two"), line("three")]
        self.fail_to_commit(self.break_after, lambda: self.writer.write(lines))
        for each in lines:
            self.writer.write_one(each)
        self.writer.write_one(line("after"))
        self.assert_has("one", "two", "three", "after")

    def test_a_commit_of_many_lines_that_failed_is_made_up_for_one_by_one(self) -> None:
        lines = [line("one"), line("two"), line("three")]
        self.fail_to_commit(self.break_before, lambda: self.writer.write(lines))
        for each in lines:
            self.writer.write_one(each)
        self.assert_has("one", "two", "three")

    def test_an_unanswered_commit_of_one_line_is_not_written_again(self) -> None:
        self.fail_to_commit(self.break_after, lambda: self.writer.write_one(line("a fox 🦊")), is_raised=False)
        self.writer.write_one(line("after"))
        self.assert_has("a fox 🦊", "after")

    def test_a_commit_of_one_line_that_failed_is_made_up_for_as_it_was(self) -> None:
        self.fail_to_commit(self.break_before, lambda: self.writer.write_one(line("a fox 🦊")), is_raised=False)
        self.writer.write_one(line("after"))
        self.assert_has("a fox 🦊", "after")

    def test_an_unanswered_commit_is_asked_about_until_there_is_an_answer(self) -> None:
        lines = [line("one"), line("two")]
        self.fail_to_commit(self.break_after, lambda: self.writer.write(lines))
        # The report's row is read, and the line's is not any more.
        with mock.patch.object(Log.objects, "using", side_effect=OperationalError("gone again")):
            with self.assertRaises(OperationalError):
                self.writer.write(lines)
        self.writer.forget()
        self.writer.write(lines)
        self.assert_has("one", "two")

    def test_a_commit_that_the_server_still_does_after_it_was_asked_doubles_nothing(self) -> None:
        lines = [line("one"), line("two")]
        self.fail_to_commit(self.break_before, lambda: self.writer.write(lines))
        count = self.writer._count

        def count_after_the_commit(n_written: int, lines: Sequence[Line]) -> bool:
            # The row is locked until then.
            LogWriter(self.report.pk).write(late.pop() if late else [])
            return count(n_written, lines)

        late = [lines]
        with mock.patch.object(self.writer, "_count", count_after_the_commit):
            self.writer.write(lines)
        self.assert_has("one", "two")

    def test_a_line_refused_after_a_commit_that_failed_is_kept_as_far_as_it_is_taken(self) -> None:
        lines = [line("a fox 🦊"), line("two")]
        self.fail_to_commit(self.break_before, lambda: self.writer.write(lines))
        with self.refusing_foxes():
            for each in lines:
                self.writer.write_one(each)
        self.assert_has("a fox �", "two")

    def test_lines_given_up_after_an_unanswered_commit_hold_no_others_up(self) -> None:
        first = line("one")
        self.fail_to_commit(self.break_after, lambda: self.writer.write([first, line("two")]))
        self.writer.write([line("three"), first])
        self.assert_has("one", "two", "three", "one")

    def fail_to_commit(
        self, act: Callable[[Callable[[], None]], None], write: Callable[[], None], *, is_raised: bool = True
    ) -> None:
        commit = connection._commit  # type: ignore[attr-defined]
        acts: list[Callable[[], None]] = [lambda: act(commit)]
        with mock.patch.object(connection, "_commit", lambda: acts.pop()() if acts else commit()):
            with self.assertRaises(OperationalError) if is_raised else contextlib.nullcontext():
                write()
        self.assertEqual(acts, [])
        if is_raised:
            connections["default"].close()
            self.writer.forget()

    def test_a_line_that_the_database_refuses_is_kept_as_far_as_it_takes_it(self) -> None:
        with self.refusing_foxes():
            self.writer.write_one(line("a fox 🦊"))
        self.writer.write_one(line("plain"))
        self.assert_has("a fox �", "plain")

    @contextlib.contextmanager
    def refusing_foxes(self) -> Iterator[None]:
        """Have a database that takes three bytes of UTF-8."""
        insert = self.writer._insert

        def refuse(n_written: int, lines: Sequence[Line]) -> None:
            if any("🦊" in each.message for each in lines):
                raise DataError("Incorrect string value")
            insert(n_written, lines)

        with mock.patch.object(self.writer, "_insert", refuse):
            yield
