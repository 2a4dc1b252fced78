"""Two weeks of runs that never were, so that the demo has a past to look at."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from django.utils import timezone

from eztaskmanager.models import LaunchReport, Log, Task

MADE_UP = "Made up for the demo."
DAYS = 14


@dataclass(frozen=True)
class Past:
    """How a task has done so far.

    Attributes:
        every: Hours between two runs.
        seconds: Usual duration.
        failing: Share of runs that failed.
        warned: Share of runs with warnings.
        who: Who launched them; empty for the schedule.
    """

    every: float
    seconds: float
    failing: float = 0.03
    warned: float = 0.1
    who: str = ""


def make_history(pasts: dict[Task, Past]) -> None:
    """Make the reports of each task, oldest first, each with a line that says what it is."""
    dice = random.Random(7)
    now = timezone.now()
    reports = []
    for task, past in pasts.items():
        for number in range(int(DAYS * 24 / past.every), 0, -1):
            reports.append(_report(task, past, now - dt.timedelta(hours=number * past.every), dice))
    reports.sort(key=lambda report: report.started_at or now)
    made = LaunchReport.objects.bulk_create(reports)
    # Written in the moment of the launch, which a column of its kind takes to be now.
    for report in made:
        report.invocation_datetime = report.started_at
    LaunchReport.objects.bulk_update(made, ["invocation_datetime"], batch_size=200)
    Log.objects.bulk_create(
        (
            Log(launch_report=report, seq=1, timestamp=report.started_at, level="INFO", message=MADE_UP)
            for report in made
        ),
        batch_size=500,
    )
    Task.objects.filter(pk__in=[task.pk for task in pasts]).derive()  # type: ignore[attr-defined]


def _report(task: Task, past: Past, begun: dt.datetime, dice: random.Random) -> LaunchReport:
    luck = dice.random()
    seconds = past.seconds * dice.lognormvariate(0, 0.18) * (4 if dice.random() < 0.02 else 1)
    result = LaunchReport.RESULT_OK
    if luck < past.failing:
        result, seconds = LaunchReport.RESULT_FAILED, seconds * dice.random()
    elif luck < past.failing + past.warned:
        result = LaunchReport.RESULT_WARNINGS
    has_failed = result == LaunchReport.RESULT_FAILED
    return LaunchReport(
        task=task,
        command=task.command.name,
        arguments=task.arguments,
        trigger=LaunchReport.Trigger.MANUAL if past.who else LaunchReport.Trigger.SCHEDULE,
        launched_by_name=past.who,
        state=LaunchReport.State.FINISHED,
        invocation_result=result,
        started_at=begun,
        heartbeat_at=begun,
        finished_at=begun + dt.timedelta(seconds=seconds),
        exit_code=1 if has_failed else 0,
        error="ConnectionError: no answer from partner.example.org" if has_failed else "",
        host="worker-1",
        n_log_lines=1,
        n_log_warnings=dice.randint(1, 9) if result == LaunchReport.RESULT_WARNINGS else 0,
        cpu_seconds=seconds * 0.7,
        max_rss=int(dice.uniform(60, 90)) << 20,
    )
