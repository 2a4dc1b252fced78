"""Logs and lines too long to keep: head and tail stay, and something says what is gone."""

from __future__ import annotations

from unittest import mock

from django.test import TransactionTestCase, override_settings, tag

from eztaskmanager.output import Line
from eztaskmanager.services import log_limits
from eztaskmanager.services.log_limits import shorten
from eztaskmanager.services.recorder import Recorder
from eztaskmanager.tests.factories import make_report


def line(message: str, level: str = "INFO") -> Line:
    return Line(timestamp=1_700_000_000.0, level=level, stream="stdout", message=message)


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class LimitTests(TransactionTestCase):
    def test_a_long_line_keeps_its_ends(self) -> None:
        short, long = shorten([line("short"), line("abcdefghij")], 6)
        self.assertEqual(short.message, "short")
        self.assertEqual(long.message, "abc… 4 characters dropped …hij")

    def test_without_a_limit_lines_stay_whole(self) -> None:
        lines = [line("x" * 10_000)]
        self.assertIs(shorten(lines, None), lines)

    @override_settings(EZTASKMANAGER_MAX_LOG_LINES=10, EZTASKMANAGER_MAX_LINE_LENGTH=20)
    def test_a_long_log_keeps_its_ends_its_numbers_and_true_counters(self) -> None:
        report = make_report(state="started")
        with mock.patch.object(log_limits, "STEP", 7), Recorder(report.pk) as recorder:
            for start in range(1, 100, 9):
                recorder.write([line(f"line {number}", "WARNING") for number in range(start, start + 9)])
                recorder.flush()
        report.refresh_from_db()
        self.assertEqual((report.n_log_lines, report.n_log_warnings), (99, 99))
        numbers = list(report.logs.order_by("seq").values_list("seq", flat=True))
        self.assertEqual(numbers, [1, 2, 3, 4, 5, 6, 95, 96, 97, 98, 99])
        self.assertIn("89 lines dropped", report.logs.get(seq=6).message)

    @override_settings(EZTASKMANAGER_MAX_LOG_LINES=10)
    def test_a_log_within_the_limit_is_left_alone(self) -> None:
        report = make_report(state="started")
        with Recorder(report.pk) as recorder:
            recorder.write([line(str(number)) for number in range(10)])
        self.assertEqual(report.logs.count(), 10)
