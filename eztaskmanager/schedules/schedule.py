"""The schedule of a task as a value."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _

from eztaskmanager.exceptions import ScheduleError
from eztaskmanager.schedules.cron import CronGrid, check_cron, parse_cron
from eztaskmanager.schedules.grids import CalendarGrid, ElapsedGrid, Grid, PointGrid
from eztaskmanager.schedules.wall_clock import UTC, load_zone, wall_of
from eztaskmanager.schedules.wording import describe

SECONDS = {
    "minute": 60,
    "hour": 3600,
    "day": 86_400,
    "week": 7 * 86_400,
    "month": 30 * 86_400,
    "year": 365 * 86_400,
}
LONGEST_JITTER = SECONDS["year"]


@contextmanager
def _within_the_calendar(field: str = "scheduling") -> Iterator[None]:
    try:
        yield
    except OverflowError as exc:
        message = _("The schedule leaves the calendar, which has the years 1 to 9999.")
        raise ScheduleError(message, field=field) from exc


@dataclass(frozen=True)
class Schedule:
    """A start; or a start and a repetition; or a cron expression; or nothing.

    Every N minutes and hours are elapsed time. Every N days, weeks, months and years, and cron, follow the clocks of
    the zone: a time that they skip comes at the end of the gap, one that they show twice comes once, the first time.

    Attributes:
        start: The first slot; cron counts from here on.
        period: minute, hour, day, week, month, year, or empty.
        rate: Every how many periods.
        cron: Five fields, or a name such as @daily.
        timezone: A name of the tz database; empty is UTC.
        ends_at: No slot is later; one may be as late.
        jitter: Seconds; each slot is put off by a number up to it.
        jitter_seed: Decides that number, which is always the same for the same seed.
    """

    start: dt.datetime | None = None
    period: str = ""
    rate: int | None = None
    cron: str = ""
    timezone: str = ""
    ends_at: dt.datetime | None = None
    jitter: int = 0
    jitter_seed: int = 0

    def __post_init__(self) -> None:
        for moment in (self.start, self.ends_at):
            if moment is not None and moment.tzinfo is None:
                raise ValueError(f"{moment!r} is naive; a schedule is made of aware moments.")

    @property
    def is_empty(self) -> bool:
        """Whether there is neither a start nor a cron expression."""
        return self.start is None and not self.cron.strip()

    @property
    def is_periodic(self) -> bool:
        """Whether both rate and period are set."""
        return bool(self.rate and self.period)

    @property
    def follows_the_clocks(self) -> bool:
        """Whether its slots are times of the zone's clocks, and not moments or spans of elapsed time."""
        return bool(self.cron.strip()) or (self.is_periodic and self.period not in ("minute", "hour"))

    @property
    def interval_in_seconds(self) -> int | None:
        """Seconds between two slots of a repetition; a month counts as 30 days, a year as 365; None without one."""
        if not self.rate or self.period not in SECONDS:
            return None
        return self.rate * SECONDS[self.period]

    @property
    def jitter_in_seconds(self) -> int:
        """By how much each slot is put off."""
        if self.jitter <= 0:
            return 0
        digest = hashlib.sha256(str(self.jitter_seed).encode()).digest()
        return int.from_bytes(digest[:8], "big") % (self.jitter + 1)

    @_within_the_calendar()
    def check(self) -> None:
        """Refuse a schedule that contradicts itself, or that has no slot ever.

        Raises:
            ScheduleError: Which field is wrong, and why.
        """
        self._check_fields()
        if self.cron.strip():
            check_cron(self.cron)
        if self.start is not None:
            # Slots are counted from what the clocks show at the start.
            wall_of(_to_utc(self.start), load_zone(self.timezone))
        if self.ends_at is not None:
            with _within_the_calendar("ends_at"):
                _to_utc(self.ends_at)
        if self.start is None or self.ends_at is None:
            return
        if self.ends_at < self.start:
            raise ScheduleError(_("The end is before the start."), field="ends_at")
        if self.next_after(self.start - dt.timedelta.resolution) is None:
            raise ScheduleError(_("There is no moment to run between the start and the end."), field="ends_at")

    @_within_the_calendar()
    def next_after(self, moment: dt.datetime) -> dt.datetime | None:
        """Find the first slot that is later than a moment.

        Raises:
            ScheduleError: The schedule cannot be followed.
        """
        if self.is_empty:
            return None
        slot = self._grid.after(_to_utc(moment) - self._delay)
        if slot is None:
            return None
        slot += self._delay
        return None if self.ends_at is not None and slot > self.ends_at else slot

    @_within_the_calendar()
    def latest_until(self, moment: dt.datetime, since: dt.datetime | None = None) -> dt.datetime | None:
        """Find the last slot that is not later than a moment.

        Args:
            moment: The bound above, inclusive.
            since: The bound below, exclusive.

        Raises:
            ScheduleError: The schedule cannot be followed.
        """
        if self.is_empty:
            return None
        if self.ends_at is not None:
            moment = min(moment, self.ends_at)
        slot = self._grid.until(_to_utc(moment) - self._delay)
        if slot is None:
            return None
        slot += self._delay
        return None if since is not None and slot <= since else slot

    def upcoming(self, moment: dt.datetime, n: int) -> list[dt.datetime]:
        """List the first slots that are later than a moment, at most `n`.

        Raises:
            ScheduleError: The schedule cannot be followed.
        """
        slots: list[dt.datetime] = []
        slot = self.next_after(moment)
        while slot is not None and len(slots) < n:
            slots.append(slot)
            slot = self.next_after(slot)
        return slots

    def describe(self) -> str:
        """Say it in words, in the active language; empty for the empty schedule."""
        return describe(self)

    @property
    def _delay(self) -> dt.timedelta:
        return dt.timedelta(seconds=self.jitter_in_seconds)

    @cached_property
    def _grid(self) -> Grid:
        self._check_fields()
        zone = load_zone(self.timezone)
        start = None if self.start is None else _to_utc(self.start)
        if self.cron.strip():
            return CronGrid(parse_cron(self.cron), zone, start)
        if start is None:
            raise ScheduleError(_("A schedule needs a start or a cron expression."), field="scheduling")
        if not self.rate:
            return PointGrid(start)
        if self.period in ("minute", "hour"):
            return ElapsedGrid(start, self.rate * dt.timedelta(seconds=SECONDS[self.period]))
        if self.period in ("day", "week"):
            return CalendarGrid(start, zone, days=self.rate * (7 if self.period == "week" else 1))
        return CalendarGrid(start, zone, months=self.rate * (12 if self.period == "year" else 1))

    def _check_fields(self) -> None:
        load_zone(self.timezone)
        if self.period and self.period not in SECONDS:
            message = _("%(period)r is not a repetition period; there are %(periods)s.")
            names = {"period": self.period, "periods": ", ".join(SECONDS)}
            raise ScheduleError(message % names, field="repetition_period")
        if self.rate is not None and self.rate < 1:
            message = _("The repetition rate is %(rate)d; it must be 1 or more.")
            raise ScheduleError(message % {"rate": self.rate}, field="repetition_rate")
        if self.cron.strip() and (self.period or self.rate):
            message = _("A cron expression and a repetition period exclude each other; clear one of them.")
            raise ScheduleError(message, field="cron")
        if self.rate and not self.period:
            raise ScheduleError(_("A repetition rate needs a repetition period."), field="repetition_period")
        if self.period and not self.rate:
            raise ScheduleError(_("A repetition period needs a repetition rate."), field="repetition_rate")
        if self.period and self.start is None:
            raise ScheduleError(_("A repetition needs a start."), field="scheduling")
        if not 0 <= self.jitter <= LONGEST_JITTER:
            message = _("The jitter is %(jitter)d seconds; it must be from 0 to %(most)d, which is a year.")
            raise ScheduleError(message % {"jitter": self.jitter, "most": LONGEST_JITTER}, field="jitter")


def _to_utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(UTC)
