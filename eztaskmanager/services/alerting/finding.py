"""What is wrong at this moment, in a few queries, each on an index."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Exists, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _, ngettext

from eztaskmanager.exceptions import TaskQueueException
from eztaskmanager.models import Alert, LaunchReport, Task, TickerBeat
from eztaskmanager.models.ticker_beats import PATIENCE
from eztaskmanager.services.alerting.durations import longest_expected
from eztaskmanager.services.queues import QueueStatus, get_task_service
from eztaskmanager.services.queues.quiet_timers import timers_are_quiet
from eztaskmanager.settings import app_settings

logger = logging.getLogger(__name__)

Kind = Alert.Kind
DEFAULT_QUEUE = "default"
# Nothing is stuck sooner unless its task expects so, and that is asked of the past of no more runs at once.
SHORTEST_STUCK = dt.timedelta(minutes=10)
MOST_STUCK = 50
# Of what is late no more is looked at; then the cause is one, and has its own alert.
MOST = 200
PAST_RUNS = 20
BY_THEMSELVES = (LaunchReport.RESULT_OK, LaunchReport.RESULT_WARNINGS, LaunchReport.RESULT_ERRORS)


@dataclass(frozen=True)
class Problem:
    """Something that is wrong.

    Attributes:
        kind: An `Alert.Kind`.
        key: Names the subject among those of the kind.
        message: For people.
        task_id: What it is about.
        report: What it is about.
        queue: What it is about.
        seconds: How long it has been so; 0 where that has no meaning.
    """

    kind: str
    key: str
    message: str
    task_id: int | None = None
    report: LaunchReport | None = None
    queue: str = ""
    seconds: float = 0.0

    @property
    def open_key(self) -> str:
        """The key of its alert."""
        return f"{self.kind}:{self.key}"[:100]


def find_late(now: dt.datetime, after: float) -> Iterator[Problem]:
    """Find the tasks of which a slot passed without a run: nobody claimed it, or it waits for a worker.

    Args:
        now: The moment.
        after: Seconds that are no delay yet.
    """
    limit = now - dt.timedelta(seconds=after)
    seen = set()
    waiting = LaunchReport.objects.queued().filter(planned_at__lt=limit, due_at=None)
    # A run that lets another of its task end first is where its policy wants it.
    waiting = waiting.exclude(task__overlap=Task.Overlap.QUEUE, task__status=Task.STATUS_STARTED)
    for report in waiting.select_related("task").order_by("planned_at")[:MOST]:
        if report.task_id not in seen and report.planned_at is not None:
            seen.add(report.task_id)
            message = _("The run of %(task)s planned for %(slot)s waits for a worker.")
            yield _late(report.task, report.planned_at, now, message, report)
    for task in Task.objects.filter(cached_next_ride__lt=limit).order_by("cached_next_ride")[:MOST]:
        if task.pk not in seen and task.cached_next_ride is not None:
            message = _("%(task)s was to run at %(slot)s, and no scheduler has seen to it.")
            yield _late(task, task.cached_next_ride, now, message, None)


def _late(task: Task, slot: dt.datetime, now: dt.datetime, message: str, report: LaunchReport | None) -> Problem:
    text = message % {"task": task.name, "slot": tell_moment(slot)}
    return Problem(Kind.LATE, str(task.pk), text, task.pk, report, seconds=(now - slot).total_seconds())


def find_stuck(now: dt.datetime) -> Iterator[Problem]:
    """Find the runs that take far longer than their task expects, or than is usual for it."""
    started = LaunchReport.objects.started().filter(
        Q(task__expected_duration__isnull=False) | Q(started_at__lt=now - SHORTEST_STUCK)
    )
    for report in started.select_related("task").order_by("started_at")[:MOST_STUCK]:
        if report.started_at is None:
            continue
        expected = report.task.expected_duration
        past = [] if expected is not None else _past_seconds(report)
        longest = longest_expected(expected, app_settings.STUCK_FACTOR, past)
        taken = (now - report.started_at).total_seconds()
        if longest is not None and taken > longest:
            message = _("A run of %(task)s has been going since %(start)s, far longer than it usually takes.") % {
                "task": report.task.name,
                "start": tell_moment(report.started_at),
            }
            yield Problem(Kind.STUCK, str(report.pk), message, report.task_id, report, seconds=taken)


def _past_seconds(report: LaunchReport) -> list[float]:
    runs = LaunchReport.objects.filter(task=report.task_id, pk__lt=report.pk, invocation_result__in=BY_THEMSELVES)
    runs = runs.filter(started_at__isnull=False, finished_at__isnull=False).order_by("-pk")
    return [
        (end - start).total_seconds()
        for start, end in runs.values_list("started_at", "finished_at")[:PAST_RUNS]
        if start is not None and end is not None
    ]


def find_set_aside() -> Iterator[Problem]:
    """Find the tasks whose schedule cannot be followed; reads the whole table of tasks, so not at each tick."""
    for task in Task.objects.exclude(schedule_error="").order_by("pk"):
        yield set_aside(task)


def set_aside(task: Task) -> Problem:
    """Tell that the schedule of a task is set aside."""
    message = _("The schedule of %(task)s is set aside: %(error)s") % {"task": task.name, "error": task.schedule_error}
    return Problem(Kind.SCHEDULE, str(task.pk), message, task.pk)


def find_silent_ticker(now: dt.datetime) -> Iterator[Problem]:
    """Find that something is planned, and nobody ticks."""
    # Whoever was heard of just now is alive; so where all is well this is one query.
    heard = TickerBeat.objects.filter(beat_at__gt=now - dt.timedelta(seconds=PATIENCE))
    planned = Task.objects.filter(~Exists(heard), cached_next_ride__isnull=False)
    if not planned.exists() or TickerBeat.objects.any_alive(now) or timers_are_quiet(now):
        return
    last = TickerBeat.objects.order_by("-beat_at").first()
    if last is None:
        message = _("Tasks are planned, and no scheduler has ever run. Start manage.py eztaskscheduler.")
    else:
        message = _("Nothing was heard of a scheduler since %(moment)s, when %(ticker)s ticked last.") % {
            "moment": tell_moment(last.beat_at),
            "ticker": str(last),
        }
    seconds = 0.0 if last is None else (now - last.beat_at).total_seconds()
    yield Problem(Kind.TICKER, "all", message, seconds=seconds)


def find_queues() -> list[QueueStatus] | None:
    """Ask the engine how its queues do; None while it does not tell."""
    try:
        return get_task_service().status()
    except TaskQueueException as exc:
        logger.warning("How the queues do is not known: %s", exc)
    except Exception:  # Engines, and services that are not ours, may raise anything.
        logger.exception("The queue service failed to tell how its queues do.")
    return None


def find_idle_queues(now: dt.datetime, queues: list[QueueStatus], after: float) -> Iterator[Problem]:
    """Find the queues of tasks that no worker listens to.

    Where the engine cannot tell, it is by runs that wait while none of their queue is going on, or began since.

    Args:
        now: The moment.
        queues: What the engine tells.
        after: Seconds that a run may wait where the engine cannot tell.
    """
    used = {name or DEFAULT_QUEUE for name in Task.objects.order_by().values_list("queue", flat=True).distinct()}
    # Where one queue is all there is, tasks that name none are in it, whatever it is called.
    known = {status.name for status in queues}
    for status in queues:
        if status.name not in used and not (DEFAULT_QUEUE in used - known):
            continue
        if status.workers is None:
            waits = _waits_in_vain(now, status.name, after)
        else:
            waits = status.oldest_wait or 0.0 if status.workers == 0 else None
        if waits is not None:
            yield Problem(Kind.WORKER, status.name, _no_worker(status), queue=status.name, seconds=waits)


def _no_worker(status: QueueStatus) -> str:
    if status.workers is None:
        return _("Runs wait in the queue %(queue)s, and no worker takes them.") % {"queue": status.name}
    words = ngettext(
        "No worker listens to the queue %(queue)s; %(count)d job waits in it.",
        "No worker listens to the queue %(queue)s; %(count)d jobs wait in it.",
        status.depth or 0,
    )
    return words % {"queue": status.name, "count": status.depth or 0}


def _waits_in_vain(now: dt.datetime, queue: str, after: float) -> float | None:
    reports = LaunchReport.objects.filter(task__queue__in=("", queue) if queue == DEFAULT_QUEUE else (queue,))
    waiting = reports.filter(state=LaunchReport.State.QUEUED, enqueued_at__isnull=False)
    oldest = waiting.order_by("enqueued_at").values_list("enqueued_at", flat=True).first()
    if oldest is None:
        return None
    seconds = (now - oldest).total_seconds()
    is_served = (
        reports.filter(state=LaunchReport.State.STARTED).exists()
        or reports.filter(finished_at__gt=oldest, started_at__isnull=False).exists()
    )
    return None if seconds <= after or is_served else seconds


def tell_moment(moment: dt.datetime) -> str:
    """Write a moment by the clocks of the active zone."""
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")
