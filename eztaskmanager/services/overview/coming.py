"""What comes in the next hours: the slots of the tasks that ride first, and how many of their runs go on at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from eztaskmanager.exceptions import ScheduleError
from eztaskmanager.models import Task
from eztaskmanager.schedules import Schedule
from eztaskmanager.services.overview.durations import usual_durations

SPAN = dt.timedelta(hours=24)
MOST_TASKS = 30
# What is not shown is counted no further.
MOST_COUNTED = 10_000
# Slots as close as this are one band: on a line of a day they cannot be told apart.
CLOSE = dt.timedelta(minutes=15)


@dataclass(frozen=True)
class Bar:
    """A run to come, or a band of runs that follow one another closely.

    Attributes:
        start: The slot, or the first of a band.
        end: When the run, or the last of the band, will probably be over.
        is_band: Whether it stands for several slots.
    """

    start: dt.datetime
    end: dt.datetime
    is_band: bool = False


@dataclass(frozen=True)
class Lane:
    """A task and its bars.

    Attributes:
        usual: How long its runs usually last; None if that is not known yet.
    """

    task: Task
    usual: dt.timedelta | None
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Step:
    """So many runs at once, from one moment to the next."""

    start: dt.datetime
    end: dt.datetime
    count: int


@dataclass(frozen=True)
class Coming:
    """The next hours.

    Attributes:
        start: Now.
        end: Where the line ends.
        lanes: One for each task, in the order of their next rides.
        steps: Where at least one run goes on, how many do.
        n_hidden: Tasks that ride as well, and later than these.
        is_more_hidden: Whether that many and more are hidden.
    """

    start: dt.datetime
    end: dt.datetime
    lanes: tuple[Lane, ...]
    steps: tuple[Step, ...]
    n_hidden: int
    is_more_hidden: bool

    @property
    def busiest(self) -> Step | None:
        """Where the most runs go on at once, the first time."""
        return max(self.steps, key=lambda step: step.count, default=None)


def find_coming(tasks: QuerySet[Task], now: dt.datetime, *, with_durations: bool = True) -> Coming:
    """Tell what rides until a day from now.

    Args:
        tasks: Those that count.
        now: Where the line begins.
        with_durations: Whether to look at past runs; without that each run is a moment.
    """
    end = now + SPAN
    riding = tasks.filter(cached_next_ride__lt=end, is_paused=False)
    # Not joined: MySQL would begin with the few commands, and sort all their tasks.
    first = riding.prefetch_related("command", "category").order_by("cached_next_ride", "pk")
    shown = list(first[: MOST_TASKS + 1])
    n_hidden = 0
    if len(shown) > MOST_TASKS:
        shown = shown[:MOST_TASKS]
        n_hidden = riding.order_by()[: MOST_COUNTED + MOST_TASKS + 1].count() - MOST_TASKS
    usual = usual_durations([task.pk for task in shown] if with_durations else [])
    lanes = tuple(_lane(task, usual.get(task.pk), now, end) for task in shown)
    return Coming(
        start=now,
        end=end,
        lanes=lanes,
        steps=count_at_once(bar for lane in lanes for bar in lane.bars),
        n_hidden=min(n_hidden, MOST_COUNTED),
        is_more_hidden=n_hidden > MOST_COUNTED,
    )


def count_at_once(bars: Iterable[Bar]) -> tuple[Step, ...]:
    """Tell how many bars there are at once, wherever there is one; a bar without length counts for a moment."""
    changes: dict[dt.datetime, int] = {}
    for bar in bars:
        end = max(bar.end, bar.start + dt.timedelta(seconds=1))
        changes[bar.start] = changes.get(bar.start, 0) + 1
        changes[end] = changes.get(end, 0) - 1
    steps: list[Step] = []
    count, since = 0, None
    for moment in sorted(changes):
        if changes[moment] == 0:
            continue
        if count and since is not None:
            steps.append(Step(since, moment, count))
        count, since = count + changes[moment], moment
    return tuple(steps)


def bars_of(schedule: Schedule, lasting: dt.timedelta, start: dt.datetime, end: dt.datetime) -> Iterator[Bar]:
    """Give the bars of a schedule after `start` and before `end`, close ones joined; a step for each at the most.

    Raises:
        ScheduleError: The schedule cannot be followed.
    """
    slot = schedule.next_after(start)
    while slot is not None and slot < end:
        first, last = slot, slot
        slot = schedule.next_after(last)
        while slot is not None and slot < end and slot - last <= CLOSE:
            # The slots between are neither counted nor computed.
            last = schedule.latest_until(min(last + CLOSE, end - dt.timedelta.resolution), last) or slot
            slot = schedule.next_after(last)
        yield Bar(first, last + lasting, is_band=last > first)


def _lane(task: Task, usual: dt.timedelta | None, start: dt.datetime, end: dt.datetime) -> Lane:
    try:
        bars = tuple(bars_of(task.schedule, usual or dt.timedelta(0), start, end)) if task.has_schedule else ()
    except ScheduleError:
        bars = ()  # The next tick sets it aside, with its error.
    return Lane(task, usual, bars)
