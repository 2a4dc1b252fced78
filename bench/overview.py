"""What the overview and the run history cost with many tasks and many reports, against the admin's own index.

    python bench/overview.py [reports] [tasks]

The database is chosen as the demo project does, by DEMO_DATABASE (sqlite, postgres, mysql). EXPLAIN=1 prints what the
database does for the queries of the overview that take the longest.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import statistics
import sys
import time
from typing import Any

from surroundings import database

OVERVIEW = "/admin/eztaskmanager/overview/"
HISTORY = "/admin/eztaskmanager/launchreport/"
PAGES = {
    "the admin's index": "/admin/",
    "overview, the page": OVERVIEW,
    "overview, now": f"{OVERVIEW}now/",
    "overview, coming": f"{OVERVIEW}coming/",
    "overview, past": f"{OVERVIEW}past/",
    "history": HISTORY,
    "history, of a task": f"{HISTORY}?task={{task}}",
    "history, failed": f"{HISTORY}?result=failed",
    "history, by hand": f"{HISTORY}?trigger=manual",
    "history, last days": f"{HISTORY}?launched_from={{day}}",
    "history, by duration": f"{HISTORY}?task={{task}}&o=4",
}
N_TIMES = 7
N_EXPLAINED = 3


def main(n_reports: int, n_tasks: int) -> None:
    """Measure each page, and print milliseconds and ratios."""
    with database() as vendor:
        from django.contrib.auth import get_user_model
        from django.test import Client, override_settings

        with override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory"):
            task_id = _fill(n_reports, n_tasks)
            client = Client()
            client.force_login(get_user_model().objects.create_superuser("bench", "", "bench"))
            day = (dt.date.today() - dt.timedelta(days=2)).isoformat()
            costs = {name: _measure(client, address.format(task=task_id, day=day)) for name, address in PAGES.items()}
            if os.environ.get("EXPLAIN"):
                for name in ("overview, now", "overview, coming", "overview, past"):
                    _explain(client, PAGES[name])
    base = costs["the admin's index"]
    print(f"{vendor}, median, with {n_reports:,} reports of {n_tasks:,} tasks:")
    for name, cost in costs.items():
        print(f"  {name:<22} {cost:8.1f} ms   x {cost / base:.1f}")


def _fill(n_reports: int, n_tasks: int) -> int:
    from django.db import connection
    from django.utils import timezone

    from eztaskmanager.models import AppCommand, LaunchReport, Task, TaskCategory

    now = timezone.now()
    pick = random.Random(1)
    command, _ = AppCommand.objects.get_or_create(name="check", app_name="django.core")
    category = TaskCategory.objects.create(name="bench", color="#0a63b0")
    Task.objects.bulk_create(
        (
            Task(
                name=f"task {n}",
                command=command,
                category=category,
                cron="* * * * *" if n % 10 == 0 else "0 * * * *",
                status="scheduled",
                cached_next_ride=now + dt.timedelta(seconds=10 + n / n_tasks * 3600),
            )
            for n in range(n_tasks)
        ),
        batch_size=1_000,
    )
    task_ids = list(Task.objects.order_by("pk").values_list("pk", flat=True))
    # One task has a tenth of all reports, as the one of each minute has.
    owners = (task_ids[0] if n % 10 == 0 else pick.choice(task_ids) for n in range(n_reports))
    results = ["ok"] * 90 + ["warnings"] * 5 + ["failed"] * 3 + ["errors"] * 2
    span = 30 * 86_400
    LaunchReport.objects.bulk_create(
        (
            LaunchReport(
                task_id=owner,
                command="check",
                state="finished",
                trigger="manual" if n % 50 == 0 else "schedule",
                invocation_result=pick.choice(results),
                started_at=(ended := now - dt.timedelta(seconds=span * (1 - n / n_reports)))
                - dt.timedelta(seconds=pick.expovariate(1 / 60)),
                finished_at=ended,
            )
            for n, owner in enumerate(owners)
        ),
        batch_size=2_000,
    )
    LaunchReport.objects.update(invocation_datetime=_launched())
    with connection.cursor() as cursor:
        tables = ("eztaskmanager_task", "eztaskmanager_launchreport")
        for table in tables:
            cursor.execute(f"ANALYZE TABLE {table}" if connection.vendor == "mysql" else f"ANALYZE {table}")
    return int(task_ids[0])


def _launched() -> Any:
    from django.db.models import F

    return F("started_at")


def _measure(client: Any, address: str) -> float:
    took = []
    for _ in range(N_TIMES):
        began = time.perf_counter()
        response = client.get(address)
        took.append(1_000 * (time.perf_counter() - began))
        assert response.status_code == 200, (address, response.status_code)
    return statistics.median(took)


def _explain(client: Any, address: str) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    slowest = sorted(queries.captured_queries, key=lambda query: -float(query["time"]))[:N_EXPLAINED]
    for query in slowest:
        print(f"\n{address}: {query['time']} s: {query['sql'][:400]}")
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {query['sql']}" if connection.vendor != "sqlite" else "SELECT 1")
            for row in cursor.fetchall()[:20]:
                print("   ", *row)


if __name__ == "__main__":
    main(*(int(word) for word in (sys.argv[1:] + ["200000", "10000"][len(sys.argv) - 1 :])))
