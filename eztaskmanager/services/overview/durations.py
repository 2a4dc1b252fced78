"""How long tasks usually run."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Collection

from django.db.models import OuterRef, Q, Subquery

from eztaskmanager.models import LaunchReport, Task

N_RUNS = 15


def usual_durations(task_ids: Collection[int]) -> dict[int, dt.timedelta]:
    """Tell the median duration of the last runs of each task; tasks that never ended a run are left out.

    Two queries whatever the number of tasks and of their reports: where the last runs of each begin, and those runs.
    """
    if not task_ids:
        return {}
    last = LaunchReport.objects.filter(task=OuterRef("pk")).order_by("-pk")
    first = Subquery(last.values("pk")[N_RUNS - 1 : N_RUNS])
    starts = Task.objects.filter(pk__in=task_ids).order_by().values_list("pk", first)
    wanted = Q()
    for task_id, start in starts:
        wanted |= Q(task=task_id, pk__gte=start or 0)
    runs = LaunchReport.objects.filter(wanted, finished_at__isnull=False, started_at__isnull=False)
    seconds = defaultdict(list)
    for task_id, started, finished in runs.order_by().values_list("task_id", "started_at", "finished_at"):
        if started is not None and finished is not None:
            seconds[task_id].append(max(0.0, (finished - started).total_seconds()))
    return {task_id: dt.timedelta(seconds=statistics.median(lasted)) for task_id, lasted in seconds.items()}
