"""Tests of schedules as a value: what is allowed, which slots there are, and how it is said."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.test import SimpleTestCase
from django.utils.translation import override
from hypothesis import given, settings, strategies as st

from eztaskmanager.exceptions import ScheduleError
from eztaskmanager.schedules import Schedule

STEADY = settings(deadline=None, derandomize=True, max_examples=200)
UTC = dt.timezone.utc
ROME = "Europe/Rome"


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=UTC)


def slots(schedule: Schedule, after: str, n: int) -> list[str]:
    return [slot.strftime("%Y-%m-%d %H:%M") for slot in schedule.upcoming(utc(after), n)]


class SlotTests(SimpleTestCase):
    def test_an_empty_schedule_has_no_slot(self) -> None:
        schedule = Schedule(timezone=ROME)
        self.assertTrue(schedule.is_empty)
        self.assertIsNone(schedule.next_after(utc("2026-01-01")))
        self.assertIsNone(schedule.latest_until(utc("2026-01-01")))
        self.assertEqual(schedule.describe(), "")

    def test_a_point_has_one_slot(self) -> None:
        point = Schedule(start=utc("2026-05-01 09:00"))
        self.assertEqual(point.next_after(utc("2026-04-01")), point.start)
        self.assertIsNone(point.next_after(utc("2026-05-01 09:00")))
        self.assertEqual(point.latest_until(utc("2026-05-01 09:00"), utc("2026-04-01")), point.start)
        self.assertIsNone(point.latest_until(utc("2026-05-01 08:59"), utc("2026-04-01")))
        self.assertFalse(point.is_periodic)
        self.assertIsNone(point.interval_in_seconds)

    def test_minutes_and_hours_are_elapsed_time_whatever_the_clocks_do(self) -> None:
        schedule = Schedule(start=utc("2026-10-24 22:00"), period="hour", rate=2, timezone=ROME)
        self.assertEqual(
            slots(schedule, "2026-10-24 23:59", 3), ["2026-10-25 00:00", "2026-10-25 02:00", "2026-10-25 04:00"]
        )

    def test_the_start_is_the_first_slot(self) -> None:
        for period in ("minute", "hour", "day", "week", "month", "year"):
            with self.subTest(period):
                schedule = Schedule(start=utc("2026-05-01 09:00"), period=period, rate=3, timezone=ROME)
                self.assertEqual(schedule.next_after(utc("2020-01-01")), schedule.start)
                (second,) = schedule.upcoming(utc("2026-05-01 09:00"), 1)
                self.assertGreater(second, utc("2026-05-01 09:00"))

    def test_days_keep_the_time_of_day_when_the_clocks_change(self) -> None:
        schedule = Schedule(start=utc("2026-03-28 08:00"), period="day", rate=1, timezone=ROME)
        self.assertEqual(
            slots(schedule, "2026-03-28 00:00", 3), ["2026-03-28 08:00", "2026-03-29 07:00", "2026-03-30 07:00"]
        )

    def test_a_time_that_the_clocks_skip_comes_at_the_end_of_the_gap(self) -> None:
        schedule = Schedule(start=utc("2026-03-28 01:30"), period="day", rate=1, timezone=ROME)
        self.assertEqual(
            slots(schedule, "2026-03-28 00:00", 3), ["2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"]
        )

    def test_a_time_that_the_clocks_show_twice_comes_once_and_first(self) -> None:
        schedule = Schedule(start=utc("2026-10-24 00:30"), period="day", rate=1, timezone=ROME)
        self.assertEqual(
            slots(schedule, "2026-10-24 00:00", 3), ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30"]
        )

    def test_a_start_in_the_second_showing_is_kept(self) -> None:
        schedule = Schedule(start=utc("2026-10-25 01:30"), period="day", rate=1, timezone=ROME)
        self.assertEqual(slots(schedule, "2026-10-25 00:00", 2), ["2026-10-25 01:30", "2026-10-26 01:30"])

    def test_a_day_that_a_zone_skips_comes_when_the_next_begins(self) -> None:
        schedule = Schedule(start=utc("2011-12-29 19:00"), period="day", rate=1, timezone="Pacific/Apia")
        self.assertEqual(
            slots(schedule, "2011-12-29 18:00", 3), ["2011-12-29 19:00", "2011-12-30 10:00", "2011-12-30 19:00"]
        )

    def test_the_31st_is_shortened_only_in_shorter_months(self) -> None:
        schedule = Schedule(start=utc("2026-01-31 12:00"), period="month", rate=1)
        self.assertEqual(
            [slot[5:10] for slot in slots(schedule, "2026-01-01", 7)],
            ["01-31", "02-28", "03-31", "04-30", "05-31", "06-30", "07-31"],
        )

    def test_the_leap_day_comes_back_with_the_leap_year(self) -> None:
        schedule = Schedule(start=utc("2024-02-29 12:00"), period="year", rate=1)
        self.assertEqual(
            [slot[:10] for slot in slots(schedule, "2024-01-01", 5)],
            ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"],
        )

    def test_weeks_and_years_count_from_the_start(self) -> None:
        fortnight = Schedule(start=utc("2026-01-05 12:00"), period="week", rate=2, timezone=ROME)
        self.assertEqual([slot[5:10] for slot in slots(fortnight, "2026-01-05 12:00", 3)], ["01-19", "02-02", "02-16"])
        decade = Schedule(start=utc("1980-07-01 12:00"), period="year", rate=10, timezone=ROME)
        self.assertEqual(slots(decade, "2026-01-01", 1), ["2030-07-01 12:00"])

    def test_the_end_is_the_last_possible_slot(self) -> None:
        schedule = Schedule(start=utc("2026-01-01"), period="day", rate=1, ends_at=utc("2026-01-03"))
        self.assertEqual(len(schedule.upcoming(utc("2025-01-01"), 10)), 3)
        self.assertEqual(schedule.latest_until(utc("2027-01-01"), utc("2025-01-01")), utc("2026-01-03"))

    def test_a_schedule_past_the_calendar_has_no_further_slot(self) -> None:
        for period, rate in (("day", 10_000_000), ("month", 32_767 * 12), ("year", 32_767)):
            with self.subTest(period):
                schedule = Schedule(start=utc("2026-01-01"), period=period, rate=rate)
                self.assertIsNone(schedule.next_after(utc("2026-01-01")))

    def test_intervals_are_told_in_seconds(self) -> None:
        told = {
            period: Schedule(start=utc("2026-01-01"), period=period, rate=2).interval_in_seconds
            for period in ("minute", "hour", "day", "week", "month", "year")
        }
        day = 86_400
        self.assertEqual(
            told,
            {"minute": 120, "hour": 7200, "day": 2 * day, "week": 14 * day, "month": 60 * day, "year": 730 * day},
        )


class CronTests(SimpleTestCase):
    def test_it_follows_the_clocks_of_the_zone(self) -> None:
        schedule = Schedule(cron="0 9 * * MON-FRI", timezone=ROME)
        self.assertEqual(
            slots(schedule, "2026-03-27 00:00", 3), ["2026-03-27 08:00", "2026-03-30 07:00", "2026-03-31 07:00"]
        )

    def test_times_in_a_gap_come_once_at_its_end(self) -> None:
        schedule = Schedule(cron="*/20 2,3 * * *", timezone=ROME)
        self.assertEqual(
            slots(schedule, "2026-03-29 00:00", 4),
            ["2026-03-29 01:00", "2026-03-29 01:20", "2026-03-29 01:40", "2026-03-30 00:00"],
        )

    def test_times_shown_twice_come_once(self) -> None:
        schedule = Schedule(cron="*/30 2 * * *", timezone=ROME)
        self.assertEqual(
            slots(schedule, "2026-10-25 00:00", 3), ["2026-10-25 00:30", "2026-10-26 01:00", "2026-10-26 01:30"]
        )

    def test_what_cron_knows_is_understood(self) -> None:
        expected = {
            "@daily": "2026-06-02 00:00",
            "@HOURLY": "2026-06-01 13:00",
            "@yearly": "2027-01-01 00:00",
            "0 6 L * *": "2026-06-30 06:00",
            "0 6 LW 5 *": "2027-05-31 06:00",
            "0 6 * * 5L": "2026-06-26 06:00",
            "0 6 * * MON#2": "2026-06-08 06:00",
            "5/20 12-14 * JUN *": "2026-06-01 12:05",
            "  0   0 29 2 * ": "2028-02-29 00:00",
            "0 0 13 * FRI": "2026-06-05 00:00",
        }
        for cron, slot in expected.items():
            with self.subTest(cron):
                schedule = Schedule(cron=cron)
                schedule.check()
                self.assertEqual(slots(schedule, "2026-06-01 12:00", 1), [slot])

    def test_the_start_bounds_it_from_below(self) -> None:
        schedule = Schedule(cron="0 * * * *", start=utc("2026-06-01 12:00"))
        self.assertEqual(slots(schedule, "2020-01-01", 2), ["2026-06-01 12:00", "2026-06-01 13:00"])
        self.assertIsNone(schedule.latest_until(utc("2026-06-01 11:59")))
        self.assertEqual(schedule.latest_until(utc("2026-06-01 12:59")), utc("2026-06-01 12:00"))

    def test_a_moment_within_a_second_is_told_apart(self) -> None:
        schedule = Schedule(cron="* * * * *")
        noon, tick = utc("2026-06-01 12:00"), dt.timedelta(microseconds=1)
        self.assertEqual(schedule.next_after(noon - tick), noon)
        self.assertEqual(schedule.latest_until(noon), noon)
        self.assertEqual(schedule.latest_until(noon - tick), noon - dt.timedelta(minutes=1))


class PolicyTests(SimpleTestCase):
    def test_jitter_is_the_same_for_all_slots_of_a_task(self) -> None:
        plain = Schedule(start=utc("2026-01-01"), period="hour", rate=1)
        moved = Schedule(start=utc("2026-01-01"), period="hour", rate=1, jitter=1800, jitter_seed=7)
        delays = {b - a for a, b in zip(plain.upcoming(utc("2025-01-01"), 9), moved.upcoming(utc("2025-01-01"), 9))}
        self.assertEqual(delays, {dt.timedelta(seconds=moved.jitter_in_seconds)})
        self.assertEqual(moved.jitter_in_seconds, 146)

    def test_jitter_spreads_tasks_over_its_whole_length(self) -> None:
        delays = [Schedule(jitter=600, jitter_seed=seed).jitter_in_seconds for seed in range(1000)]
        self.assertLess(min(delays), 20)
        self.assertGreater(max(delays), 580)
        self.assertGreater(len(set(delays)), 400)
        self.assertEqual(Schedule(jitter=0, jitter_seed=5).jitter_in_seconds, 0)

    def test_jitter_does_not_reach_past_the_end(self) -> None:
        schedule = Schedule(
            start=utc("2026-01-01"), period="day", rate=1, ends_at=utc("2026-01-03"), jitter=3600, jitter_seed=7
        )
        self.assertEqual(len(schedule.upcoming(utc("2025-01-01"), 9)), 2)
        latest = schedule.latest_until(utc("2027-01-01"))
        assert latest is not None
        self.assertEqual(latest.date(), dt.date(2026, 1, 2))

    @STEADY
    @given(
        period=st.sampled_from(["minute", "hour", "day", "week", "month", "year"]),
        rate=st.integers(1, 500),
        start=st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2030, 1, 1)),
        moment=st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2037, 1, 1)),
        jitter=st.integers(0, 100_000),
        zone=st.sampled_from([ROME, "UTC", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu"]),
    )
    def test_the_latest_slot_is_the_one_before_the_next(
        self, period: str, rate: int, start: dt.datetime, moment: dt.datetime, jitter: int, zone: str
    ) -> None:
        schedule = Schedule(
            start=start.replace(tzinfo=UTC), period=period, rate=rate, timezone=zone, jitter=jitter, jitter_seed=rate
        )
        now = moment.replace(tzinfo=UTC)
        latest, following = schedule.latest_until(now), schedule.next_after(now)
        assert following is not None
        self.assertGreater(following, now)
        if latest is None:
            delay = dt.timedelta(seconds=schedule.jitter_in_seconds)
            self.assertEqual(following, start.replace(tzinfo=UTC) + delay)
        else:
            self.assertLessEqual(latest, now)
            self.assertEqual(schedule.next_after(latest), following)
            self.assertIsNone(schedule.latest_until(now, latest))
            self.assertEqual(schedule.latest_until(now, latest - dt.timedelta(microseconds=1)), latest)


class RefusalTests(SimpleTestCase):
    START = utc("2026-01-01 12:00")

    def assert_refused(self, field: str, message: str, **values: Any) -> None:
        with self.assertRaises(ScheduleError) as refusal:
            Schedule(**values).check()
        self.assertIn(message, str(refusal.exception))
        self.assertEqual(refusal.exception.field, field)

    def test_a_cron_that_never_comes(self) -> None:
        for cron in ("0 0 30 2 *", "0 0 31 4,6 *", "0 0 */31 2 MON#5"):
            with self.subTest(cron):
                self.assert_refused("cron", repr(cron), cron=cron)

    def test_what_is_no_cron(self) -> None:
        for cron in (
            "every day",
            "* * * *",
            "0 * * * * *",
            "61 * * * *",
            "@reboot",
            "@often",
            "a b c d e",
            "*/0 * * * *",
        ):
            with self.subTest(cron):
                self.assert_refused("cron", repr(cron), cron=cron)

    def test_an_end_before_the_start(self) -> None:
        self.assert_refused("ends_at", "before the start", start=self.START, ends_at=self.START - dt.timedelta(days=1))

    def test_a_span_without_a_slot(self) -> None:
        end = self.START + dt.timedelta(hours=1)
        self.assert_refused("ends_at", "no moment", start=self.START, ends_at=end, cron="0 9 * * *")

    def test_halves_of_a_repetition(self) -> None:
        self.assert_refused("repetition_period", "needs a repetition period", start=self.START, rate=2)
        self.assert_refused("repetition_rate", "needs a repetition rate", start=self.START, period="day")
        self.assert_refused("scheduling", "needs a start", period="day", rate=1)

    def test_numbers_out_of_range(self) -> None:
        self.assert_refused("repetition_rate", "is 0", start=self.START, period="day", rate=0)
        self.assert_refused("repetition_rate", "is -3", start=self.START, period="day", rate=-3)
        self.assert_refused("jitter", "is -1", start=self.START, jitter=-1)

    def test_an_unknown_period(self) -> None:
        self.assert_refused("repetition_period", "'eon'", start=self.START, period="eon", rate=1)

    def test_cron_and_a_repetition_together(self) -> None:
        self.assert_refused("cron", "exclude each other", start=self.START, period="day", rate=1, cron="@daily")

    def test_an_unknown_zone(self) -> None:
        for zone in ("Europe/Atlantis", "America", "../../etc/passwd", "/etc/passwd", "Europe/Rome\0", " "):
            with self.subTest(zone):
                self.assert_refused("timezone", repr(zone), start=self.START, timezone=zone)

    def test_a_naive_moment_is_a_mistake_of_the_caller(self) -> None:
        with self.assertRaisesMessage(ValueError, "naive"):
            Schedule(start=dt.datetime(2026, 1, 1))

    def test_whoever_asks_for_slots_of_a_wrong_schedule_is_told(self) -> None:
        for schedule in (Schedule(cron="nonsense"), Schedule(start=self.START, period="day", rate=0)):
            with self.assertRaises(ScheduleError):
                schedule.next_after(self.START)
            with self.assertRaises(ScheduleError):
                schedule.latest_until(self.START)


class WordingTests(SimpleTestCase):
    START = utc("2026-01-01 08:00")

    def test_repetitions_are_said_with_time_and_zone(self) -> None:
        with override("en"):
            said = Schedule(start=self.START, period="day", rate=2, timezone=ROME).describe()
        self.assertEqual(said, "every 2 days at 09:00 Europe/Rome from Jan. 1, 2026")

    def test_points_minutes_ends_and_jitter_are_said(self) -> None:
        with override("en"):
            self.assertEqual(Schedule(start=self.START).describe(), "once, on Jan. 1, 2026 at 08:00 UTC")
            schedule = Schedule(
                start=self.START, period="minute", rate=1, ends_at=utc("2026-02-01"), jitter=9, jitter_seed=1
            )
            self.assertEqual(
                schedule.describe(),
                f"every minute from Jan. 1, 2026 08:00 UTC, until Feb. 1, 2026 00:00,"
                f" put off by {schedule.jitter_in_seconds} seconds",
            )

    def test_cron_is_said_in_the_active_language(self) -> None:
        schedule = Schedule(cron="0 9 * * MON-FRI", timezone=ROME)
        with override("en"):
            self.assertEqual(schedule.describe(), "at 09:00, Monday through Friday Europe/Rome")
        with override("it"):
            self.assertIn("alle 09:00, lunedì al venerdì", schedule.describe())
        with override("de"):
            self.assertIn("um 09:00, Montag bis Freitag", schedule.describe())

    def test_a_schedule_in_error_is_said_too(self) -> None:
        with override("en"):
            self.assertIn("nonsense", Schedule(cron="nonsense").describe())
            self.assertIn("once", Schedule(start=self.START, timezone="No/Where").describe())
