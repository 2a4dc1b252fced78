"""Repeats lines on the worker's own standard error, as far as that takes them without waiting."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from collections import deque
from collections.abc import Sequence

from eztaskmanager.output import Line
from eztaskmanager.output.lines import encode

# What a pipe that is said to be writable takes without waiting.
PIECE = 4096
MOST_HELD = 1024 * 1024
LONGEST = 4096


class Mirror:
    """Writes "LEVEL command: message"; what a terminal or pipe does not take in time is left out, and counted.

    Args:
        name: Of the command.
        is_on: Whether to repeat anything at all.
    """

    def __init__(self, name: str, is_on: bool) -> None:
        self._name = name
        self._is_on = is_on
        self._held: deque[bytes] = deque()
        self._size = 0
        self._n_left_out = 0
        # As it is now: a command that runs in this process has a captured one.
        self._stream = sys.stderr
        try:
            self._descriptor: int | None = self._stream.fileno()
        except (AttributeError, OSError, ValueError):
            self._descriptor = None

    def write(self, lines: Sequence[Line]) -> None:
        """Repeat lines."""
        if not self._is_on:
            return
        name = self._name
        if self._size > MOST_HELD:
            self._n_left_out += len(lines)
        else:
            if self._n_left_out:
                self._hold(f"... {self._n_left_out} lines of {name} not repeated here ...\n")
                self._n_left_out = 0
            self._hold("".join([f"{level} {name}: {message[:LONGEST]}\n" for _, level, _, message in lines]))
        self.push()

    def push(self) -> None:
        """Write on, as far as it goes."""
        with contextlib.suppress(OSError, ValueError):
            if self._descriptor is None:
                while self._held:
                    print(self._held.popleft().decode("utf-8", "replace"), end="", file=self._stream)
                self._size = 0
                return
            while self._held and select.select((), (self._descriptor,), (), 0)[1]:
                piece = self._held.popleft()
                written = os.write(self._descriptor, piece[:PIECE])
                self._size -= written
                if written < len(piece):
                    self._held.appendleft(piece[written:])

    def _hold(self, text: str) -> None:
        data = encode(text)
        self._size += len(data)
        self._held.extend(data[start : start + PIECE] for start in range(0, len(data), PIECE))
