"""Which handler is told of what: pure rules."""

from __future__ import annotations

import datetime as dt
from itertools import product
from typing import Any
from unittest import TestCase
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st

from eztaskmanager.models import Alert, LaunchReport
from eztaskmanager.services.notifications.levels import LEVEL_MAPPING, LEVELS
from eztaskmanager.services.notifications.quiet_hours import parse_quiet_hours
from eztaskmanager.services.notifications.rules import (
    KINDS,
    RECOVERED,
    RESULTS,
    Rules,
    final_results,
    read_rules,
)

UTC = dt.timezone.utc


def read(**rules: Any) -> Rules:
    return read_rules({"class": "x", "level": "ok", **rules}, "UTC")


def tell(rules: Rules, level: str, *results: str) -> list[str | None]:
    """Let runs end one after the other; give what is told of each."""
    past: list[str] = []
    told = []
    for result in results:
        told.append(rules.judge(result, level, past))
        past.insert(0, result)
    return told


class JudgementTests(TestCase):
    def test_the_words_are_those_of_the_models(self) -> None:
        self.assertEqual({*RESULTS, ""}, set(LaunchReport.Result.values))
        self.assertEqual(set(KINDS), set(Alert.Kind.values))

    def test_without_rules_the_level_decides(self) -> None:
        for result, level in product(RESULTS, LEVELS):
            is_told = LEVEL_MAPPING.get(result, -1) >= LEVEL_MAPPING[level]
            self.assertEqual(Rules().judge(result, level), result if is_told else None)

    def test_results_by_name_take_the_place_of_the_level(self) -> None:
        rules = read(results=["ok", "skipped"])
        self.assertEqual(tell(rules, "failed", "ok", "failed", "skipped", "lost"), ["ok", None, "skipped", None])

    def test_only_changes_are_told_and_the_end_of_trouble_is_recovered(self) -> None:
        rules = read(only_on_change=True)
        self.assertEqual(
            tell(rules, "errors", "ok", "failed", "failed", "ok", "ok", "errors", "warnings"),
            [None, "failed", None, RECOVERED, None, "errors", RECOVERED],
        )

    def test_a_trouble_that_gets_worse_is_told_again_and_one_that_wavers_is_not(self) -> None:
        rules = read(only_on_change=True)
        self.assertEqual(
            tell(rules, "warnings", "warnings", "failed", "warnings", "failed", "ok"),
            ["warnings", "failed", None, None, RECOVERED],
        )

    def test_trouble_is_told_after_so_many_in_a_row(self) -> None:
        rules = read(after_failures=3)
        failures = ["failed"] * 4
        self.assertEqual(tell(rules, "failed", *failures), [None, None, "failed", "failed"])
        self.assertEqual(tell(rules, "failed", "failed", "failed", "ok", "failed"), [None] * 4)

    def test_only_a_trouble_that_was_told_recovers(self) -> None:
        rules = read(after_failures=2, only_on_change=True)
        self.assertEqual(
            tell(rules, "failed", "failed", "ok", "failed", "failed", "failed", "ok"),
            [None, None, None, "failed", None, RECOVERED],
        )

    def test_a_run_that_was_skipped_is_neither_trouble_nor_its_end(self) -> None:
        rules = read(only_on_change=True)
        self.assertEqual(tell(rules, "failed", "failed", "skipped", "failed", "ok"), ["failed", None, None, RECOVERED])

    def test_a_failure_of_a_kind_not_asked_for_is_no_recovery(self) -> None:
        rules = read(results=["failed"], only_on_change=True)
        self.assertEqual(tell(rules, "ok", "failed", "stopped", "failed", "ok"), ["failed", None, None, RECOVERED])

    def test_what_will_be_retried_is_not_told_unless_that_is_asked_for(self) -> None:
        self.assertIsNone(Rules().judge("failed", "failed", will_be_retried=True))
        self.assertEqual(read(before_last_retry=True).judge("failed", "failed", will_be_retried=True), "failed")

    def test_of_attempts_the_last_counts(self) -> None:
        runs = [(5, 3, "ok"), (4, 3, "failed"), (3, None, "failed"), (2, None, "errors")]
        self.assertEqual(final_results(runs), ["ok", "errors"])
        self.assertEqual(final_results(runs, all_attempts=True), ["ok", "failed", "failed", "errors"])

    def test_tasks_and_categories_are_named_or_numbered(self) -> None:
        rules = read(tasks=["Nightly", 7], categories="Imports")
        self.assertTrue(rules.covers_task(7, "x") and rules.covers_task(1, "Nightly"))
        self.assertFalse(rules.covers_task(8, "nightly"))
        self.assertTrue(rules.covers_category(1, "Imports"))
        self.assertFalse(rules.covers_category(None, ""))
        self.assertTrue(Rules().covers_category(None, "") and Rules().covers_task(None, ""))

    def test_alerts_are_all_or_those_named_or_none(self) -> None:
        self.assertTrue(read().covers_alert("late") and read(alerts=True).covers_alert("late"))
        self.assertFalse(read(alerts=False).covers_alert("late") or read(alerts=[]).covers_alert("late"))
        self.assertTrue(read(alerts=["late"]).covers_alert("late"))
        self.assertFalse(read(alerts="worker").covers_alert("late"))

    @given(st.lists(st.sampled_from(RESULTS), max_size=30), st.sampled_from(LEVELS), st.integers(1, 4))
    def test_troubles_and_recoveries_come_in_turn(self, results: list[str], level: str, count: int) -> None:
        rules = read(only_on_change=True, after_failures=count)
        is_told = False
        for event in tell(rules, level, *results):
            if event == RECOVERED:
                self.assertTrue(is_told)
                is_told = False
            elif event is not None:
                is_told = True

    def test_each_wrong_rule_is_named(self) -> None:
        for name, value in (
            ("categories", 1.5),
            ("tasks", []),
            ("tasks", [True]),
            ("results", ["good"]),
            ("results", 7),
            ("results", []),
            ("only_on_change", "yes"),
            ("after_failures", 0),
            ("after_failures", True),
            ("before_last_retry", 1),
            ("quiet_hours", "at night"),
            ("quiet_hours", ("22:00", "07:00")),
            ("alerts", ["slow"]),
        ):
            with self.subTest(name, value=value), self.assertRaisesRegex(ValueError, f"'{name}': "):
                read(**{name: value})


class QuietHoursTests(TestCase):
    def end(self, hours: str, moment: dt.datetime) -> dt.datetime | None:
        return parse_quiet_hours(hours, "UTC").end_after(moment)

    def test_hours_over_midnight_end_in_the_morning(self) -> None:
        for hour, day, expected in ((22, 1, 2), (23, 1, 2), (0, 2, 2), (6, 2, 2)):
            moment = dt.datetime(2026, 5, day, hour, 30, tzinfo=UTC)
            self.assertEqual(self.end("22:00-07:00", moment), dt.datetime(2026, 5, expected, 7, tzinfo=UTC))
        for hour in (7, 12, 21):
            self.assertIsNone(self.end("22:00-07:00", dt.datetime(2026, 5, 1, hour, tzinfo=UTC)))
        self.assertIsNotNone(self.end("22:00-07:00", dt.datetime(2026, 5, 1, 22, tzinfo=UTC)))

    def test_hours_within_a_day_end_the_same_day(self) -> None:
        noon = dt.datetime(2026, 5, 1, 12, tzinfo=UTC)
        self.assertEqual(self.end("9:00 - 17:30", noon), noon.replace(hour=17, minute=30))
        self.assertIsNone(self.end("13:00-14:00", noon))

    def test_they_go_by_the_clock_of_their_zone_also_when_it_changes(self) -> None:
        rome = ZoneInfo("Europe/Rome")
        for evening in (dt.datetime(2026, 3, 28, 23, tzinfo=rome), dt.datetime(2026, 10, 24, 23, tzinfo=rome)):
            end = self.end("22:00-07:00 Europe/Rome", evening)
            assert end is not None
            self.assertEqual(end.astimezone(rome).strftime("%H:%M"), "07:00")
        # The hour that is skipped ends with its gap.
        end = self.end("22:00-02:30 Europe/Rome", dt.datetime(2026, 3, 28, 23, tzinfo=rome))
        self.assertEqual(end, dt.datetime(2026, 3, 29, 1, tzinfo=UTC))

    def test_an_end_that_the_clocks_show_twice_is_never_past(self) -> None:
        second_time = dt.datetime(2026, 10, 25, 1, tzinfo=UTC)
        for hours, minutes, end in (
            ("02:15-02:45", 20, 45),
            ("01:30-02:30", 10, 30),
            ("23:30-02:30", 10, 30),
        ):
            with self.subTest(hours):
                first = second_time.replace(hour=0)
                for hour in (first, second_time):
                    found = self.end(f"{hours} Europe/Rome", hour.replace(minute=minutes))
                    self.assertEqual(found, hour.replace(minute=end))
                    self.assertIsNone(self.end(f"{hours} Europe/Rome", hour.replace(minute=50)))

    def test_what_means_nothing_is_refused(self) -> None:
        for text in ("", "22-7", "25:00-07:00", "07:00-07:00", "22:00-07:00 Rome/Europe", None, 22):
            with self.subTest(text), self.assertRaises(ValueError):
                parse_quiet_hours(text, "UTC")
