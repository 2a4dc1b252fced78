"""How long reports and logs are kept."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Case, Count, Exists, F, OuterRef, Q, Sum, Value, When
from django.db.models.functions import Least
from django.utils import timezone

from eztaskmanager.models import LaunchReport, Log, Task
from eztaskmanager.models.pruning import HEAD, ROWS, SHORT, Doomed, Pruner
from eztaskmanager.models.report_queries import LaunchReportQuerySet
from eztaskmanager.settings import app_settings

logger = logging.getLogger(__name__)

FAILED = (
    LaunchReport.RESULT_ERRORS,
    LaunchReport.RESULT_FAILED,
    LaunchReport.RESULT_TIMEOUT,
    LaunchReport.RESULT_LOST,
)
FIELDS = ("pk", "task_id", "n_log_lines")
# Reports looked up at a time.
PAGE = 2_000
LONGEST_PAUSE = 0.5
# Seconds that a worker may spend after a run, and a tick in between; what is left is left to the next.
AFTER_A_RUN = 2.0
IN_A_TICK = 1.0
LOOK_EVERY = 3600.0
# In days; longer ago there is no date.
LONGEST = 100_000


@dataclass(frozen=True)
class Policy:
    """What goes. Whatever it says, runs that are not over stay, and so do the last run and the last report of a task.

    Attributes:
        number: Reports kept of each task; None for all.
        failed_number: Reports of failed runs kept beside those, at least as many; None counts them with the others.
        days: Days that reports are kept; None for ever.
        failed_days: Days that reports of failed runs are kept, if they are more.
        log_rows: Log lines kept in all; None for any number.
        is_for_all: Whether `number` holds for tasks that have a number of their own, too.
    """

    number: int | None = None
    failed_number: int | None = None
    days: float | None = None
    failed_days: float | None = None
    log_rows: int | None = None
    is_for_all: bool = False

    @classmethod
    def of_settings(cls) -> Policy:
        """Read the project's."""
        return cls(
            number=app_settings.N_REPORTS_KEPT,
            failed_number=app_settings.N_FAILED_REPORTS_KEPT,
            days=app_settings.KEEP_DAYS,
            failed_days=app_settings.KEEP_FAILED_DAYS,
            log_rows=app_settings.MAX_LOG_ROWS,
        )

    def number_of(self, keep_reports: int | None) -> int | None:
        """Tell how many reports are kept of a task that says so much itself."""
        return self.number if keep_reports is None or self.is_for_all else keep_reports


class Rest:
    """Lets others at the database between two transactions, and ends when the time is up.

    Args:
        seconds: How long to go on; None for as long as it takes.
        end: Ends it when set.
        tell: Called after each transaction.
    """

    def __init__(
        self,
        seconds: float | None = None,
        *,
        end: threading.Event | None = None,
        tell: Callable[[], object] = lambda: None,
    ) -> None:
        self._ends_at = None if seconds is None else time.monotonic() + seconds
        self._end = end or threading.Event()
        self._tell = tell

    def __call__(self, seconds: float) -> bool:
        """Rest as long as was worked; return whether to end."""
        self._tell()
        return self._end.wait(min(seconds, LONGEST_PAUSE)) or (
            self._ends_at is not None and time.monotonic() >= self._ends_at
        )


def make_pruner(rest: Callable[[float], bool], rows: int = ROWS) -> Pruner:
    """Make a pruner that spares what no policy may delete."""
    return Pruner(rows=rows, rest=rest, among=LaunchReport.objects.expendable())


def prune(policy: Policy, pruner: Pruner, tasks: Sequence[int] | None = None) -> bool:
    """Delete what the policy says.

    Args:
        policy: Whose limit for all logs holds only when no tasks are named.
        pruner: Counts what it deletes.
        tasks: Keys of the tasks whose reports may go; None for all.

    Returns:
        Whether all is done, rather than the pruner told to end.
    """
    for pages in (pages_by_number(policy, tasks), pages_by_age(policy, tasks)):
        for page in pages:
            if not pruner.remove(page):
                return False
    return tasks is not None or policy.log_rows is None or _make_room(policy.log_rows, pruner)


def prune_after_run(report: LaunchReport) -> None:
    """Delete what its task has too many of: a few reports, as a rule."""
    policy = Policy.of_settings()
    number = policy.number_of(report.task.keep_reports)
    if number is not None:
        make_pruner(Rest(AFTER_A_RUN)).remove(_beyond(policy, report.task_id, number, PAGE))


class Housekeeper:
    """Prunes in passing: looks each hour whether there is something to do, and does a little of it at a time."""

    def __init__(self) -> None:
        self._next_look = 0.0

    def work(self, seconds_to_spare: Callable[[], float]) -> None:
        """Go on for a second, or less if there is less to spare; not at all when nothing is left for this hour."""
        if time.monotonic() < self._next_look or (seconds := min(seconds_to_spare(), IN_A_TICK)) <= 0:
            return
        pruner = make_pruner(Rest(seconds))
        try:
            is_done = prune(Policy.of_settings(), pruner)
        except Exception:  # Slots are more important than room; the next hour is another one.
            logger.exception("Old reports could not be deleted.")
            is_done = True
        if is_done:
            self._next_look = time.monotonic() + LOOK_EVERY
        if pruner.n_reports or pruner.n_logs:
            logger.info(
                "Retention: %d reports deleted, %d logs shortened, %d lines less.",
                pruner.n_reports,
                pruner.n_logs,
                pruner.n_lines,
            )


housekeeper = Housekeeper()


def pages_by_number(policy: Policy, tasks: Sequence[int] | None) -> Iterator[list[Doomed]]:
    """Give what is beyond the number of reports kept, task by task, oldest first."""
    rows = Task.objects.order_by("pk")
    if tasks is not None:
        rows = rows.filter(pk__in=tasks)
    if policy.number is None:
        rows = rows.filter(keep_reports__isnull=False)
    numbers = {pk: policy.number_of(keep) for pk, keep in rows.values_list("pk", "keep_reports")}
    if not numbers:
        return
    finished = LaunchReport.objects.filter(state=LaunchReport.State.FINISHED).order_by()
    counts = finished.values_list("task").annotate(n=Count("pk")).order_by("task")
    for task_id, count in list(counts):
        number = numbers.get(task_id)
        if number is not None and count > number and (doomed := _beyond(policy, task_id, number)):
            yield doomed


def _beyond(policy: Policy, task_id: int, number: int, most: int | None = None) -> list[Doomed]:
    reports = LaunchReport.objects.filter(task=task_id, state=LaunchReport.State.FINISHED).order_by("-pk")
    if policy.failed_number is None:
        rows = _rows(reports, number, most)
    else:
        rows = _rows(reports.exclude(invocation_result__in=FAILED), number, most)
        rows += _rows(reports.filter(invocation_result__in=FAILED), max(number, policy.failed_number), most)
    return sorted(rows)


def _rows(reports: LaunchReportQuerySet, number: int, most: int | None) -> list[Doomed]:
    beyond = list(reports.values_list("pk", flat=True)[number : None if most is None else number + most])
    return [
        Doomed(*row)
        for start in range(0, len(beyond), 500)
        for row in LaunchReport.objects.expendable().filter(pk__in=beyond[start : start + 500]).values_list(*FIELDS)
    ]


def pages_by_age(policy: Policy, tasks: Sequence[int] | None) -> Iterator[list[Doomed]]:
    """Give what is too old, oldest first, those of a task together in each page."""
    if policy.days is None:
        return
    now = timezone.now()
    is_old = Q(finished_at__lt=_days_before(now, policy.days))
    if policy.failed_days is not None:
        very_old = _days_before(now, max(policy.days, policy.failed_days))
        is_old &= ~Q(invocation_result__in=FAILED) | Q(finished_at__lt=very_old)
    old = LaunchReport.objects.expendable().filter(is_old)
    if tasks is not None:
        old = old.filter(task__in=tasks)
    after = 0
    while page := [Doomed(*row) for row in old.filter(pk__gt=after).order_by("pk").values_list(*FIELDS)[:PAGE]]:
        after = page[-1].pk
        yield sorted(page, key=lambda one: (one.task_id, one.pk))


def _days_before(now: dt.datetime, days: float) -> dt.datetime:
    return now - dt.timedelta(days=min(days, LONGEST))


def log_rows_kept() -> int:
    """Count the log lines of all reports, by their reports."""
    longest = app_settings.MAX_LOG_LINES
    kept = F("n_log_lines") if longest is None else Least(F("n_log_lines"), Value(longest))
    rows = Case(When(Q(n_log_lines__lte=SHORT) | Q(_is_whole()), then=kept), default=Value(SHORT))
    return LaunchReport.objects.order_by().aggregate(n=Sum(rows))["n"] or 0


def pages_to_shorten() -> Iterator[list[Doomed]]:
    """Give the reports whose logs may be shortened, oldest first."""
    whole = LaunchReport.objects.expendable().filter(_is_whole(), n_log_lines__gt=SHORT).order_by("pk")
    after = 0
    while page := [Doomed(*row) for row in whole.filter(pk__gt=after).values_list(*FIELDS)[:PAGE]]:
        after = page[-1].pk
        yield page


def _is_whole() -> Exists:
    # The second line behind those that are left at the head: the first tells what is gone.
    return Exists(Log.objects.filter(launch_report=OuterRef("pk"), seq=HEAD + 2))


def _make_room(limit: int, pruner: Pruner) -> bool:
    """Shorten the oldest logs until the others fit; if that is not enough, delete the oldest reports."""
    excess = log_rows_kept() - limit
    before = pruner.n_lines
    for page in pages_to_shorten() if excess > 0 else ():
        for doomed in page:
            if pruner.n_lines - before >= excess:
                return True
            if not pruner.shorten(doomed):
                return False
    while (left := excess - (pruner.n_lines - before)) > 0:
        n_reports = pruner.n_reports
        if not pruner.remove(_oldest_with_lines(left)):
            return False
        if pruner.n_reports == n_reports:
            break
    return True


def _oldest_with_lines(n_lines: int) -> list[Doomed]:
    """Give the oldest reports that have so many lines together, or a page of them."""
    with_lines = LaunchReport.objects.expendable().filter(n_log_lines__gt=0).order_by("pk")
    chosen = []
    for row in with_lines.values_list(*FIELDS)[:PAGE]:
        if n_lines <= 0:
            break
        chosen.append(Doomed(*row))
        n_lines -= min(chosen[-1].n_log_lines, SHORT)
    return chosen
