"""What the last days were like: how runs ended, day by day, and what took the time."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import (
    Avg,
    Case,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    IntegerField,
    QuerySet,
    Sum,
    Value,
    When,
)

from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services.overview.durations import usual_durations

N_DAYS = 14
DAYS_OF_SLOWEST = 7
N_SLOWEST = 10
# Of tasks with the longest runs on average, the medians of so many are looked at.
N_LOOKED_AT = 30
# So many of the latest runs are added up; a host with more in a week learns as much from them.
MOST_RUNS = 50_000


@dataclass(frozen=True)
class Day:
    """How the runs of a day ended.

    Attributes:
        date: By the clocks of the zone that was asked for.
        counts: Result → how many; without those that were none.
    """

    date: dt.date
    counts: dict[str, int]

    @property
    def total(self) -> int:
        """How many runs ended."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Slow:
    """What a task took.

    Attributes:
        task: Itself.
        usual: The median of its last runs; None if it ended none.
        total: Of all runs in the days looked at.
        n_runs: How many those were.
    """

    task: Task
    usual: dt.timedelta | None
    total: dt.timedelta
    n_runs: int


@dataclass(frozen=True)
class Slowest:
    """The tasks that take the most.

    Attributes:
        by_usual: Those whose runs are long.
        by_total: Those that keep workers busy.
        since: From when on runs were looked at.
    """

    by_usual: tuple[Slow, ...]
    by_total: tuple[Slow, ...]
    since: dt.datetime


def start_of(date: dt.date, zone: dt.tzinfo) -> dt.datetime:
    """Tell the moment at which a day begins by the clocks of a zone."""
    return dt.datetime.combine(date, dt.time.min, zone).astimezone(dt.timezone.utc)


def count_by_day(
    reports: QuerySet[LaunchReport], today: dt.date, zone: dt.tzinfo, n_days: int = N_DAYS
) -> tuple[Day, ...]:
    """Count how the runs of each day ended, the oldest day first.

    The days are cut here and not by the database: MySQL knows zones only where someone loaded them.
    """
    dates = [today - dt.timedelta(days=n) for n in range(n_days)]
    # The latest first, for there most runs are found at the first comparison.
    cases = [When(finished_at__gte=start_of(date, zone), then=Value(n)) for n, date in enumerate(dates)]
    ended = reports.filter(
        finished_at__gte=start_of(dates[-1], zone), finished_at__lt=start_of(today + dt.timedelta(days=1), zone)
    )
    rows = (
        ended.order_by()
        .annotate(age=Case(*cases, output_field=IntegerField()))
        .values("age", "invocation_result")
        .annotate(n=Count("pk"))
    )
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for row in rows:
        counts[row["age"]][row["invocation_result"]] = row["n"]
    return tuple(Day(date, counts[n]) for n, date in reversed(list(enumerate(dates))))


def find_slowest(reports: QuerySet[LaunchReport], now: dt.datetime) -> Slowest:
    """Find the tasks whose runs are the longest, and those that take the most time in all."""
    since = now - dt.timedelta(days=DAYS_OF_SLOWEST)
    recent = reports.filter(finished_at__gte=since, started_at__isnull=False).order_by()
    enough = recent.order_by("-finished_at").values_list("finished_at", flat=True)[MOST_RUNS : MOST_RUNS + 1]
    if since_enough := next(iter(enough), None):
        since, recent = since_enough, recent.filter(finished_at__gt=since_enough)
    lasted = ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField())
    # By a sum that is the key: grouped by the column, MySQL walks through all reports in that order.
    rows = (
        recent.annotate(owner=F("task_id") + 0)
        .values("owner")
        .annotate(total=Sum(lasted), average=Avg(lasted), n=Count("pk"))
    )
    sums = {row["owner"]: row for row in rows}
    by_total = sorted(sums, key=lambda pk: -sums[pk]["total"])[:N_SLOWEST]
    by_average = sorted(sums, key=lambda pk: -sums[pk]["average"])[:N_LOOKED_AT]
    wanted = {*by_total, *by_average}
    usual = usual_durations(wanted)
    tasks = Task.objects.select_related("category").in_bulk(wanted)
    by_usual = sorted((pk for pk in by_average if pk in usual), key=lambda pk: -usual[pk])[:N_SLOWEST]

    def tell(pks: list[int]) -> tuple[Slow, ...]:
        return tuple(Slow(tasks[pk], usual.get(pk), sums[pk]["total"], sums[pk]["n"]) for pk in pks if pk in tasks)

    return Slowest(tell(by_usual), tell(by_total), since)
