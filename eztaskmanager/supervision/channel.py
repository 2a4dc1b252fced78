"""The command's end of the pipe: everything that Python says goes through here, at once."""

from __future__ import annotations

import itertools
import json
import os
import select
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from fcntl import ioctl
from termios import FIONREAD

from eztaskmanager.output import Line, Reader, encode
from eztaskmanager.output.frames import (
    COMMAND_STDERR,
    END,
    GROUP,
    GROUP_END,
    HEADER,
    IS_LAST,
    MAGIC,
    MAX_FRAME,
    MAX_PAYLOAD,
    PROGRESS,
    RECORD,
    STDERR,
    STDOUT,
    frames,
)
from eztaskmanager.supervision.job import Ending, Journal, StopRequested

# Seconds to wait with a frame for raw bytes to be read: while they are being read, while nobody reads, and how long
# not to wait again once it was in vain.
PATIENCE = 0.05
LONGEST_PATIENCE = 2.0
HUFF = 1.0
NONE = bytes(4)
OWN_THREADS = "eztaskmanager "
# What a message without a frame is followed by; other kinds say nothing to people.
PLAIN = {STDOUT: b"", STDERR: b"", COMMAND_STDERR: b"", RECORD: b"\n", GROUP: b"\n"}
CLOSED = "The command closed the pipe of its log; what follows is kept as plain text, without levels and progress."

_current: Channel | None = None


def current_channel() -> Channel | None:
    """Return the channel of the supervised run that this code is part of, if it is part of one."""
    return _current


def set_current_channel(channel: Channel | None) -> None:
    """Make it the one that `current_channel` returns."""
    global _current
    _current = channel


class Channel(ABC):
    """Where a run's records, text and progress go.

    Attributes:
        is_stopping: Whether the run was asked to end.
    """

    is_stopping = False

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def record(self, level: int, message: str) -> None:
        """Send a log record, which may have several lines."""
        payload = encode(message)
        self._send(RECORD, min(max(level, 0), 255), next(self._numbers), payload)

    def text(self, kind: int, data: bytes) -> None:
        """Send a piece of a stream, STDOUT, STDERR or COMMAND_STDERR."""
        self._send(kind, 0, 0, data)

    def group(self, title: str, *, is_end: bool = False) -> None:
        """Send that lines which belong together begin, or end."""
        self._send(GROUP_END if is_end else GROUP, 0, next(self._numbers), encode(title))

    def progress(self, current: float | None, total: float | None, text: str) -> None:
        """Send how far the command has come."""
        self._send(PROGRESS, 0, next(self._numbers), json.dumps([current, total, text]).encode())

    def should_stop(self) -> bool:
        """Tell whether the run was asked to end."""
        return self.is_stopping

    @abstractmethod
    def _send(self, kind: int, level: int, number: int, payload: bytes) -> None: ...


class PipeChannel(Channel):
    """Frames written to a pipe, each before the call returns, so that they outlive this process.

    Commands close descriptors that they do not know, as daemons do, and what they open then gets the same numbers. So
    a descriptor is looked at before it is written to; without the pipe, descriptors 1 and 2 are left for plain text.

    Args:
        descriptor: The frame pipe.
        raw: Pipes behind descriptors 1 and 2, looked at before each frame: what subprocesses wrote to them earlier
            is to be read earlier.
    """

    def __init__(self, descriptor: int, raw: tuple[int, ...]) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._pipe = _file_behind(descriptor)
        self._raw = {number: _file_behind(number) for number in raw}
        self._raw_pipes = set(self._raw.values())
        self._is_closed = False
        self._unread = bytearray(NONE)
        self._no_barrier_until = 0.0

    def end(self, ending: Ending) -> None:
        """Send how the command ended; nothing that follows changes it."""
        content = {"pid": os.getpid(), "end": ending.end, "exit_code": ending.exit_code, "error": ending.error}
        self._send(END, 0, next(self._numbers), json.dumps(content).encode())

    def _send(self, kind: int, level: int, number: int, payload: bytes) -> None:
        if self._is_closed or _file_behind(self._descriptor) != self._pipe:
            self._say_plainly(kind, payload)
            return
        if self._has_unread():
            self._wait_for_raw()
        now = time.time()
        size = len(payload)
        if size <= MAX_PAYLOAD:
            source = threading.get_native_id()
            frame = HEADER.pack(MAGIC, kind, level, IS_LAST, size, number & 0xFFFF, source, now) + payload
            _write(self._descriptor, frame)
            return
        for frame in frames(kind, level, number, threading.get_native_id(), now, payload):
            _write(self._descriptor, frame)

    def _say_plainly(self, kind: int, payload: bytes) -> None:
        descriptor = next((number for number in (2, 1) if _file_behind(number) in self._raw_pipes), None)
        if descriptor is None or kind not in PLAIN:
            return
        text = payload + PLAIN[kind]
        if not self._is_closed:
            self._is_closed = True
            text = f"{CLOSED}\n".encode() + text
        for start in range(0, len(text), MAX_FRAME):
            _write(descriptor, text[start : start + MAX_FRAME])

    def _has_unread(self) -> bool:
        unread = self._unread
        try:
            for descriptor in self._raw:
                ioctl(descriptor, FIONREAD, unread)
                if unread != NONE:
                    return True
        except OSError:
            self._raw = {}  # The command closed what it does not know.
        return False

    def _wait_for_raw(self) -> None:
        now = time.monotonic()
        if now < self._no_barrier_until:
            return
        if any(_file_behind(number) != pipe for number, pipe in self._raw.items()):
            self._raw = {}  # What waits there is the command's own.
            return
        began, first, is_flowing = now, bytes(self._unread), False
        while self._has_unread():
            is_flowing = is_flowing or self._unread != first
            now = time.monotonic()
            if now - began > (PATIENCE if is_flowing else LONGEST_PATIENCE):
                # Something writes without end; order matters less than the command's pace.
                self._no_barrier_until = now + HUFF
                return
            time.sleep(0.0002)


def _file_behind(descriptor: int) -> tuple[int, int] | None:
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _write(descriptor: int, data: bytes) -> None:
    """Write at most `MAX_FRAME` bytes, which a pipe takes at once."""
    while True:
        try:
            os.write(descriptor, data)
            return
        except BlockingIOError:
            # Not select(), which takes no high numbers.
            poll = select.poll()
            poll.register(descriptor, select.POLLOUT)
            poll.poll()
        except OSError:
            return  # The supervisor is gone, and this process will be in a moment.


class InlineChannel(Channel):
    """Goes straight to the journal, for a command that runs in the worker itself.

    Args:
        take: Keeps lines.
        journal: Keeps progress.
        must_end: Looked at when progress is told, the one place where such a command can be stopped from outside.
    """

    def __init__(self, take: Callable[[list[Line]], None], journal: Journal, must_end: Callable[[], bool]) -> None:
        super().__init__()
        self.reader = Reader()
        self._take = take
        self._journal = journal
        self._must_end = must_end
        self._lock = threading.RLock()

    def should_stop(self) -> bool:
        """Tell whether the run was asked to end, or its time is up."""
        self.is_stopping = self.is_stopping or self._must_end()
        return self.is_stopping

    def progress(self, current: float | None, total: float | None, text: str) -> None:
        """Tell how far the command has come.

        Raises:
            StopRequested: The run was asked to end, for the first time.
        """
        self._journal.progress(current, total, text)
        was_stopping = self.is_stopping
        if self.should_stop() and not was_stopping:
            raise StopRequested("The run was asked to stop.")

    def _send(self, kind: int, level: int, number: int, payload: bytes) -> None:
        if threading.current_thread().name.startswith(OWN_THREADS):
            return  # What the journal's thread logs about its writing would be written in its turn, without end.
        with self._lock:
            now = time.time()
            if lines := self.reader.accept(kind, level, True, number, threading.get_native_id(), now, payload):
                self._take(lines)
