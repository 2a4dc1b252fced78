"""Lines that wait for the database: in memory while they are few, on disk when they are many."""

from __future__ import annotations

import contextlib
import marshal
import os
import tempfile
import threading
import time
from collections.abc import Sequence
from io import FileIO

from django.utils.translation import ngettext

from eztaskmanager.output import Line

# A block is what is kept in memory at most, goes to disk at once, and is written in one transaction.
BLOCK_LINES = 20_000
BLOCK_SIZE = 4 * 1024 * 1024
# Where the disk is full too.
MOST_LINES = 200_000
MOST_SIZE = 64 * 1024 * 1024
DISK_AGAIN = 5.0
UNREADABLE = "Lines were dropped here (%d): they could not be read back from disk."


class Backlog:
    """A queue of lines, filled by one thread and emptied by another, that keeps their order and little memory.

    Args:
        directory: Where to spill to; None is the system's directory for temporary files.
    """

    def __init__(self, directory: str | None = None) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._newest: list[Line] = []
        self._size = 0
        self._file: FileIO | None = None
        # Where each begins, its size, and how many lines it has.
        self._blocks: list[tuple[int, int, int]] = []
        self._end = 0
        self._n_dropped = 0
        self._no_disk_until = 0.0

    def __len__(self) -> int:
        """Count what waits: lines in memory, and blocks on disk."""
        return len(self._newest) + len(self._blocks)

    def put(self, lines: Sequence[Line]) -> None:
        """Add lines; never fails and waits for nothing but the disk."""
        size = sum([len(line[3]) for line in lines])
        with self._lock:
            if self._n_dropped and len(self._newest) >= BLOCK_LINES // 2:
                # Not before there is room again for many, or there would be as many words about it as lines.
                self._n_dropped += len(lines)
                return
            if self._n_dropped:
                self._newest.append(_dropped(self._n_dropped))
                self._n_dropped = 0
            self._newest.extend(lines)
            self._size += size
            if len(self._newest) >= BLOCK_LINES or self._size >= BLOCK_SIZE:
                self._spill()

    def take(self) -> list[Line]:
        """Take the oldest lines, as many as make one good batch; none when none wait."""
        with self._lock:
            if self._blocks:
                return self._read_block()
            if self._n_dropped:
                self._newest.append(_dropped(self._n_dropped))
                self._n_dropped = 0
            lines, self._newest, self._size = self._newest, [], 0
            return lines

    def close(self) -> None:
        """Let go of the disk."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _has_room(self) -> bool:
        return len(self._newest) < MOST_LINES and self._size < MOST_SIZE

    def _spill(self) -> None:
        if time.monotonic() < self._no_disk_until:
            self._drop_what_is_too_much()
            return
        try:
            block = marshal.dumps([tuple(line) for line in self._newest])
            self._append(block)
        except OSError:
            # Full, or not ours to write to: memory then, as long as that is not too much.
            self._no_disk_until = time.monotonic() + DISK_AGAIN
            self._drop_what_is_too_much()
            return
        self._blocks.append((self._end, len(block), len(self._newest)))
        self._end += len(block)
        self._newest, self._size = [], 0

    def _append(self, block: bytes) -> None:
        if self._file is None:
            # Without a buffer, in which part of a block would stay that did not fit.
            self._file = tempfile.TemporaryFile(dir=self._directory, prefix="eztaskmanager-", buffering=0)
        rest = memoryview(block)
        try:
            while rest:
                written = os.pwrite(self._file.fileno(), rest, self._end + len(block) - len(rest))
                rest = rest[written:]
        except OSError:
            self._cut_off()
            raise

    def _cut_off(self) -> None:
        """Give back what lies behind the last block."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.truncate(self._end)

    def _drop_what_is_too_much(self) -> None:
        while not self._has_room():
            self._size -= len(self._newest.pop().message)
            self._n_dropped += 1

    def _read_block(self) -> list[Line]:
        assert self._file is not None
        start, size, count = self._blocks[0]
        try:
            # The file is ours and has no name, so nobody else has written to it.
            fields_of_lines = marshal.loads(os.pread(self._file.fileno(), size, start))  # nosec B302
            lines = [Line(*fields) for fields in fields_of_lines]
        except (OSError, EOFError, ValueError, TypeError):
            # A disk that fails would do so again, and the run is to end.
            lines = [Line(time.time(), "WARNING", "log", UNREADABLE % count)]
        self._blocks.pop(0)
        if not self._blocks:
            self._end = 0
            self._cut_off()
        return lines


def _dropped(count: int) -> Line:
    text = ngettext(
        "%(count)d line was dropped here: the database was away and the disk was full.",
        "%(count)d lines were dropped here: the database was away and the disk was full.",
        count,
    )
    return Line(time.time(), "WARNING", "log", text % {"count": count})
