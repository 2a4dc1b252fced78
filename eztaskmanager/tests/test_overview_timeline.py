"""The bars of the next hours, and where they stand."""

from __future__ import annotations

import datetime as dt
from unittest import TestCase
from zoneinfo import ZoneInfo

from eztaskmanager.admin.timeline import draw
from eztaskmanager.models import Task
from eztaskmanager.schedules import Schedule
from eztaskmanager.services.overview.coming import SPAN, Bar, Coming, Lane, bars_of, count_at_once

START = dt.datetime(2024, 5, 6, 10, 20, tzinfo=dt.timezone.utc)
MINUTE = dt.timedelta(minutes=1)


def bars(lasting: float = 0, start: dt.datetime = START, **schedule: str) -> list[Bar]:
    return list(bars_of(Schedule(**schedule), lasting * MINUTE, start, start + SPAN))  # type: ignore[arg-type]


class BarTests(TestCase):
    def test_each_slot_is_a_bar_as_long_as_the_runs_usually_last(self) -> None:
        first, second, *others = bars(7, cron="0 */8 * * *")
        self.assertEqual((first.start.hour, first.end - first.start, first.is_band), (16, 7 * MINUTE, False))
        self.assertEqual((second.start - first.start, len(others)), (480 * MINUTE, 1))

    def test_a_task_of_each_minute_is_one_band_of_the_day(self) -> None:
        (band,) = bars(2, cron="* * * * *")
        self.assertTrue(band.is_band)
        self.assertEqual(band.start, START + MINUTE)
        self.assertEqual(band.end, START + SPAN - MINUTE + 2 * MINUTE)

    def test_bands_end_where_the_schedule_rests(self) -> None:
        morning, evening = bars(cron="*/5 8-9,18 * * *")
        self.assertEqual([evening.start.hour, evening.end.hour], [8, 9])
        self.assertEqual([morning.start.hour, morning.end.minute], [18, 55])

    def test_a_band_takes_few_steps(self) -> None:
        asked = []

        class Counting(Schedule):
            def next_after(self, moment: dt.datetime) -> dt.datetime | None:
                asked.append(moment)
                return super().next_after(moment)

        list(bars_of(Counting(cron="* * * * *"), MINUTE, START, START + SPAN))
        self.assertLess(len(asked), 120)

    def test_the_end_of_the_schedule_ends_the_bars(self) -> None:
        schedule = Schedule(cron="0 * * * *", ends_at=START + 150 * MINUTE)
        self.assertEqual(len(list(bars_of(schedule, MINUTE, START, START + SPAN))), 2)


class CrowdTests(TestCase):
    def test_bars_that_overlap_are_counted_and_those_that_touch_are_not(self) -> None:
        found = count_at_once(
            Bar(START + start * MINUTE, START + end * MINUTE) for start, end in ((0, 10), (5, 15), (15, 20))
        )
        told = [((step.start - START) // MINUTE, (step.end - START) // MINUTE, step.count) for step in found]
        self.assertEqual(told, [(0, 5, 1), (5, 10, 2), (10, 20, 1)])

    def test_moments_at_the_same_time_are_at_once(self) -> None:
        (step,) = count_at_once([Bar(START, START), Bar(START, START)])
        self.assertEqual(step.count, 2)


class PictureTests(TestCase):
    def coming(self, *bars: Bar) -> Coming:
        lane = Lane(Task(pk=1, name="Night run"), 5 * MINUTE, bars)
        return Coming(START, START + SPAN, (lane,), count_at_once(bars), 0, False)

    def test_bars_stand_where_their_time_is_and_never_beyond_the_edge(self) -> None:
        noon = START + SPAN / 2
        picture = draw(
            self.coming(Bar(noon, noon + SPAN / 4), Bar(START + SPAN - MINUTE, START + SPAN + SPAN)), dt.timezone.utc
        )
        first, last = picture.bars
        self.assertEqual((first.x, first.width), ("50.000%", "25.000%"))
        self.assertLessEqual(float(last.x[:-1]) + float(last.width[:-1]), 100.1)

    def test_the_shortest_bar_can_be_seen(self) -> None:
        (bar,) = draw(self.coming(Bar(START, START)), dt.timezone.utc).bars
        self.assertGreater(float(bar.width[:-1]), 0.3)

    def test_the_hours_are_those_of_the_zone(self) -> None:
        hours = draw(self.coming(), ZoneInfo("Asia/Kolkata")).hours
        # It is 15:50 there: the next whole hour comes in ten minutes.
        self.assertAlmostEqual(float(hours[0].x[:-1]), 100 * 10 / 1440, places=2)
        self.assertEqual([hour.label for hour in hours if hour.label][:3], ["18:00", "21:00", "Tue 7"])

    def test_the_summary_says_when_it_is_crowded(self) -> None:
        bar = Bar(START + MINUTE, START + 9 * MINUTE)
        self.assertIn(
            "Up to 2 runs go on at the same time, first at 10:21", draw(self.coming(bar, bar), dt.timezone.utc).summary
        )
