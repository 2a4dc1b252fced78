"""What a tick costs, and scheduling one task more, with many tasks scheduled already.

    python bench/ticks.py [tasks]

The database is chosen as the demo project does, by DEMO_DATABASE (sqlite, postgres, mysql). The queue is the one in
memory: this is the database's part.
"""

from __future__ import annotations

import datetime as dt
import statistics
import sys
import time
from collections.abc import Callable

from surroundings import database

FEW = 100
N_DUE = 1_000


def main(n_tasks: int) -> None:
    """Measure with few tasks and with many, and print milliseconds and ratios."""
    with database() as vendor:
        from django.test import override_settings

        with override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory"):
            few = _measure(FEW)
            many = _measure(n_tasks)
    print(f"{vendor}, median, with {FEW:,} tasks scheduled and with {n_tasks:,}:")
    for what, cost in many.items():
        print(f"  {what:<22} {few[what]:8.1f} ms {cost:10.1f} ms   x {cost / few[what]:.1f}")


def _measure(n_tasks: int) -> dict[str, float]:
    from django.db import connection
    from django.utils import timezone

    from eztaskmanager.models import AppCommand, LaunchReport, Task
    from eztaskmanager.services.ticking import tick

    now = timezone.now()
    command, _ = AppCommand.objects.get_or_create(name="check", app_name="django.core")
    schedule = {"scheduling": now, "repetition_period": "day", "repetition_rate": 1, "status": "scheduled"}
    n_more = n_tasks - Task.objects.count()
    Task.objects.bulk_create(
        (
            Task(name=f"task {n}", command=command, cached_next_ride=now + dt.timedelta(hours=1, seconds=n), **schedule)
            for n in range(n_more)
        ),
        batch_size=1_000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE TABLE eztaskmanager_task" if connection.vendor == "mysql" else "ANALYZE")
    tasks = list(Task.objects.order_by("?")[:50])
    costs = {
        "tick, none due": _median(tick, 20),
        "pausing one": statistics.median(_time(task.pause) for task in tasks),
        "resuming one": statistics.median(_time(task.resume) for task in tasks),
    }
    n_due = min(N_DUE, n_tasks)
    due = list(Task.objects.order_by("pk").values_list("pk", flat=True)[:n_due])
    Task.objects.filter(pk__in=due).update(cached_next_ride=timezone.now())
    costs[f"tick, {N_DUE:,} due (each)"] = _time(tick) / n_due
    assert LaunchReport.objects.filter(enqueued_at__isnull=False).count() == n_due
    LaunchReport.objects.all()._raw_delete("default")
    return costs


def _median(step: Callable[[], object], times: int) -> float:
    return statistics.median(_time(step) for _ in range(times))


def _time(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return (time.perf_counter() - began) * 1_000


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
