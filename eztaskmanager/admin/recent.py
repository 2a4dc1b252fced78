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
HAS_RUN = {"state": LaunchReport.State.FINISHED, "started_at__isnull": False}
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
    ended = (run for run in reversed(runs) if _has_run(run))
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
    bounds = Task.objects.filter(pk__in=keys).order_by()
    wanted = Q(pk__in=[])
    for task_pk, first_pk in bounds.values_list("pk", Subquery(reports[FETCHED - 1 : FETCHED])):
        wanted |= Q(task=task_pk, pk__gte=first_pk or 0)
    runs: dict[int, list[LaunchReport]] = {key: [] for key in keys}
    for run in LaunchReport.objects.filter(wanted).only(*COLUMNS).order_by("pk"):
        runs[run.task_id].append(run)
    lasts = _fetch_lasts(key for key, found in runs.items() if len(found) == FETCHED and not any(map(_has_run, found)))
    return {key: tell_recent(found, lasts.get(key)) for key, found in runs.items()}


def _fetch_lasts(keys: Iterable[int]) -> dict[int, LaunchReport]:
    """Fetch the last runs that ended of tasks all of whose latest ones were skipped, or still go on."""
    wanted = list(keys)
    if not wanted:
        return {}
    tasks = Task.objects.filter(pk__in=wanted).order_by()
    reports = LaunchReport.objects.filter(task=OuterRef("pk"), **HAS_RUN).order_by("-pk").values("pk")
    found = LaunchReport.objects.filter(pk__in=list(tasks.values_list(Subquery(reports[:1]), flat=True)))
    return {run.task_id: run for run in found.only(*COLUMNS)}


def _has_run(run: LaunchReport) -> bool:
    return run.is_over and run.started_at is not None
