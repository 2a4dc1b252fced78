"""What the last runs of a task say together: how often it went well, how long it takes, and a chart of both."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.utils.translation import gettext as _

from eztaskmanager.admin.onlooker import Onlooker
from eztaskmanager.admin.recent import COLUMNS, Recent, tell_recent
from eztaskmanager.admin.strips import durations_of, tell_verdict
from eztaskmanager.durations import WINDOW, percentile
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.views.facts import tell_duration, tell_end, tell_moment, tell_seconds, tell_state

RUNS = 100
WELL = (LaunchReport.RESULT_OK, LaunchReport.RESULT_WARNINGS)
# What people ended says nothing of the task.
RATED = (
    *WELL,
    LaunchReport.RESULT_ERRORS,
    LaunchReport.RESULT_FAILED,
    LaunchReport.RESULT_TIMEOUT,
    LaunchReport.RESULT_LOST,
)


@dataclass(frozen=True)
class Statistics:
    """Of the last hundred runs that began and ended.

    Attributes:
        n_runs: How many there were.
        n_rated: How many of them ended by themselves.
        success_rate: Percent of these that ended ok or with warnings; None if there are none.
        median: Half of the runs took longer.
        percentile_95: One in twenty took longer.
        n_unusual: How many took longer or shorter than usual.
        bars: What the chart shows of each, and the table beside it.
        chart: What the chart's script reads, as JSON.
    """

    n_runs: int
    n_rated: int
    success_rate: int | None
    median: str
    percentile_95: str
    n_unusual: int
    bars: list[dict[str, Any]]
    chart: str


def tell_statistics(task: Task, onlooker: Onlooker) -> Statistics | None:
    """Count and measure the last runs of a task, in one query; None if there are none."""
    ended = LaunchReport.objects.filter(task=task, state=LaunchReport.State.FINISHED, started_at__isnull=False)
    runs = list(ended.order_by("-pk").only(*COLUMNS)[: RUNS + WINDOW])[::-1]
    if not runs:
        return None
    recent, runs = tell_recent(runs), runs[-RUNS:]
    seconds = durations_of(runs)
    rated = [run for run in runs if run.invocation_result in RATED]
    n_well = sum(run.invocation_result in WELL for run in rated)
    bars = [_tell_bar(run, recent, onlooker) for run in runs]
    middle = median(seconds)
    return Statistics(
        n_runs=len(runs),
        n_rated=len(rated),
        success_rate=100 * n_well // len(rated) if rated else None,
        median=_write(middle),
        percentile_95=_write(percentile(seconds, 0.95)),
        n_unusual=sum(bool(bar["verdict"]) for bar in bars),
        bars=bars,
        chart=json.dumps(
            {"bars": bars, "median": round(middle, 3), "median_label": _("median"), "duration_label": _("duration")}
        ),
    )


def _tell_bar(run: LaunchReport, recent: Recent, onlooker: Onlooker) -> dict[str, Any]:
    duration = run.duration
    return {
        "moment": tell_moment(run.started_at),
        "seconds": 0.0 if duration is None else round(duration.total_seconds(), 3),
        "duration": tell_duration(duration),
        "look": tell_end(run),
        "result": tell_state(run),
        "verdict": tell_verdict(recent.judge(run)),
        "address": onlooker.address_of(run.pk),
    }


def _write(seconds: float) -> str:
    return tell_seconds(seconds) if seconds < 10 else tell_duration(dt.timedelta(seconds=seconds))
