"""Searching in logs: by level, stream, text and expression, page by page, bounded in time."""

from __future__ import annotations

from unittest import mock

from django.test import TestCase, tag

from eztaskmanager.exceptions import SearchRefused
from eztaskmanager.models import LaunchReport, Log
from eztaskmanager.services import log_search
from eztaskmanager.services.log_search import Found, LogFilter, search, time_limit
from eztaskmanager.tests.factories import make_report

LINES = (
    ("INFO", "stdout", "Copying 10 files"),
    ("WARNING", "log", "file a.txt is EMPTY"),
    ("ERROR", "log", "file b.txt: 100% lost_"),
    ("DEBUG", "log", "empty handed"),
    ("INFO", "stderr", "done\nwith a second line: Copying"),
)


@tag("databases")
class LogSearchTests(TestCase):
    report: LaunchReport

    @classmethod
    def setUpTestData(cls) -> None:
        cls.report = make_report(n_log_lines=len(LINES))
        Log.objects.bulk_create(
            Log(launch_report=cls.report, seq=seq, level=level, stream=stream, message=message)
            for seq, (level, stream, message) in enumerate(LINES, 1)
        )

    def find(self, wanted: LogFilter, after: int = 0, limit: int = 100) -> Found:
        wanted.check()
        return search(self.report.pk, wanted, after=after, last=len(LINES), limit=limit)

    def numbers(self, text: str = "", **conditions: object) -> list[int]:
        return self.find(LogFilter(text=text, **conditions)).numbers  # type: ignore[arg-type]

    def test_text_is_found_whatever_its_case_or_by_choice_in_its_case_only(self) -> None:
        self.assertEqual(self.numbers("empty"), [2, 4])
        self.assertEqual(self.numbers("empty", is_case_sensitive=True), [4])

    def test_a_bar_separates_alternatives(self) -> None:
        self.assertEqual(self.numbers("a.txt|b.txt"), [2, 3])
        self.assertEqual(self.numbers("a.txt| |"), [2])

    def test_signs_with_a_meaning_to_the_database_mean_themselves(self) -> None:
        self.assertEqual(self.numbers("100%"), [3])
        self.assertEqual(self.numbers("t_"), [3])
        self.assertEqual(self.numbers("a%t"), [])
        self.assertEqual(self.numbers("100%", is_case_sensitive=True), [3])

    def test_levels_and_streams_narrow_it_down(self) -> None:
        self.assertEqual(self.numbers(levels=("ERROR", "CRITICAL")), [3])
        self.assertEqual(self.numbers(streams=("stdout", "stderr")), [1, 5])
        self.assertEqual(self.numbers("copying", streams=("stderr",)), [5])

    def test_expressions_are_held_against_lines_with_and_without_their_case(self) -> None:
        self.assertEqual(self.numbers("^file [ab]", is_regex=True), [2, 3])
        self.assertEqual(self.numbers("^COPY", is_regex=True), [1])
        self.assertEqual(self.numbers("^COPY", is_regex=True, is_case_sensitive=True), [])
        self.assertEqual(self.numbers("a.txt|[0-9]+ files", is_regex=True), [1, 2])

    def test_what_is_no_expression_is_refused_with_the_reason(self) -> None:
        with self.assertRaisesMessage(SearchRefused, "is not a regular expression"):
            self.numbers("(open", is_regex=True)
        for text in ("x" * 501, "a\0b"):
            with self.assertRaisesMessage(SearchRefused, "too long, or has a NUL"):
                self.numbers(text)

    def test_numbers_come_in_pages(self) -> None:
        everything = LogFilter()
        self.assertEqual(self.find(everything, limit=2), Found([1, 2], 2, False))
        self.assertEqual(self.find(everything, after=2, limit=2), Found([3, 4], 4, False))
        self.assertEqual(self.find(everything, after=4, limit=2), Found([5], 5, True))

    def test_a_page_ends_when_its_time_is_up_and_says_how_far_it_came(self) -> None:
        with mock.patch.multiple(log_search, FIRST_STEP=2, PAGE_SECONDS=0):
            self.assertEqual(self.find(LogFilter(text="nothing like it")), Found([], 2, False))

    def test_an_expression_that_would_take_for_ever_is_given_up(self) -> None:
        Log.objects.create(launch_report=self.report, seq=6, level="INFO", message="a" * 30 + "!" + "ab" * 5000)
        hard = LogFilter(text=r"^(a|a|aa)+$", is_regex=True)
        lines = hard.narrow(Log.objects.filter(launch_report=self.report))
        try:
            with time_limit(seconds=0.5):
                found = list(lines)
        except SearchRefused:
            return
        # Some engines see at once that it cannot match.
        self.assertEqual(found, [])
