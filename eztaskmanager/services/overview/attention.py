"""What someone should look after, and whether anybody follows the schedules."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import QuerySet

from eztaskmanager.models import Task, TickerBeat

MOST_OF_A_KIND = 10
# A ticker is this late only when there is none.
OVERDUE = dt.timedelta(minutes=2)


@dataclass(frozen=True)
class Notice:
    """Something that wants attention.

    Attributes:
        kind: What it is about, for its words: broken-schedule, overdue, or a word of whoever adds one.
        level: error or warning.
        task: Whose page helps, if it is about one.
        moment: Since when, if that is known.
        text: What is known beside the kind; may be empty.
    """

    kind: str
    level: str
    task: Task | None = None
    moment: dt.datetime | None = None
    text: str = ""


@dataclass(frozen=True)
class Ticker:
    """A process that follows schedules, or did."""

    kind: str
    host: str
    pid: int
    beat_at: dt.datetime
    is_alive: bool


def find_notices(tasks: QuerySet[Task], now: dt.datetime) -> tuple[Notice, ...]:
    """Tell which schedules were set aside, and which rides nobody has taken."""
    broken = tasks.filter(cached_next_ride=None, is_paused=False).exclude(schedule_error="").order_by("-pk")
    overdue = tasks.filter(cached_next_ride__lt=now - OVERDUE, is_paused=False).order_by("cached_next_ride", "pk")
    return (
        *(Notice("broken-schedule", "error", task, text=task.schedule_error) for task in broken[:MOST_OF_A_KIND]),
        *(Notice("overdue", "warning", task, task.cached_next_ride) for task in overdue[:MOST_OF_A_KIND]),
    )


def find_tickers(now: dt.datetime) -> tuple[Ticker, ...]:
    """Tell who ticks or did, those alive first."""
    beats = [
        Ticker(beat.kind, beat.host, beat.pid, beat.beat_at, beat.is_alive(now)) for beat in TickerBeat.objects.all()
    ]
    return tuple(sorted(beats, key=lambda ticker: (not ticker.is_alive, ticker.kind, ticker.host)))
