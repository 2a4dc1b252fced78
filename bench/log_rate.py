"""How fast a run's log lines get into the database, beside `logging.FileHandler` in the same process.

    python bench/log_rate.py [lines]

The database is chosen as the demo project does, by DEMO_DATABASE (sqlite, postgres, mysql).
"""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from collections.abc import Callable

from surroundings import database, started_report

FULL = "%(asctime)s - %(levelname)s - %(message)s"


def main(n_lines: int) -> None:
    """Measure, and print lines per second and their ratio."""
    with database() as vendor:
        to_file(1000, FULL)
        bare, full = rate(n_lines, to_file, None), rate(n_lines, to_file, FULL)
        ours = rate(n_lines, to_database)
        bare, full = max(bare, rate(n_lines, to_file, None)), max(full, rate(n_lines, to_file, FULL))
    print(
        f"{vendor}: {n_lines:,} lines: supervised run {ours:,.0f}/s, FileHandler {full:,.0f}/s with time and level as"
        f" we have them, {bare:,.0f}/s with the message alone: {ours / full:.2f} and {ours / bare:.2f} of it"
    )


def rate(n_lines: int, write: Callable[..., None], *args: str | None) -> float:
    began = time.perf_counter()
    write(n_lines, *args)
    return n_lines / (time.perf_counter() - began)


def to_file(n_lines: int, pattern: str | None) -> None:
    logger = logging.getLogger("bench.file")
    logger.propagate = False
    with tempfile.NamedTemporaryFile() as file:
        handler = logging.FileHandler(file.name)
        handler.setFormatter(logging.Formatter(pattern))
        logger.addHandler(handler)
        for number in range(n_lines):
            logger.warning("line %d", number)
        logger.removeHandler(handler)
        handler.close()


def to_database(n_lines: int) -> None:
    from eztaskmanager.services.recorder import Recorder
    from eztaskmanager.supervision import Job, supervise

    report = started_report("ez_talk")
    with Recorder(report.pk) as recorder:
        job = Job("ez_talk", ("many", "--count", str(n_lines)), launch_report_id=report.pk)
        outcome = supervise(job, journal=recorder, should_stop=recorder.should_stop)
    report.refresh_from_db()
    assert (outcome.end, report.n_log_lines, report.logs.count()) == ("returned", n_lines, n_lines), outcome


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
