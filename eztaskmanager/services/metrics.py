"""What Prometheus is told, from the database, so that it is the same whichever process is asked."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator

from django.db.models import Case, Count, DurationField, ExpressionWrapper, F, Sum, Value, When
from django.utils import timezone
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeHistogramMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import INF, floatToGoString

from eztaskmanager import __version__
from eztaskmanager.models import LaunchReport, RunTotal, Task
from eztaskmanager.services.impatience import Impatient
from eztaskmanager.services.monitoring import seconds_late, tell_of_tickers, tell_of_waiting
from eztaskmanager.settings import app_settings

# Bounds of the buckets of durations, in seconds.
BUCKETS = (0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 4 * 3_600.0, 12 * 3_600.0, INF)
# For how many seconds the figures serve, and how long they may take.
FRESH = 5.0
TIMEOUT = 10.0
OTHERS = ("", "(others)")
TASK = ["task_id", "task"]

Name = tuple[str, str]


class EzTaskManagerCollector(Collector):
    """Asks the database at each scrape; made for a registry of one's own, or for Prometheus' default one.

    Args:
        tells_tasks: Whether tasks are told apart, as far as `EZTASKMANAGER_METRICS_MAX_TASKS` goes.
    """

    def __init__(self, *, tells_tasks: bool = True) -> None:
        self.tells_tasks = tells_tasks

    def describe(self) -> Iterable[Metric]:
        """Give nothing: who registers it need not have a database at hand."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give all families, by a handful of queries whatever the number of tasks and runs."""
        began = time.monotonic()
        now = timezone.now()
        names = _Names(app_settings.METRICS_MAX_TASKS if self.tells_tasks else 0)
        service = app_settings.QUEUE_SERVICE_TYPE
        yield InfoMetricFamily(
            "eztaskmanager", "Version and queue service.", {"version": __version__, "queue": service}
        )
        yield from _totals(names)
        yield from _recent(now, names)
        yield from _tasks(names)
        yield from _queues(now)
        yield from _tickers(now)
        yield GaugeMetricFamily(
            "eztaskmanager_collect_seconds", "How long these figures took.", value=time.monotonic() - began
        )


class _Names:
    """Labels of tasks: of the first so many by their keys, so that none comes and goes; the others share one."""

    def __init__(self, limit: int) -> None:
        rows = Task.objects.order_by("pk").values_list(
            "pk", "name", "cached_last_invocation_datetime", "cached_last_invocation_result"
        )
        self.rows = list(rows[:limit]) if limit else []
        self._names = {pk: (str(pk), name) for pk, name, *_ in self.rows}
        # If there may be others, these too.
        self.all = [*self._names.values(), *([OTHERS] if len(self.rows) == limit else [])]

    def __getitem__(self, task_id: int) -> Name:
        return self._names.get(task_id, OTHERS)


def _totals(names: _Names) -> Iterator[Metric]:
    """Tell of all runs that ever ended, by counters that deleted reports leave alone."""
    # From zero on, for Prometheus sees no growth in what appears as 1.
    n_runs = {(name, result): 0 for name in names.all for result in LaunchReport.Result.values if result}
    seconds = dict.fromkeys(names.all, 0.0)
    n_lines = dict.fromkeys(names.all, 0)
    rows = RunTotal.objects.order_by().values_list("task_id", "result", "n_runs", "seconds", "n_log_lines")
    for task_id, result, count, took, lines in rows:
        name = names[task_id]
        if name not in seconds:
            continue  # A task that was made just now; its next scrape has its name.
        n_runs[name, result] = n_runs.get((name, result), 0) + count
        seconds[name] += took
        n_lines[name] += lines
    family = CounterMetricFamily("eztaskmanager_runs", "Runs that ended.", labels=[*TASK, "result"])
    for (name, result), count in n_runs.items():
        family.add_metric([*name, result], count)
    yield family
    family = CounterMetricFamily("eztaskmanager_run_seconds", "Seconds that runs which ended took.", labels=TASK)
    for name, took in seconds.items():
        family.add_metric(name, took)
    yield family
    family = CounterMetricFamily("eztaskmanager_log_lines", "Log lines of runs that ended.", labels=TASK)
    for name, lines in n_lines.items():
        family.add_metric(name, lines)
    yield family


def _recent(now: dt.datetime, names: _Names) -> Iterator[Metric]:
    """Tell of the runs that ended within the window."""
    window = app_settings.METRICS_WINDOW
    took = ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField())
    # One after the other, for a short run is in the first: SQLite computes each difference in Python.
    bounds = [When(took__lte=dt.timedelta(seconds=bound), then=Value(i)) for i, bound in enumerate(BUCKETS[:-1])]
    rows = (
        LaunchReport.objects.filter(finished_at__gt=now - dt.timedelta(seconds=window), finished_at__lte=now)
        .order_by()
        .annotate(took=took)
        .annotate(
            bucket=Case(When(started_at=None, then=Value(None)), *bounds, default=Value(len(BUCKETS) - 1)),
        )
        .values_list("task_id", "bucket")
        .annotate(
            Count("pk"),
            Sum("took"),
            Sum("n_log_lines"),
            Sum("n_log_debugs"),
            Sum("n_log_warnings"),
            Sum("n_log_errors"),
        )
    )
    buckets: dict[Name, list[int]] = defaultdict(lambda: [0] * len(BUCKETS))
    seconds: dict[Name, float] = defaultdict(float)
    n_lines: dict[tuple[Name, str], int] = defaultdict(int)
    for task_id, bucket, count, total, lines, debugs, warnings, errors in rows:
        name = names[task_id]
        if bucket is not None:
            buckets[name][bucket] += count
            seconds[name] += total.total_seconds() if total is not None else 0
        levels = {"debug": debugs, "info": lines - debugs - warnings - errors, "warning": warnings, "error": errors}
        for level, number in levels.items():
            n_lines[name, level] += number
    yield GaugeMetricFamily(
        "eztaskmanager_recent_window_seconds", "How far back the recent figures look.", value=float(window)
    )
    durations = GaugeHistogramMetricFamily(
        "eztaskmanager_recent_run_duration_seconds", "How long runs within the window took.", labels=TASK
    )
    for name, counts in buckets.items():
        reached = [sum(counts[: i + 1]) for i in range(len(counts))]
        durations.add_metric(name, list(zip(map(floatToGoString, BUCKETS), reached)), seconds[name])
    yield durations
    family = GaugeMetricFamily(
        "eztaskmanager_recent_log_lines", "Log lines of the runs within the window.", labels=[*TASK, "level"]
    )
    for (name, level), count in n_lines.items():
        family.add_metric([*name, level], count)
    yield family


def _tasks(names: _Names) -> Iterator[Metric]:
    family = GaugeMetricFamily("eztaskmanager_tasks", "Tasks by status.", labels=["status"])
    counts = dict(Task.objects.order_by().values_list("status").annotate(Count("pk")))
    for status in Task.Status.values:
        family.add_metric([status], counts.get(status, 0))
    yield family
    launched = GaugeMetricFamily(
        "eztaskmanager_task_last_run_timestamp_seconds", "When the last run of a task was launched.", labels=TASK
    )
    results = GaugeMetricFamily(
        "eztaskmanager_task_last_run_result",
        "1 for the result of the last run of a task; none while it goes on.",
        labels=[*TASK, "result"],
    )
    for pk, _, moment, result in names.rows:
        if moment is not None:
            launched.add_metric(names[pk], moment.timestamp())
        if result:
            results.add_metric([*names[pk], result], 1)
    yield from (launched, results)


def _queues(now: dt.datetime) -> Iterator[Metric]:
    depths = GaugeMetricFamily("eztaskmanager_queue_depth", "Runs that wait for a worker.", labels=["queue"])
    waits = GaugeMetricFamily(
        "eztaskmanager_queue_oldest_wait_seconds", "Seconds that the first of them has waited.", labels=["queue"]
    )
    for waiting in tell_of_waiting(now):
        depths.add_metric([waiting.queue], waiting.depth)
        waits.add_metric([waiting.queue], waiting.oldest_wait)
    yield from (depths, waits)
    reports = LaunchReport.objects.order_by()
    yield GaugeMetricFamily("eztaskmanager_runs_running", "Runs that go on.", value=reports.started().count())
    yield GaugeMetricFamily(
        "eztaskmanager_runs_silent", "Runs that go on and give no sign of life.", value=reports.silent(now).count()
    )


def _tickers(now: dt.datetime) -> Iterator[Metric]:
    labels = ["kind", "host"]
    silences = GaugeMetricFamily("eztaskmanager_ticker_silence_seconds", "Seconds since it last ticked.", labels=labels)
    alive = GaugeMetricFamily("eztaskmanager_ticker_alive", "1 if it ticked lately, as it should.", labels=labels)
    for ticker in tell_of_tickers(now):
        silences.add_metric([ticker["kind"], ticker["host"]], ticker["seconds_since_beat"])
        alive.add_metric([ticker["kind"], ticker["host"]], ticker["is_alive"])
    yield from (silences, alive)
    yield GaugeMetricFamily(
        "eztaskmanager_schedule_late_seconds",
        "How late the slot is that should have been claimed first; 0 if none is late.",
        value=seconds_late(now),
    )


class _Figures(Collector):
    """Families collected a moment ago."""

    def __init__(self, families: list[Metric]) -> None:
        self.families = families
        self.fresh_until = time.monotonic() + FRESH

    def collect(self) -> Iterable[Metric]:
        return self.families


class Exposition:
    """The figures as text; collected anew after some seconds, by one at a time."""

    def __init__(self, *, tells_tasks: bool) -> None:
        collector = EzTaskManagerCollector(tells_tasks=tells_tasks)
        self._collect = Impatient(lambda: _Figures(list(collector.collect())), TIMEOUT, "The database")
        self._figures: _Figures | None = None
        self._lock = threading.Lock()

    def expose(self, accept: str) -> tuple[bytes, str]:
        """Give text and content type, in the format that an `Accept` header asks for.

        Raises:
            TooSlow: The database did not answer in time.
            django.db.Error: It does not answer.
        """
        with self._lock:
            if self._figures is None or time.monotonic() >= self._figures.fresh_until:
                self._figures = self._collect()
            figures = self._figures
        try:
            encode, content_type = choose_encoder(accept)
        except (TypeError, ValueError):  # It compares versions, and some are none.
            encode, content_type = choose_encoder("")
        return encode(figures), content_type

    def forget(self) -> None:
        """Collect anew at the next call."""
        self._figures = None


with_tasks, without_tasks = Exposition(tells_tasks=True), Exposition(tells_tasks=False)
