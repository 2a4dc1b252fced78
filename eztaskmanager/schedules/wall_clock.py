"""Moments, and what the clocks of a zone show at them.

One rule maps the time a clock is to show to a moment: the first at which the clock shows that time or a later one. So
a time that the clocks skip comes at the end of the gap, one that they show twice comes the first time, and a later
time never comes before an earlier one.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from eztaskmanager.exceptions import ScheduleError

UTC = dt.timezone.utc


def load_zone(name: str) -> dt.tzinfo:
    """Load a zone of the tz database; the empty name is UTC.

    Raises:
        ScheduleError: There is no such zone.
    """
    if name in ("", "UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as exc:
        message = _("There is no time zone %(name)r; names of the tz database, such as Europe/Rome, are allowed.")
        raise ScheduleError(message % {"name": name}, field="timezone") from exc


def shown_in(moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """Give a moment as the clocks of a zone show it; at the ends of the calendar, where they cannot, as UTC's do."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment.astimezone(UTC)


def wall_of(moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """Tell what the clocks show at a moment, as a naive time."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def moment_of(wall: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """Tell the first moment, in UTC, at which the clocks show this naive time or a later one."""
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if wall_of(moment, zone) == wall:
        return moment
    # The clocks skip it, and the two folds lie on either side of the gap's end.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _first_second(before, moment, lambda second: wall_of(second, zone) >= wall)


def furthest_wall(moment: dt.datetime, zone: dt.tzinfo) -> tuple[dt.datetime, bool]:
    """Tell the latest time that the clocks have shown up to a moment.

    Returns:
        The naive time, and whether it was shown; if not, the clocks were set back just before it.
    """
    wall = wall_of(moment, zone)
    first = moment_of(wall, zone)
    if first >= moment:
        return wall, True
    offset = first.astimezone(zone).utcoffset()
    set_back = _first_second(first, moment, lambda second: second.astimezone(zone).utcoffset() != offset)
    return (set_back + (offset or dt.timedelta())).replace(tzinfo=None), False


def find_change(after: dt.datetime, until: dt.datetime, zone: dt.tzinfo) -> dt.datetime | None:
    """Tell, in UTC, when the clocks change between two moments at which they differ from UTC by unlike amounts."""
    offset = after.astimezone(zone).utcoffset()
    if until.astimezone(zone).utcoffset() == offset:
        return None
    return _first_second(after, until, lambda second: second.astimezone(zone).utcoffset() != offset)


def _first_second(after: dt.datetime, until: dt.datetime, holds: Callable[[dt.datetime], bool]) -> dt.datetime:
    """Search the whole second, within the two moments, from which on something holds; clocks change at whole ones."""
    low, high = math.floor(after.timestamp()), math.ceil(until.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if holds(dt.datetime.fromtimestamp(middle, UTC)):
            high = middle
        else:
            low = middle
    return dt.datetime.fromtimestamp(high, UTC)
