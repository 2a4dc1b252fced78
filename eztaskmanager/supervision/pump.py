"""Reads the pipes of a run in the order in which they were written to."""

from __future__ import annotations

import contextlib
import os
import select
import time

from eztaskmanager.output import Line, Reader
from eztaskmanager.supervision.job import Journal
from eztaskmanager.supervision.mirror import Mirror
from eztaskmanager.supervision.pipes import Pipes, unread

CHUNK = 64 * 1024
MOST_FRAMES = 1024 * 1024
# Frames come one by one; a moment's patience lets them come by the hundred.
PAUSE_MS = 3


class Pump:
    """From pipes to journal and mirror, never waiting for either.

    A command waits with each frame until what it wrote to 1 and 2 earlier was read (`PipeChannel`). So all frames that
    can be read while raw bytes wait are older than these, and are read first.
    """

    def __init__(self, pipes: Pipes, journal: Journal, mirror: Mirror, pidfd: int | None) -> None:
        self.reader = Reader()
        self._journal = journal
        self._mirror = mirror
        self._frames = pipes.frames_out
        self._raw = {pipes.stdout_out: 1, pipes.stderr_out: 2}
        self._pidfd = pidfd
        self._poll = select.poll()
        self._urgent = select.poll()
        for descriptor in (self._frames, *self._raw):
            os.set_blocking(descriptor, False)
            self._poll.register(descriptor, select.POLLIN)
        for descriptor in self._raw:
            self._urgent.register(descriptor, select.POLLIN)
        if pidfd is not None:
            self._poll.register(pidfd, select.POLLIN)
            self._urgent.register(pidfd, select.POLLIN)
        self._open = {self._frames, *self._raw}
        self._is_pidfd_open = pidfd is not None

    @property
    def is_dry(self) -> bool:
        """Whether no one is left who could write."""
        return not self._open

    def round(self, timeout: float) -> bool:
        """Wait for something to read, at most `timeout` seconds, and read it.

        Returns:
            Whether the process seems to have ended.
        """
        if self._pidfd is None:
            timeout = min(timeout, 0.05)
        ready = {descriptor for descriptor, _ in self._poll.poll(timeout * 1000)}
        if not ready:
            self._deliver(self.reader.idle(time.time()))
            self._mirror.push()
            return self._pidfd is None
        raw = ready & self._raw.keys()
        if self._frames in ready and not raw and self._pidfd not in ready and unread(self._frames) < CHUNK:
            self._urgent.poll(PAUSE_MS)
        lines = self._read_frames(at_least_end=self._frames in ready)
        for descriptor in sorted(raw):
            lines += self._read_raw(descriptor)
        self._deliver(lines)
        if self._pidfd in ready and self._is_pidfd_open:
            self._forget(self._pidfd)
            self._is_pidfd_open = False
        return not self._is_pidfd_open or not self._open

    def end(self) -> None:
        """Deliver what waits for its end of line."""
        self._deliver(self.reader.end(time.time()))

    def _deliver(self, lines: list[Line]) -> None:
        if lines:
            self._journal.write(lines)
            self._mirror.write(lines)
        if self.reader.progress is not None:
            self._journal.progress(*self.reader.progress)
            self.reader.progress = None

    def _read_frames(self, *, at_least_end: bool) -> list[Line]:
        if self._frames not in self._open:
            return []
        size = unread(self._frames)
        if not size and not at_least_end:
            return []
        data = self._read(self._frames, min(max(size, 1), MOST_FRAMES))
        return self.reader.feed(data) if data else []

    def _read_raw(self, descriptor: int) -> list[Line]:
        data = self._read(descriptor, CHUNK)
        return self.reader.raw(self._raw[descriptor], time.time(), data) if data else []

    def _read(self, descriptor: int, size: int) -> bytes:
        try:
            data = os.read(descriptor, size)
        except BlockingIOError:
            return b""
        if not data:
            self._open.discard(descriptor)
            self._forget(descriptor)
        return data

    def _forget(self, descriptor: int | None) -> None:
        for poll in (self._poll, self._urgent):
            if descriptor is not None:
                with contextlib.suppress(KeyError):
                    poll.unregister(descriptor)
