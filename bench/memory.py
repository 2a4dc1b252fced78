"""How much memory the supervisor takes while a run writes a million lines.

    python bench/memory.py [lines]

The database is chosen as the demo project does, by DEMO_DATABASE (sqlite, postgres, mysql).
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from surroundings import database, started_report

# What the first tenth of the lines brings with it is what it takes to work at all.
FLAT = 64 * 1024 * 1024


def main(n_lines: int) -> None:
    """Measure, print, and fail when it grows."""
    from_the_tenth: list[int] = []
    with database() as vendor:
        before = _resident()
        watcher = _Watcher(n_lines, from_the_tenth)
        began = time.perf_counter()
        _run(n_lines, watcher)
        took = time.perf_counter() - began
    first, peak = from_the_tenth[0], max(from_the_tenth)
    print(
        f"{vendor}: {n_lines:,} lines in {took:.1f} s: supervisor {before >> 20} MiB at the start, "
        f"{first >> 20} MiB after a tenth of the lines, {peak >> 20} MiB at most"
    )
    if peak - first > FLAT:
        sys.exit(f"The supervisor's memory grew by {(peak - first) >> 20} MiB.")


class _Watcher:
    """Counts the lines that come by, and notes the memory from the first tenth of them on."""

    def __init__(self, n_lines: int, notes: list[int]) -> None:
        self._from = n_lines // 10
        self._notes = notes
        self._n_lines = 0
        self._next = 0.0

    def count(self, n_lines: int) -> None:
        self._n_lines += n_lines
        if self._n_lines >= self._from and time.monotonic() >= self._next:
            self._next = time.monotonic() + 0.05
            self._notes.append(_resident())


def _run(n_lines: int, watcher: _Watcher) -> None:
    from collections.abc import Sequence

    from eztaskmanager.output import Line
    from eztaskmanager.services.recorder import Recorder
    from eztaskmanager.supervision import Job, supervise

    class Watched(Recorder):
        def write(self, lines: Sequence[Line]) -> None:
            super().write(lines)
            watcher.count(len(lines))

    report = started_report("ez_talk")
    with Watched(report.pk) as recorder:
        job = Job("ez_talk", ("many", "--count", str(n_lines)), launch_report_id=report.pk)
        supervise(job, journal=recorder, should_stop=recorder.should_stop)
    report.refresh_from_db()
    assert report.n_log_lines == n_lines and threading.active_count() == 1


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
