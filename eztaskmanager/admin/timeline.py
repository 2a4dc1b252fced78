"""Where on the picture of the next hours each thing stands, in percents of its width and pixels of its height."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _, ngettext

from eztaskmanager.services.overview.coming import Bar, Coming, Lane
from eztaskmanager.views.facts import tell_duration

ROW = 28
AXIS = 26
CROWD = 52
BAR = 14
# Percents below which a bar could not be seen, nor pointed at.
THINNEST = 0.35
LABELLED_HOURS = 3
# There the word now stands.
BESIDE_NOW = dt.timedelta(minutes=90)


@dataclass(frozen=True)
class Hour:
    """A line of the grid; every third one has a label."""

    x: str
    label: str
    is_midnight: bool


@dataclass(frozen=True)
class Box:
    """A bar, or a step of the curve of how much goes on at once."""

    x: str
    y: int
    width: str
    height: int
    title: str
    look: str
    color: str = ""


@dataclass(frozen=True)
class Picture:
    """All that the template draws."""

    height: int
    lanes_top: int
    hours: tuple[Hour, ...]
    bars: tuple[Box, ...]
    crowd: tuple[Box, ...]
    summary: str


def draw(coming: Coming, zone: dt.tzinfo) -> Picture:
    """Place hours, bars and the curve, by the clocks of a zone."""
    most = max((step.count for step in coming.steps), default=0)
    scale = _Scale(coming)
    crowd = tuple(
        Box(
            x=scale.x(step.start),
            y=AXIS + CROWD - 6 - round((CROWD - 14) * step.count / most),
            width=scale.width(step.start, step.end),
            height=round((CROWD - 14) * step.count / most),
            title=_("%(time)s: %(count)d at once") % {"time": _clock(step.start, zone), "count": step.count},
            look="ez-line-busy" if step.count > 1 else "ez-line-one",
        )
        for step in coming.steps
        if step.start < coming.end
    )
    return Picture(
        height=AXIS + CROWD + ROW * len(coming.lanes),
        lanes_top=AXIS + CROWD,
        hours=tuple(_hours(coming, zone, scale)),
        bars=tuple(box for row, lane in enumerate(coming.lanes) for box in _bars(lane, row, zone, scale)),
        crowd=crowd,
        summary=_summarize(coming, zone),
    )


class _Scale:
    def __init__(self, coming: Coming) -> None:
        self._start = coming.start
        self._whole = (coming.end - coming.start).total_seconds()

    def percent(self, moment: dt.datetime) -> float:
        return min(100.0, max(0.0, 100 * (moment - self._start).total_seconds() / self._whole))

    def x(self, moment: dt.datetime) -> str:
        return f"{min(self.percent(moment), 100 - THINNEST):.3f}%"

    def width(self, start: dt.datetime, end: dt.datetime) -> str:
        return f"{max(self.percent(end) - self.percent(start), THINNEST):.3f}%"


def _hours(coming: Coming, zone: dt.tzinfo, scale: _Scale) -> Iterator[Hour]:
    local = coming.start.astimezone(zone)
    past = dt.timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    moment = coming.start - past + dt.timedelta(hours=1)
    while moment < coming.end:
        local = moment.astimezone(zone)
        is_labelled = local.hour % LABELLED_HOURS == 0 and moment - coming.start > BESIDE_NOW
        is_midnight = local.hour == 0
        label = date_format(local, "D j") if is_midnight else date_format(local, "H:i")
        yield Hour(f"{scale.percent(moment):.3f}%", label if is_labelled else "", is_midnight)
        moment += dt.timedelta(hours=1)


def _bars(lane: Lane, row: int, zone: dt.tzinfo, scale: _Scale) -> Iterator[Box]:
    color = lane.task.category.color if lane.task.category else ""
    for bar in lane.bars:
        yield Box(
            x=scale.x(bar.start),
            y=AXIS + CROWD + ROW * row + (ROW - BAR) // 2,
            width=scale.width(bar.start, bar.end),
            height=BAR,
            title=_title(lane, bar, zone),
            look=("ez-line-band" if bar.is_band else "ez-line-run") + (" ez-is-own" if color else ""),
            color=color,
        )


def _title(lane: Lane, bar: Bar, zone: dt.tzinfo) -> str:
    words = {"task": lane.task.name, "time": _clock(bar.start, zone), "end": _clock(bar.end, zone)}
    if bar.is_band:
        return _("%(task)s: again and again from %(time)s to %(end)s") % words
    if lane.usual is None:
        return _("%(task)s: %(time)s") % words
    return _("%(task)s: %(time)s, usually for %(duration)s") % {**words, "duration": tell_duration(lane.usual)}


def _summarize(coming: Coming, zone: dt.tzinfo) -> str:
    count = len(coming.lanes)
    text = ngettext("%(count)d task runs in the next 24 hours.", "%(count)d tasks run in the next 24 hours.", count)
    text %= {"count": count}
    busiest = coming.busiest
    if busiest is None or busiest.count < 2:
        return text
    crowd = _("Up to %(count)d runs go on at the same time, first at %(time)s.")
    return f"{text} {crowd % {'count': busiest.count, 'time': _clock(busiest.start, zone)}}"


def _clock(moment: dt.datetime, zone: dt.tzinfo) -> str:
    local = moment.astimezone(zone)
    return date_format(local, "H:i:s" if local.second else "H:i")
