"""What a change of the clocks does to the rides of a schedule, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from eztaskmanager.exceptions import ScheduleError
from eztaskmanager.schedules.schedule import Schedule
from eztaskmanager.schedules.wall_clock import UTC, find_change, load_zone, wall_of


def note_changes(schedule: Schedule, rides: Sequence[dt.datetime]) -> list[str]:
    """Say at each ride what a change of the clocks does to it; empty where it does nothing.

    Args:
        schedule: Whose rides they are.
        rides: One after the other, in order.

    Raises:
        ScheduleError: The schedule cannot be followed.
    """
    zone = load_zone(schedule.timezone)
    notes, previous = [], None
    for ride in rides:
        note = _of_its_time(schedule, ride, zone)
        if not note and previous is not None:
            note = _between(previous, ride, zone)
        notes.append(note)
        previous = ride
    return notes


def _of_its_time(schedule: Schedule, ride: dt.datetime, zone: dt.tzinfo) -> str:
    """Say that the clocks skip the time of a ride, or show it twice."""
    if not schedule.follows_the_clocks:
        return ""
    # Without the delay of the task, for it is the slot that meets the clocks.
    slot = ride - dt.timedelta(seconds=schedule.jitter_in_seconds)
    wall = wall_of(slot, zone)
    meant = _meant(schedule, wall, zone)
    if meant is not None and meant != wall:
        text = _("The clocks skip %(meant)s on this day, so it runs at %(time)s.")
        return text % {"meant": _clock(meant), "time": _clock(wall_of(ride, zone))}
    first, second = (wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    if first is not None and second is not None and first > second:
        text = _("The clocks show %(time)s twice on this day; it runs once, the first time.")
        return text % {"time": _clock(wall)}
    return ""


def _meant(schedule: Schedule, wall: dt.datetime, zone: dt.tzinfo) -> dt.datetime | None:
    """Tell which time of the clocks the schedule means, by the same schedule under clocks that never change."""
    start = None if schedule.start is None else wall_of(schedule.start, zone).replace(tzinfo=UTC)
    steady = replace(schedule, start=start, timezone="UTC", ends_at=None, jitter=0)
    try:
        meant = steady.latest_until(wall.replace(tzinfo=UTC))
    except ScheduleError:
        return None
    return None if meant is None else meant.replace(tzinfo=None)


def _between(previous: dt.datetime, ride: dt.datetime, zone: dt.tzinfo) -> str:
    """Say that the clocks change between two rides."""
    change = find_change(previous, ride, zone)
    if change is None:
        return ""
    before, after = wall_of(change - dt.timedelta.resolution, zone) + dt.timedelta.resolution, wall_of(change, zone)
    text = (
        _("Before it, on %(date)s, the clocks go forward from %(before)s to %(after)s.")
        if after > before
        else _("Before it, on %(date)s, the clocks go back from %(before)s to %(after)s.")
    )
    return text % {"date": date_format(before, "DATE_FORMAT"), "before": _clock(before), "after": _clock(after)}


def _clock(wall: dt.datetime) -> str:
    return f"{wall:%H:%M:%S}" if wall.second else f"{wall:%H:%M}"
