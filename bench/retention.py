"""What deleting a long log costs, and those who write meanwhile, beside one DELETE of all its lines.

    python bench/retention.py [lines]

The database is chosen as the demo project does, by DEMO_DATABASE (sqlite, postgres, mysql).
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from surroundings import database, started_report

if TYPE_CHECKING:
    from eztaskmanager.models import LaunchReport

STEP = 50_000
# Seconds between two lines of the writer beside it.
PACE = 0.01


def main(n_lines: int) -> None:
    """Measure, and print seconds and milliseconds."""
    with database() as vendor:
        quiet = _write_while(lambda: time.sleep(2))
        report = _long_report(n_lines)
        longest: list[float] = []
        began = time.perf_counter()
        busy = _write_while(lambda: _prune(report, longest))
        total = time.perf_counter() - began
        report = _long_report(n_lines)
        began = time.perf_counter()
        beside_one = _write_while(lambda: report.delete())
        at_once = time.perf_counter() - began
    print(f"{vendor}: {n_lines:,} lines")
    print(f"  in batches   {total:6.1f} s, longest transaction {max(longest) * 1_000:7.0f} ms; {_tell(busy)}")
    print(f"  all at once  {at_once:6.1f} s, one transaction     {at_once * 1_000:7.0f} ms; {_tell(beside_one)}")
    print(f"  nothing deleted                                       {_tell(quiet)}")


def _tell(seconds: Sequence[float]) -> str:
    ordered = sorted(seconds)
    late = ordered[int(len(ordered) * 0.99)]
    return (
        f"writing a line takes {statistics.median(ordered) * 1_000:.1f} ms, 99% within {late * 1_000:.0f} ms,"
        f" {ordered[-1] * 1_000:.0f} ms at most"
    )


def _long_report(n_lines: int) -> LaunchReport:
    """Make the report of a run that is over, and a newer one, for the last stays."""
    from django.utils import timezone

    from eztaskmanager.models import LaunchReport
    from eztaskmanager.output import Line
    from eztaskmanager.services.log_writer import LogWriter

    report = started_report("ez_talk")
    writer = LogWriter(report.pk)
    for start in range(0, n_lines, STEP):
        now = time.time()
        numbers = range(start, min(start + STEP, n_lines))
        writer.write([Line(now, "INFO", "stdout", f"line {n} of a log as logs are") for n in numbers])
    report.finish("ok")
    LaunchReport.objects.create(task=report.task, state="finished", started_at=timezone.now())
    report.refresh_from_db()
    return report


def _prune(report: LaunchReport, longest: list[float]) -> None:
    from eztaskmanager.models import Log
    from eztaskmanager.models.pruning import Doomed
    from eztaskmanager.services.retention import Rest, make_pruner

    rest = Rest()

    def note(seconds: float) -> bool:
        longest.append(seconds)
        return rest(seconds)

    pruner = make_pruner(note)
    assert pruner.remove([Doomed(report.pk, report.task_id, report.n_log_lines)])
    assert pruner.n_reports == 1 and not Log.objects.filter(launch_report=report.pk).exists()


def _write_while(work: Callable[[], object]) -> list[float]:
    """Do some work, and have another write lines meanwhile; give the seconds that each line took."""
    from django.db import connections

    from eztaskmanager.output import Line
    from eztaskmanager.services.log_writer import LogWriter

    writer = LogWriter(started_report("ez_talk").pk)
    over = threading.Event()
    seconds: list[float] = []

    def write() -> None:
        try:
            while not over.wait(PACE):
                began = time.perf_counter()
                writer.write([Line(time.time(), "INFO", "stdout", "a line of a run that goes on")])
                seconds.append(time.perf_counter() - began)
        finally:
            connections.close_all()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        work()
    finally:
        over.set()
        thread.join()
    return seconds


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
