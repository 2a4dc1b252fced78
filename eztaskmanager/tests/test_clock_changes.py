"""What is said of rides when the clocks change."""

from __future__ import annotations

import datetime as dt
from typing import Any
from unittest import TestCase
from zoneinfo import ZoneInfo

from django.utils.translation import override

from eztaskmanager.schedules import Schedule
from eztaskmanager.schedules.clock_changes import note_changes

ROME = ZoneInfo("Europe/Rome")
SPRING = dt.datetime(2027, 3, 26, 12, tzinfo=ROME)
AUTUMN = dt.datetime(2027, 10, 29, 12, tzinfo=ROME)
SKIPPED = "The clocks skip 02:30 on this day, so it runs at 03:00."
TWICE = "The clocks show 02:30 twice on this day; it runs once, the first time."
FORWARD = "Before it, on March 28, 2027, the clocks go forward from 02:00 to 03:00."
BACK = "Before it, on Oct. 31, 2027, the clocks go back from 03:00 to 02:00."


class NoteTests(TestCase):
    def notes(self, since: dt.datetime, n: int = 5, **fields: Any) -> list[str]:
        schedule = Schedule(timezone="Europe/Rome", **fields)
        with override("en"):
            return note_changes(schedule, schedule.upcoming(since, n))

    def test_a_time_that_is_skipped_is_told_of(self) -> None:
        self.assertEqual(self.notes(SPRING, cron="30 2 * * *"), ["", SKIPPED, "", "", ""])

    def test_so_it_is_for_a_repetition(self) -> None:
        start = dt.datetime(2027, 3, 1, 2, 30, tzinfo=ROME)
        self.assertEqual(self.notes(SPRING, start=start, period="day", rate=1), ["", SKIPPED, "", "", ""])

    def test_a_time_at_the_end_of_the_gap_is_not_a_skipped_one(self) -> None:
        self.assertEqual(self.notes(SPRING, cron="0 3 * * *")[1], FORWARD)

    def test_a_time_that_comes_twice_is_told_of_and_then_that_the_clocks_went_back(self) -> None:
        self.assertEqual(self.notes(AUTUMN, cron="30 2 * * *"), ["", TWICE, BACK, "", ""])

    def test_a_change_between_two_rides_is_told_of_at_the_later(self) -> None:
        self.assertEqual(self.notes(SPRING, cron="0 9 * * *"), ["", FORWARD, "", "", ""])
        self.assertEqual(self.notes(AUTUMN, cron="0 9 * * *"), ["", BACK, "", "", ""])

    def test_elapsed_time_is_neither_skipped_nor_doubled(self) -> None:
        start = dt.datetime(2027, 3, 28, 0, 30, tzinfo=ROME)
        notes = self.notes(start - dt.timedelta(minutes=1), start=start, period="hour", rate=1)
        self.assertEqual(notes, ["", "", FORWARD, "", ""])

    def test_the_delay_of_a_task_does_not_hide_what_its_slot_meets(self) -> None:
        fields: dict[str, Any] = {"cron": "30 2 * * *", "jitter": 3000, "jitter_seed": 1}
        delay = Schedule(**fields).jitter_in_seconds
        self.assertGreater(delay, 60)
        self.assertIn("The clocks skip 02:30 on this day, so it runs at 03:", self.notes(SPRING, **fields)[1])

    def test_a_cron_that_meets_the_gap_at_several_times_runs_at_its_end_without_a_word_of_shifts(self) -> None:
        since = dt.datetime(2027, 3, 28, 1, 45, tzinfo=ROME)
        self.assertEqual(self.notes(since, 2, cron="*/10 * * * *"), ["", FORWARD])

    def test_zones_without_such_changes_have_no_notes(self) -> None:
        schedule = Schedule(timezone="Asia/Tokyo", cron="30 2 * * *")
        self.assertEqual(note_changes(schedule, schedule.upcoming(SPRING, 400)), [""] * 400)

    def test_nothing_is_said_of_nothing(self) -> None:
        self.assertEqual(note_changes(Schedule(), []), [])

    def test_a_gap_of_half_an_hour_and_one_of_a_day_are_told_of(self) -> None:
        lord_howe = Schedule(timezone="Australia/Lord_Howe", cron="15 2 * * *")
        rides = lord_howe.upcoming(dt.datetime(2027, 10, 1, tzinfo=dt.timezone.utc), 4)
        with override("en"):
            notes = [note for note in note_changes(lord_howe, rides) if note]
        self.assertEqual(notes, ["The clocks skip 02:15 on this day, so it runs at 02:30."])
