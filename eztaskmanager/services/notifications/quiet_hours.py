"""Hours in which nobody is told anything."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from eztaskmanager.exceptions import ScheduleError
from eztaskmanager.schedules.wall_clock import load_zone, moment_of, wall_of

PATTERN = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})(?:\s+(\S+))?")
SAMPLE = '"22:00-07:00" or "22:00-07:00 Europe/Rome"'


@dataclass(frozen=True)
class QuietHours:
    """From one time of the clock to another, each day; over midnight where the second is the earlier.

    Attributes:
        start: The first quiet minute.
        end: The first minute that is quiet no more.
        zone: Whose clock.
    """

    start: dt.time
    end: dt.time
    zone: dt.tzinfo

    def end_after(self, moment: dt.datetime) -> dt.datetime | None:
        """Tell when the quiet hours that hold a moment end, in UTC; None if it is in none."""
        wall = wall_of(moment, self.zone)
        now = wall.time()
        if self.start < self.end:
            is_quiet, days = self.start <= now < self.end, 0
        else:
            is_quiet, days = now >= self.start or now < self.end, int(now >= self.start)
        if not is_quiet:
            return None
        wall_end = dt.datetime.combine(wall.date() + dt.timedelta(days=days), self.end)
        end = moment_of(wall_end, self.zone)
        # In the hour that the clocks show twice, the second time, the first end is past.
        return end if end > moment else wall_end.replace(tzinfo=self.zone, fold=1).astimezone(dt.timezone.utc)


def parse_quiet_hours(text: object, default_zone: str) -> QuietHours:
    """Read such as 22:00-07:00, with the name of a zone behind it or not.

    Args:
        text: As the project's settings have it.
        default_zone: Name of the zone where the text names none.

    Raises:
        ValueError: It means nothing.
    """
    found = PATTERN.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"{text!r} are no quiet hours; write them as {SAMPLE}")
    try:
        start, end = dt.time(int(found[1]), int(found[2])), dt.time(int(found[3]), int(found[4]))
    except ValueError:
        raise ValueError(f"{text!r} are no quiet hours: a clock goes from 00:00 to 23:59") from None
    if start == end:
        raise ValueError(f"{text!r} are no quiet hours: they end when they begin")
    try:
        zone = load_zone(found[5] or default_zone)
    except ScheduleError as exc:
        raise ValueError(str(exc)) from exc
    return QuietHours(start, end, zone)
