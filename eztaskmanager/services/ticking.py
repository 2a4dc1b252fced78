"""The tick: hands due slots to the queue, and mends what broke since the last one."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.utils import timezone

from eztaskmanager.exceptions import TaskQueueException
from eztaskmanager.models import LaunchReport, Task, TickerBeat
from eztaskmanager.models.ticker_beats import TIMERS
from eztaskmanager.services.alerting import Watch
from eztaskmanager.services.notifications import send_due
from eztaskmanager.services.patience import AWAY
from eztaskmanager.services.queues import get_task_service
from eztaskmanager.services.retention import housekeeper
from eztaskmanager.services.runner import end_silent_runs
from eztaskmanager.services.scheduling.handing_over import hand_over_each, hand_over_left, hand_over_missing
from eztaskmanager.services.scheduling.slots import claim_due_slots, next_due
from eztaskmanager.signals import ride_planned

logger = logging.getLogger(__name__)

WATCH = Watch()


def tick(kind: str = "tick", interval: float = 60, *, aside: Callable[[], None] | None = None) -> int:
    """Run what is due; any number of processes may tick at once.

    An engine that does not answer is told of in the log; what it should carry waits in the database.

    Args:
        kind: What ticks, for people to see that something does.
        interval: Seconds until its next tick at the latest.
        aside: Called in place of `do_chores`, by who has them done beside the ticks.

    Returns:
        How many slots this tick claimed.
    """
    now = timezone.now()
    is_noted = TickerBeat.objects.beat(kind, interval)
    reports = claim_due_slots(now)
    with _queue_may_be_away():
        hand_over_each(reports)
    end_silent_runs()
    with _queue_may_be_away():
        if LaunchReport.objects.queued().exists():
            hand_over_left(now)
            hand_over_missing(now)
        get_task_service().look_after_timers()
    if aside is not None:
        aside()
    else:
        do_chores(now if is_noted else None)
    housekeeper.work(_seconds_to_spare)
    return len(reports)


def do_chores(now: dt.datetime | None) -> None:
    """Do what may take its time: look for what is wrong, and tell what is to be told.

    Args:
        now: The moment of the tick; None if one has looked just before.
    """
    if now is not None:
        try:
            WATCH.look(now)
        except AWAY:
            raise
        except Exception:  # What is due must be told, whatever is wrong with looking.
            logger.exception("What is wrong could not be looked at.")
    send_due()


def _seconds_to_spare() -> float:
    due = next_due()
    return float("inf") if due is None else (due - timezone.now()).total_seconds()


def peek(now: dt.datetime) -> int:
    """Do the part of a tick that cannot wait: slots and retries that are due.

    Returns:
        How many slots were claimed.
    """
    reports = claim_due_slots(now)
    with _queue_may_be_away():
        hand_over_each(reports)
        hand_over_left(now)
    return len(reports)


@contextmanager
def _queue_may_be_away() -> Iterator[None]:
    try:
        yield
    except TaskQueueException as exc:
        logger.warning("Runs wait in the database, for the queue cannot take them: %s", exc)


def ring(task_id: int) -> None:
    """Answer an engine's timer: run the task's slot if it is due, and have the timer set to the next."""
    now = timezone.now()
    reports = claim_due_slots(now, only=task_id)
    left = LaunchReport.objects.due(now).filter(task=task_id, enqueued_at=None)
    hand_over_each(list(left.select_related("task").order_by("pk")))
    if not reports:
        # The timer rang early, or another was quicker; it is set again all the same.
        task = Task.objects.filter(pk=task_id).first()
        if task is not None:
            ride_planned.send(sender=Task, task=task)
    # An engine's timers are quiet between two rides.
    due = next_due()
    is_noted = TickerBeat.objects.beat(TIMERS, 0 if due is None else (due - timezone.now()).total_seconds())
    # Where no ticker runs, one timer looks after the others, and after all else.
    get_task_service().look_after_timers()
    do_chores(now if is_noted else None)
