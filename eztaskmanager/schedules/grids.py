"""The moments a schedule consists of, before its end and its jitter are looked at; each is found by arithmetic."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from eztaskmanager.schedules.wall_clock import moment_of, wall_of


class Grid(Protocol):
    """Strictly increasing moments."""

    def after(self, moment: dt.datetime) -> dt.datetime | None:
        """Find the first that is later than a moment."""

    def until(self, moment: dt.datetime) -> dt.datetime | None:
        """Find the last that is not later than a moment."""


@dataclass(frozen=True, slots=True)
class PointGrid:
    """A single moment."""

    start: dt.datetime

    def after(self, moment: dt.datetime) -> dt.datetime | None:
        return self.start if self.start > moment else None

    def until(self, moment: dt.datetime) -> dt.datetime | None:
        return self.start if self.start <= moment else None


@dataclass(frozen=True, slots=True)
class ElapsedGrid:
    """Every so many minutes or hours, whatever the clocks do."""

    start: dt.datetime
    step: dt.timedelta

    def after(self, moment: dt.datetime) -> dt.datetime | None:
        return self.start if moment < self.start else self.start + ((moment - self.start) // self.step + 1) * self.step

    def until(self, moment: dt.datetime) -> dt.datetime | None:
        return None if moment < self.start else self.start + (moment - self.start) // self.step * self.step


@dataclass(frozen=True, slots=True)
class CalendarGrid:
    """Every so many days or months, at the time of day that the clocks of a zone show at the start.

    Attributes:
        start: The first moment. The day of the month is its own, shortened only in months that lack it.
        zone: Whose clocks.
        days: Step in days, or 0.
        months: Step in months, or 0.
    """

    start: dt.datetime
    zone: dt.tzinfo
    days: int = 0
    months: int = 0

    def after(self, moment: dt.datetime) -> dt.datetime | None:
        return self._slot(self._index(moment) + 1)

    def until(self, moment: dt.datetime) -> dt.datetime | None:
        index = self._index(moment)
        return None if index < 0 else self._slot(index)

    def _index(self, moment: dt.datetime) -> int:
        """Tell the number of the last slot that is not later than a moment; -1 before the start."""
        if moment < self.start:
            return -1
        anchor, wall = wall_of(self.start, self.zone), wall_of(moment, self.zone)
        if self.days:
            index = (wall - anchor).days // self.days
        else:
            index = ((wall.year - anchor.year) * 12 + wall.month - anchor.month) // self.months
        # The guess is off by a slot or two, where clocks changed or the month is not over.
        index = max(index, 0)
        while self._has_come(index + 1, moment):
            index += 1
        while index > 0 and not self._has_come(index, moment):
            index -= 1
        return index

    def _has_come(self, index: int, moment: dt.datetime) -> bool:
        slot = self._slot(index)
        return slot is not None and slot <= moment

    def _slot(self, index: int) -> dt.datetime | None:
        """Tell the moment of a slot; None past the end of the calendar."""
        if index == 0:
            return self.start  # Itself, were it the second showing of a time that the clocks show twice.
        anchor = wall_of(self.start, self.zone)
        try:
            if self.days:
                return moment_of(anchor + dt.timedelta(days=index * self.days), self.zone)
            year, month = divmod(anchor.year * 12 + anchor.month - 1 + index * self.months, 12)
            day = min(anchor.day, calendar.monthrange(year, month + 1)[1])
            return moment_of(anchor.replace(year=year, month=month + 1, day=day), self.zone)
        except (OverflowError, ValueError):
            return None
