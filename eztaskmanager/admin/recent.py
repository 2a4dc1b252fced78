"""The last runs of tasks, in two or three queries whatever their number and the length of their history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import OuterRef, Q, Subquery

from eztaskmanager.durations import LONGER, WINDOW, Usual, find_usual, judge_each
from eztaskmanager.models import LaunchReport, Task

SHOWN = 20
# Each that is shown is judged by those before it.
FETCHED = SHOWN + WINDOW
# Those that came to their own end tell what is usual; what failed or was ended tells when it failed or was ended.
TELLING = (LaunchReport.RESULT_OK, LaunchReport.RESULT_WARNINGS, LaunchReport.RESULT_ERRORS)
COLUMNS = (
    "task_id",
    "state",
    "invocation_result",
    "invocation_datetime",
    "trigger",
    "launched_by_name",
    "started_at",
    "finished_at",
    "stop_requested_at",
    "progress_current",
    "progress_total",
    "progress_text",
    "n_log_errors",
    "n_log_warnings",
)


@dataclass(frozen=True)
class Recent:
    """What the last runs of a task tell.

    Attributes:
        runs: The last ones, the oldest first.
        verdicts: Which of them took longer or shorter than usual, by their keys.
        usual: By which a run that goes on is judged.
        last: The last one that ended, skipped ones and those that never began left out.
    """

    runs: Sequence[LaunchReport] = ()
    verdicts: Mapping[int, str] = field(default_factory=dict)
    usual: Usual | None = None
    last: LaunchReport | None = None

    @property
    def shown(self) -> Sequence[LaunchReport]:
        """Those that a strip shows."""
        return self.runs[-SHOWN:]

    @property
    def running(self) -> list[LaunchReport]:
        """Those that go on."""
        return [run for run in self.runs if run.state == LaunchReport.State.STARTED]

    def judge(self, run: LaunchReport) -> str:
        """Say whether a run took, or has been taking, longer or shorter than usual."""
        if run.state == LaunchReport.State.STARTED:
            duration = run.duration
            is_long = self.usual and duration and self.usual.judge(duration.total_seconds()) == LONGER
            return LONGER if is_long else ""
        return self.verdicts.get(run.pk, "")


def tell_recent(runs: Sequence[LaunchReport], last: LaunchReport | None = None) -> Recent:
    """Tell what runs, in the order in which they were launched, say together.

    Args:
        runs: Of one task.
        last: The last one that ended, where it is not among them.
    """
    telling = [run for run in runs if run.invocation_result in TELLING and run.duration is not None]
    seconds = [run.duration.total_seconds() for run in telling if run.duration is not None]
    ended = (run for run in reversed(runs) if run.is_over and run.started_at is not None)
    verdicts = {run.pk: verdict for run, verdict in zip(telling, judge_each(seconds), strict=True) if verdict}
    return Recent(runs=runs, verdicts=verdicts, usual=find_usual(seconds), last=next(ended, last))


def fetch_recent(tasks: Iterable[Task]) -> dict[int, Recent]:
    """Fetch the last runs of each task.

    The first query finds, by the index of task and number, the number from which on the last runs of a task count; the
    second reads just those. So neither reads the history of a task.
    """
    keys = [task.pk for task in tasks]
    if not keys:
        return {}
    reports = LaunchReport.objects.filter(task=OuterRef("pk")).order_by("-pk").values("pk")
    ended = reports.filter(state=LaunchReport.State.FINISHED, started_at__isnull=False)
    bounds = Task.objects.filter(pk__in=keys).order_by()
    found = bounds.values_list("pk", Subquery(reports[FETCHED - 1 : FETCHED]), Subquery(ended[:1]))
    wanted, lasts = Q(pk__in=[]), {}
    for task_pk, first_pk, last_pk in found:
        wanted |= Q(task=task_pk, pk__gte=first_pk or 0)
        lasts[task_pk] = last_pk
    runs: dict[int, list[LaunchReport]] = {key: [] for key in keys}
    for run in LaunchReport.objects.filter(wanted).only(*COLUMNS).order_by("pk"):
        runs[run.task_id].append(run)
    fetched = {run.pk for each in runs.values() for run in each}
    # Behind forty runs that were all skipped.
    missing = [pk for pk in lasts.values() if pk is not None and pk not in fetched]
    older = LaunchReport.objects.only(*COLUMNS).in_bulk(missing) if missing else {}
    return {key: tell_recent(runs[key], older.get(lasts.get(key) or 0)) for key in keys}
