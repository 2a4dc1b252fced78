"""What health and metrics cost with very many reports, beside with few, and beside the quickest query there is.

    python bench/monitoring.py [reports]

The database is chosen as the demo project does, by DEMO_DATABASE (sqlite, postgres, mysql). All reports ended within
the last days, a few thousand of them within the window of the metrics.
"""

from __future__ import annotations

import datetime as dt
import statistics
import sys
import time
from collections.abc import Callable

from surroundings import database

FEW = 1_000
N_TASKS = 200
TIMES = 7
# Seconds from one report to the one before it.
SPACING = 20
TOKEN = "a token for the bench alone"


def main(n_reports: int) -> None:
    """Measure with few reports and with many, and print milliseconds and ratios."""
    with database() as vendor:
        from django.test import override_settings

        with override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", EZTASKMANAGER_MONITORING_TOKEN=TOKEN):
            few = _measure(FEW)
            many = _measure(n_reports)
    print(f"{vendor}, median, with {FEW:,} reports and with {n_reports:,}:")
    for what, cost in many.items():
        print(f"  {what:<28} {few[what]:8.1f} ms {cost:10.1f} ms   x {cost / few[what]:.1f}")


def _measure(n_reports: int) -> dict[str, float]:
    from django.db import connection
    from django.test import Client, override_settings
    from django.utils import timezone

    from eztaskmanager.models import AppCommand, LaunchReport, Task
    from eztaskmanager.services import metrics
    from eztaskmanager.services.monitoring import look_at_vitals
    from eztaskmanager.services.retention import Policy, make_pruner, prune

    command, _ = AppCommand.objects.get_or_create(name="check", app_name="django.core")
    if not Task.objects.exists():
        Task.objects.bulk_create(Task(name=f"task {n}", command=command) for n in range(N_TASKS))
    tasks = list(Task.objects.order_by("pk"))
    now = timezone.now()
    first = LaunchReport.objects.count()
    LaunchReport.objects.bulk_create(
        (
            LaunchReport(
                task=tasks[n % len(tasks)],
                state="finished",
                invocation_result=("ok", "ok", "ok", "failed")[n % 4],
                started_at=now - dt.timedelta(seconds=SPACING * n + n % 100),
                finished_at=now - dt.timedelta(seconds=SPACING * n),
                n_log_lines=10,
            )
            for n in range(first, n_reports)
        ),
        batch_size=1_000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE TABLE eztaskmanager_launchreport" if connection.vendor == "mysql" else "ANALYZE")
    client = Client(headers={"Authorization": f"Bearer {TOKEN}"})
    public = Client()

    def scrape() -> None:
        metrics.with_tasks.forget()
        assert client.get("/eztaskmanager/metrics/").status_code == 200

    def look(who: Client) -> None:
        look_at_vitals.forget()
        assert who.get("/eztaskmanager/health/").status_code == 200

    def look_for_old_ones() -> None:
        assert prune(Policy(number=100_000, days=10_000, log_rows=10**9), make_pruner(lambda seconds: False))

    costs = {
        "SELECT 1": _median(lambda: connection.cursor().execute("SELECT 1")),
        "health, public": _median(lambda: look(public)),
        "health, details": _median(lambda: look(client)),
        "metrics": _median(scrape),
        "metrics, five seconds' cache": _median(lambda: client.get("/eztaskmanager/metrics/")),
        "retention, nothing to do": _median(look_for_old_ones),
    }
    with override_settings(EZTASKMANAGER_METRICS_WINDOW=SPACING * n_reports):
        costs["metrics, all in the window"] = _median(scrape)
    return costs


def _median(step: Callable[[], object]) -> float:
    return statistics.median(_time(step) for _ in range(TIMES))


def _time(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return (time.perf_counter() - began) * 1_000


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
