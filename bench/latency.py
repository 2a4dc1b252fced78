"""How late the first line of a command comes after its slot, on each engine, beside the engine's own bare job.

    python bench/latency.py [slots]

One scheduler, one worker, and a Redis of its own; the database is chosen as the demo project does, by DEMO_DATABASE.
"""

from __future__ import annotations

import datetime as dt
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surroundings import database

if TYPE_CHECKING:
    from eztaskmanager.tests.workers import WorkerProcess

HERE = Path(__file__).resolve().parent
# Seconds between two slots, so that one worker is done with the one before.
PACE = 0.25
Send = Callable[[str, float], Any]


def main(n_slots: int) -> None:
    """Measure each engine and print milliseconds."""
    with database() as vendor:
        print(f"{vendor}, {n_slots} slots: median and 99th percentile in ms")
        print(f"  {'':<12} {'slot to first line':>22} {'bare job, sent to begun':>26}")
        for name in ("RQ", "Celery", "DjangoTasks"):
            with _engine(name) as send_bare:
                slots = _measure_slots(n_slots)
                bare = _measure_bare(n_slots, send_bare)
            print(f"  {name:<12} {_tell(slots):>22} {_tell(bare):>26}", flush=True)


def _tell(seconds: Sequence[float]) -> str:
    ordered = sorted(seconds)
    worst = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return f"{statistics.median(ordered) * 1000:.0f} / {worst * 1000:.0f}"


@contextmanager
def _engine(name: str) -> Iterator[Send]:
    """Start what the engine needs; yields what sends a bare job to it."""
    from django.test import override_settings

    from eztaskmanager.tests.private_servers import PrivateRedis
    from eztaskmanager.tests.workers import RQ_WORKER, TASKS_WORKER, TICKER, celery_worker

    commands = {
        "RQ": RQ_WORKER,
        "Celery": (*celery_worker("prefork"), "--include", "bare_jobs"),
        "DjangoTasks": TASKS_WORKER,
    }
    with ExitStack() as stack:
        redis = PrivateRedis()
        stack.enter_context(redis)
        queues = {"default": {"URL": redis.url}}
        stack.enter_context(override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE=name, RQ_QUEUES=queues))
        variables = {"DEMO_QUEUE": name, "REDIS_URL": redis.url, "DEMO_BROKER_URL": redis.url}
        for command in (commands[name], TICKER):
            stack.callback(_start(command, variables).end)
        yield _sender(name, redis.url)


def _start(command: Sequence[str], variables: dict[str, str]) -> WorkerProcess:
    from eztaskmanager.tests.workers import WorkerProcess

    path = os.pathsep.join([str(HERE), str(HERE.parent), str(HERE.parent / "demoproject")])
    added = {"EZTASKMANAGER_MIRROR_OUTPUT": False, "EZTASKMANAGER_ISOLATION": "fork"}
    return WorkerProcess(command, {**variables, "PYTHONPATH": path}, **added).start()


def _sender(name: str, url: str) -> Send:
    if name == "RQ":
        from eztaskmanager.services.queues.rq import RQTaskQueueService

        queue = RQTaskQueueService().queue
        return lambda path, sent: queue.enqueue("bare_jobs.stamp", path, sent)
    if name == "Celery":
        import celery

        app = celery.Celery("bench", broker=url)
        return lambda path, sent: app.send_task("bare_jobs.stamp", (path, sent))
    import bare_jobs

    return bare_jobs.stamp_by_django.enqueue


def _measure_slots(n_slots: int) -> list[float]:
    from django.core.management import get_commands
    from django.utils import timezone

    from eztaskmanager.models import AppCommand, LaunchReport, Log, Task
    from eztaskmanager.tests.waiting import wait_until

    command, _ = AppCommand.objects.get_or_create(name="ez_talk", app_name=get_commands()["ez_talk"])

    def run(moments: Sequence[dt.datetime]) -> list[float]:
        tasks = [
            Task.objects.create(name=f"slot {number}", command=command, arguments="print", scheduling=moment)
            for number, moment in enumerate(moments)
        ]
        over = LaunchReport.objects.filter(task__in=tasks, state=LaunchReport.State.FINISHED)
        wait_until(lambda: over.count() == len(tasks), 300, every=0.5, what="all slots to be run")
        lines = Log.objects.filter(seq=1, launch_report__in=over).select_related("launch_report")
        return [(line.timestamp - line.launch_report.planned_at).total_seconds() for line in lines]

    # First one that finds scheduler and worker still starting.
    run([timezone.now() + dt.timedelta(seconds=0.5)])
    start = timezone.now() + dt.timedelta(seconds=2)
    return run([start + dt.timedelta(seconds=number * PACE) for number in range(n_slots)])


def _measure_bare(count: int, send: Send) -> list[float]:
    from eztaskmanager.tests.waiting import wait_until

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stamps"
        file.touch()
        for _ in range(count):
            send(str(file), time.time())
            time.sleep(PACE / 2)
        wait_until(lambda: len(file.read_text().splitlines()) == count, 120, what="all bare jobs to begin")
        return [float(line) for line in file.read_text().splitlines()]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
