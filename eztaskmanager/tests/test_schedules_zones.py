"""Tests of schedules across every change of every clock of the tz database, from 1970 to 2037.

What a slot must be is worked out here in another way than in the package: from the offsets that are in force around
a change, each of which says when a clock might show a time.
"""

from __future__ import annotations

import bisect
import datetime as dt
import os
from functools import cache
from itertools import pairwise
from unittest import skipUnless
from zoneinfo import ZoneInfo, available_timezones

from django.test import SimpleTestCase, tag
from hypothesis import given, settings, strategies as st

from eztaskmanager.schedules import Schedule
from eztaskmanager.schedules.wall_clock import moment_of

STEADY = settings(deadline=None, derandomize=True, max_examples=400)
UTC = dt.timezone.utc
SECOND, MINUTE, HOUR, DAY = (dt.timedelta(seconds=seconds) for seconds in (1, 60, 3600, 86_400))
FIRST, LAST = dt.datetime(1970, 1, 1, tzinfo=UTC), dt.datetime(2038, 1, 1, tzinfo=UTC)
ZONES = sorted(available_timezones() - {"Factory", "localtime", "posixrules"})


def offset_at(moment: dt.datetime, zone: ZoneInfo) -> dt.timedelta:
    return moment.astimezone(zone).utcoffset() or dt.timedelta()


def wall_at(moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    return (moment + offset_at(moment, zone)).replace(tzinfo=None)


@cache
def changes_of(name: str) -> tuple[dt.datetime, ...]:
    """The first moment of each new offset."""
    zone, found, step = ZoneInfo(name), [], 7 * DAY
    moment, offset = FIRST, offset_at(FIRST, ZoneInfo(name))
    while moment < LAST:
        following = moment + step
        if offset_at(following, zone) != offset:
            before, after = moment, following
            while after - before > SECOND:
                middle = before + (after - before) // 2
                middle -= dt.timedelta(microseconds=middle.microsecond)
                before, after = (middle, after) if offset_at(middle, zone) == offset else (before, middle)
            found.append(after)
            following = after
            offset = offset_at(after, zone)
        moment = following
    return tuple(found)


def expected_moment(wall: dt.datetime, zone: ZoneInfo) -> dt.datetime | None:
    """When the clocks first show a time; None if they never do."""
    guess = wall.replace(tzinfo=UTC)
    offsets = {offset_at(guess + hours * HOUR, zone) for hours in range(-39, 40, 3)}
    shown = [guess - offset for offset in offsets if wall_at(guess - offset, zone) == wall]
    return min(shown, default=None)


class MomentTests(SimpleTestCase):
    def assert_is_the_moment(self, wall: dt.datetime, zone: ZoneInfo) -> dt.datetime:
        moment, expected = moment_of(wall, zone), expected_moment(wall, zone)
        if expected is None:
            if not wall_at(moment - SECOND, zone) < wall < wall_at(moment, zone):
                self.fail(f"{zone.key}: {wall} is skipped, and {moment} is not the end of the gap")
        elif moment != expected:
            self.fail(f"{zone.key}: {wall} is first shown at {expected}, not at {moment}")
        return moment

    def test_each_change_of_each_zone_keeps_the_order_and_loses_no_time(self) -> None:
        n_changes = 0
        for name in ZONES:
            zone = ZoneInfo(name)
            for change in changes_of(name):
                n_changes += 1
                ends = sorted((wall_at(change - SECOND, zone) + SECOND, wall_at(change, zone)))
                middle = ends[0] + (ends[1] - ends[0]) // 2
                walls = sorted({ends[0] - SECOND, ends[0], middle.replace(microsecond=0), ends[1] - SECOND, ends[1]})
                moments = [self.assert_is_the_moment(wall, zone) for wall in walls]
                self.assertEqual(moments, sorted(moments))
        self.assertGreater(n_changes, 10_000)


class SweepTestCase(SimpleTestCase):
    def assert_follows_the_clocks(self, name: str, change: dt.datetime, of_day: dt.timedelta) -> None:
        """Compare the slots of two days around a change with those worked out here."""
        zone = ZoneInfo(name)
        midnight = wall_at(change, zone).replace(hour=0, minute=0, second=0, microsecond=0)
        span = (change - 2 * DAY, change + 2 * DAY)
        daily = [midnight + day * DAY + of_day for day in range(-5, 6)]
        start = moment_of(daily[0], zone)
        minute, hour = of_day // MINUTE % 60, of_day // HOUR
        walls = {
            Schedule(start=start, period="day", rate=1, timezone=name): daily,
            Schedule(cron=f"{minute} {hour} * * *", timezone=name): daily,
            Schedule(cron=f"{minute} * * * *", timezone=name): [
                midnight + n * HOUR + minute * MINUTE for n in range(-5 * 24, 6 * 24)
            ],
        }
        for schedule, times in walls.items():
            moments = sorted({moment_of(wall, zone) for wall in times})
            expected = [moment for moment in moments if span[0] < moment <= span[1]]
            found = self.slots_in(schedule, *span)
            self.assertEqual(found, expected, f"{name}, {change}: {schedule}")
            for moment in (*expected, change, change - SECOND, change + HOUR, change + of_day / 7):
                latest = moments[bisect.bisect_right(moments, moment) - 1]
                self.assertEqual(schedule.latest_until(moment), latest, f"{name}, {moment}: {schedule}")

    @staticmethod
    def slots_in(schedule: Schedule, after: dt.datetime, until: dt.datetime) -> list[dt.datetime]:
        found: list[dt.datetime] = []
        slot = schedule.next_after(after)
        while slot is not None and slot <= until:
            found.append(slot)
            slot = schedule.next_after(slot)
        return found


class SampleTests(SweepTestCase):
    @STEADY
    @given(st.data())
    def test_slots_around_a_change_are_neither_lost_nor_doubled(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(ZONES))
        changes = changes_of(name)
        if not changes:
            return
        change = data.draw(st.sampled_from(changes))
        # Mostly times that this very change concerns.
        near = wall_at(change, ZoneInfo(name)) + data.draw(st.integers(-150, 150)) * MINUTE
        of_day = (near.hour * 60 + near.minute) * MINUTE
        self.assert_follows_the_clocks(name, change, of_day)

    @STEADY
    @given(
        name=st.sampled_from(ZONES),
        start=st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2037, 1, 1)),
        moment=st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2037, 1, 1)),
        period=st.sampled_from(["minute", "hour", "day", "week", "month", "year"]),
        rate=st.integers(1, 60),
    )
    def test_slots_increase_and_lie_on_the_grid_of_the_start(
        self, name: str, start: dt.datetime, moment: dt.datetime, period: str, rate: int
    ) -> None:
        zone, first = ZoneInfo(name), start.replace(tzinfo=UTC)
        schedule = Schedule(start=first, period=period, rate=rate, timezone=name)
        slots = schedule.upcoming(moment.replace(tzinfo=UTC), 6)
        self.assertEqual(len(slots), 6)
        for before, after in pairwise(slots):
            self.assertLess(before, after)
        anchor = wall_at(first, zone)
        for slot in slots:
            self.assertGreaterEqual(slot, first)
            if period in ("minute", "hour"):
                self.assertEqual((slot - first) % (rate * (MINUTE if period == "minute" else HOUR)), dt.timedelta())
                continue
            wall = wall_at(slot, zone)
            if wall.time() != anchor.time():
                # It was skipped, so that just before this slot the clocks had not come to it.
                self.assertNotEqual(offset_at(slot, zone), offset_at(slot - SECOND, zone))
                continue
            if period in ("day", "week"):
                self.assertEqual((wall.date() - anchor.date()).days % (rate * (7 if period == "week" else 1)), 0)
                continue
            n_months = (wall.year - anchor.year) * 12 + wall.month - anchor.month
            self.assertEqual(n_months % (rate * (12 if period == "year" else 1)), 0)
            if wall.day != anchor.day:
                self.assertEqual((wall + DAY).day, 1)
                self.assertLess(wall.day, anchor.day)


@tag("long")
@skipUnless(os.environ.get("EZ_LONG"), "takes minutes; set EZ_LONG=1 to run it")
class EveryChangeTests(SweepTestCase):
    def test_slots_around_every_change_of_every_zone_are_neither_lost_nor_doubled(self) -> None:
        seen: set[tuple[tuple[dt.datetime, dt.timedelta], ...]] = set()
        for name in ZONES:
            zone, changes = ZoneInfo(name), changes_of(name)
            # Many names stand for the same clocks.
            clocks = tuple((change, offset_at(change, zone)) for change in changes)
            if clocks in seen:
                continue
            seen.add(clocks)
            for change in changes:
                for minutes in (-61, -30, 0, 29):
                    near = wall_at(change, zone) + minutes * MINUTE
                    self.assert_follows_the_clocks(name, change, (near.hour * 60 + near.minute) * MINUTE)
