"""What runs now, and what went wrong lately."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import QuerySet
from django.db.models.functions import Left

from eztaskmanager.models import LaunchReport

MOST_RUNNING = 50
MOST_FAILURES = 20
# What is counted no further: a number that large says the same.
MOST_COUNTED = 1_000
FAILED = (
    LaunchReport.RESULT_FAILED,
    LaunchReport.RESULT_ERRORS,
    LaunchReport.RESULT_TIMEOUT,
    LaunchReport.RESULT_LOST,
)
START_OF_ERROR = 300


@dataclass(frozen=True)
class Few:
    """Some reports of many.

    Attributes:
        reports: The first ones.
        count: How many there are, if not more than can be counted quickly.
        is_more: Whether there are more than `count`.
    """

    reports: tuple[LaunchReport, ...]
    count: int
    is_more: bool = False

    @property
    def hidden(self) -> int:
        """How many are not among `reports`."""
        return self.count - len(self.reports)


def find_running(reports: QuerySet[LaunchReport]) -> Few:
    """Give the runs that go on, the longest first."""
    running = reports.filter(state=LaunchReport.State.STARTED)
    return _few(running.order_by("started_at", "pk"), MOST_RUNNING)


def count_waiting(reports: QuerySet[LaunchReport]) -> int:
    """Count the runs that wait for a worker, or for their time."""
    return reports.filter(state=LaunchReport.State.QUEUED).order_by()[:MOST_COUNTED].count()


def find_failures(reports: QuerySet[LaunchReport], since: dt.datetime) -> Few:
    """Give the runs that went wrong, the latest first; of their errors the start is fetched, as `error_start`."""
    failed = reports.filter(finished_at__gte=since, invocation_result__in=FAILED)
    latest = failed.order_by("-finished_at", "-pk").annotate(error_start=Left("error", START_OF_ERROR))
    return _few(latest.defer("error"), MOST_FAILURES)


def _few(reports: QuerySet[LaunchReport], most: int) -> Few:
    # Not joined: MySQL would begin with the few commands, and sort all their reports.
    found = tuple(reports.prefetch_related("task__command", "task__category")[: most + 1])
    if len(found) <= most:
        return Few(found, len(found))
    count = reports.order_by().values("pk")[: MOST_COUNTED + 1].count()
    return Few(found[:most], min(count, MOST_COUNTED), count > MOST_COUNTED)
