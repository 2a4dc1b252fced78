"""How the machinery is doing: the database, who ticks, the queues, the runs."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, F, Min
from django.db.models.functions import Coalesce
from django.utils import timezone

from eztaskmanager.models import LaunchReport, Task, TickerBeat
from eztaskmanager.services.impatience import Impatient
from eztaskmanager.services.queues import QueueStatus, get_task_service
from eztaskmanager.services.queues.quiet_timers import timers_are_quiet
from eztaskmanager.settings import app_settings

# Seconds that each look may take.
DATABASE_TIME = 3.0
ENGINE_TIME = 3.0
# For how long a look at the vitals is good enough; whoever asks more often gets the same answer.
VITALS_LAST = 1.0
HOUR = dt.timedelta(hours=1)

Facts = dict[str, Any]


@dataclass(frozen=True)
class Vitals:
    """What health is judged by.

    Attributes:
        needs_ticker: There are schedules, or retries, that wait for their time.
        has_ticker: Somebody ticks, or timers that are quiet until the next ride do.
        seconds: How long the database took to answer.
    """

    needs_ticker: bool
    has_ticker: bool
    seconds: float

    @property
    def is_well(self) -> bool:
        """Whether all that is needed is there."""
        return self.has_ticker or not self.needs_ticker


@dataclass(frozen=True)
class Waiting:
    """Queued runs of one queue, as the database has them, whether or not the engine knows of them yet.

    Attributes:
        queue: Its name; "default" where tasks name none.
        depth: How many.
        oldest_wait: Seconds since the first of them was due.
    """

    queue: str
    depth: int
    oldest_wait: float


def check_vitals() -> Vitals:
    """Look whether the database answers, and whether somebody ticks where that is needed.

    Raises:
        DatabaseError: It does not answer.
    """
    began = time.monotonic()
    needs_ticker = Task.objects.filter(cached_next_ride__isnull=False).exists() or (
        LaunchReport.objects.queued().filter(enqueued_at=None, due_at__isnull=False).exists()
    )
    has_ticker = TickerBeat.objects.any_alive() or (needs_ticker and timers_are_quiet())
    return Vitals(needs_ticker, has_ticker, time.monotonic() - began)


class _Look:
    """A look at the vitals that serves for a moment, so that very many askers cost no more than one."""

    def __init__(self) -> None:
        self._look: Impatient[Vitals] = Impatient(check_vitals, DATABASE_TIME, "The database")
        self._vitals: Vitals | None = None
        self._good_until = 0.0

    def __call__(self) -> Vitals:
        # By a name of its own, for other threads ask too.
        vitals = self._vitals
        if vitals is None or time.monotonic() >= self._good_until:
            self._vitals = None
            vitals = self._look()
            self._good_until = time.monotonic() + VITALS_LAST
            self._vitals = vitals
        return vitals

    def forget(self) -> None:
        self._vitals = None


look_at_vitals = _Look()


def tell_of_tickers(now: dt.datetime) -> list[Facts]:
    """Tell who ticks, and since when nothing was heard of each."""
    return [
        {
            "kind": ticker.kind,
            "host": ticker.host,
            "pid": ticker.pid,
            "is_alive": ticker.is_alive(now),
            "seconds_since_beat": round(max(0.0, (now - ticker.beat_at).total_seconds()), 3),
        }
        for ticker in TickerBeat.objects.all()
    ]


def seconds_late(now: dt.datetime) -> float:
    """Tell how late the slot is that should have been claimed first; 0 when none is late."""
    first = Task.objects.filter(cached_next_ride__lt=now).aggregate(first=Min("cached_next_ride"))["first"]
    return 0.0 if first is None else float((now - first).total_seconds())


def tell_of_waiting(now: dt.datetime) -> list[Waiting]:
    """Tell what waits in each queue; retries whose time has not come do not count."""
    rows = (
        LaunchReport.objects.due(now)
        .order_by()
        .values(name=F("task__queue"))
        .annotate(depth=Count("pk"), oldest=Min(Coalesce("due_at", "invocation_datetime")))
    )
    waiting: dict[str, Waiting] = {}
    for row in rows:
        name = row["name"] or "default"
        seconds = max(0.0, (now - row["oldest"]).total_seconds())
        before = waiting.get(name, Waiting(name, 0, 0.0))
        waiting[name] = Waiting(name, before.depth + row["depth"], max(before.oldest_wait, seconds))
    waiting.setdefault("default", Waiting("default", 0, 0.0))
    return sorted(waiting.values(), key=lambda one: one.queue)


def missing_migrations() -> list[str]:
    """Name the migrations of this app that the database has not seen."""
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    targets = [node for node in executor.loader.graph.leaf_nodes() if node[0] == "eztaskmanager"]
    return [
        migration.name for migration, _ in executor.migration_plan(targets) if migration.app_label == "eztaskmanager"
    ]


def tell_details() -> Facts:
    """Tell all that whoever looks after it wants to know; what cannot be told says why."""
    now = timezone.now()
    return {
        "migrations": _told(lambda: _with_ok(missing=missing_migrations())),
        "ticker": _told(lambda: _tell_of_ticker(now)),
        "queue": _told(_tell_of_engine),
        "runs": _told(lambda: _tell_of_runs(now)),
    }


def _with_ok(**facts: Any) -> Facts:
    return {"ok": not facts.get("missing"), **facts}


def _tell_of_ticker(now: dt.datetime) -> Facts:
    vitals = look_at_vitals()
    return {
        "ok": vitals.is_well,
        "is_needed": vitals.needs_ticker,
        "seconds_late": round(seconds_late(now), 3),
        "tickers": tell_of_tickers(now),
    }


_ask_engine: Impatient[list[QueueStatus]] = Impatient(
    lambda: get_task_service().status(), ENGINE_TIME, "The queue service"
)


def _tell_of_engine() -> Facts:
    facts: Facts = {"service": app_settings.QUEUE_SERVICE_TYPE}
    try:
        return {"ok": True, **facts, "queues": [asdict(queue) for queue in _ask_engine()]}
    except Exception as exc:  # Engines, and services that are not ours, may raise anything.
        return {"ok": False, **facts, "error": str(exc) or repr(exc)}


def _tell_of_runs(now: dt.datetime) -> Facts:
    reports = LaunchReport.objects.order_by()
    n_silent = reports.silent(now).count()
    return {
        "ok": not n_silent,
        "waiting": [asdict(waiting) for waiting in tell_of_waiting(now)],
        "running": reports.started().count(),
        "silent": n_silent,
        "lost_in_the_last_hour": reports.filter(
            finished_at__gte=now - HOUR, invocation_result=LaunchReport.RESULT_LOST
        ).count(),
    }


def _told(step: Callable[[], Facts]) -> Facts:
    try:
        return step()
    except Exception as exc:  # Whoever asks how it is doing is not to be given an error page.
        return {"ok": False, "error": str(exc) or repr(exc)}
