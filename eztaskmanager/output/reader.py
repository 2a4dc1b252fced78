"""The receiving end: frames and raw bytes of one run become lines."""

from __future__ import annotations

import json
import math
from typing import Any

from eztaskmanager.output.frames import (
    COMMAND_STDERR,
    END,
    GROUP,
    GROUP_END,
    HEADER,
    IS_LAST,
    MAGIC,
    PROGRESS,
    RECORD,
    STDERR,
    STDOUT,
)
from eztaskmanager.output.lines import MAX_LINE, Line, LineSplitter, clean, clean_text, cut_at, level_name

_STREAMS = {STDOUT: ("INFO", "stdout"), STDERR: ("INFO", "stderr"), COMMAND_STDERR: ("WARNING", "stderr")}
_GROUPS = {GROUP: "group", GROUP_END: "end"}
_LEVEL_NAMES = tuple(level_name(number) for number in range(256))
IDLE = 3.0
# No database keeps later moments; a command that plays with the clock may send any number.
LATEST = 253_402_000_000.0
# Beyond it numbers of progress say nothing to anyone.
LARGEST = 1e15


class Reader:
    """Makes lines of what one run writes.

    Attributes:
        progress: The latest that the command told, taken and cleared by whoever looks; (done, total, text).
        endings: How the processes of the run said they end, by process id.
    """

    def __init__(self) -> None:
        self.progress: tuple[float | None, float | None, str] | None = None
        self.endings: dict[int, dict[str, Any]] = {}
        self._buffer = b""
        self._splitters: dict[tuple[int, int], LineSplitter] = {}
        self._records: dict[tuple[int, int, int], bytearray] = {}
        self._touched = 0.0

    def feed(self, data: bytes) -> list[Line]:
        """Take bytes of the frame pipe, cut anywhere."""
        buffer = self._buffer + data if self._buffer else data
        lines: list[Line] = []
        position, end, header_size, unpack = 0, len(buffer), HEADER.size, HEADER.unpack_from
        while position + header_size <= end:
            magic, kind, level, flags, size, number, source, timestamp = unpack(buffer, position)
            if magic != MAGIC:
                lines.append(Line(timestamp=self._touched, level="ERROR", stream="log", message=_GARBLED))
                position = end
                break
            if not 0 <= timestamp < LATEST:
                timestamp = self._touched
            start = position + header_size
            if start + size > end:
                break
            position = start + size
            payload = buffer[start:position]
            if kind == RECORD and flags and not self._records:
                lines.append(Line(timestamp, _LEVEL_NAMES[level], "log", clean(payload)))
            else:
                lines.extend(self.accept(kind, level, bool(flags & IS_LAST), number, source, timestamp, payload))
        self._buffer = buffer[position:]
        return lines

    def accept(
        self, kind: int, level: int, is_last: bool, number: int, source: int, timestamp: float, payload: bytes
    ) -> list[Line]:
        """Take one frame."""
        self._touched = timestamp
        if kind in _STREAMS:
            return self._split(kind, source, timestamp, payload)
        key = (kind, source, number)
        parts = self._records.setdefault(key, bytearray())
        parts += payload
        if kind == RECORD:
            return self._records_of(key, level, is_last, timestamp)
        if is_last and kind in _GROUPS:
            return [Line(timestamp, "INFO", _GROUPS[kind], clean(bytes(self._records.pop(key))))]
        if is_last:
            content = json.loads(self._records.pop(key))
            if kind == PROGRESS:
                self.progress = (_number(content[0]), _number(content[1]), clean_text(str(content[2])))
            elif kind == END:
                self.endings[content["pid"]] = content
        return []

    def raw(self, descriptor: int, timestamp: float, data: bytes) -> list[Line]:
        """Take what was written straight to descriptor 1 or 2."""
        self._touched = timestamp
        return self._split(STDOUT if descriptor == 1 else STDERR, 0, timestamp, data)

    def idle(self, now: float) -> list[Line]:
        """Show what has waited for its end of line for `IDLE` seconds, a prompt for example."""
        if not self._splitters or now - self._touched < IDLE:
            return []
        return self._flush(now, only_prompts=True)

    def end(self, now: float) -> list[Line]:
        """Show all that waits, for nothing more comes."""
        lines = [
            Line(now, "ERROR", "log", clean(bytes(parts)))
            for key, parts in self._records.items()
            if key[0] == RECORD and parts
        ]
        self._records.clear()
        return lines + self._flush(now, only_prompts=False)

    def _split(self, kind: int, source: int, timestamp: float, data: bytes) -> list[Line]:
        level, stream = _STREAMS[kind]
        splitter = self._splitters.get((kind, source)) or LineSplitter()
        lines = [Line(timestamp, level, stream, text) for text in splitter.feed(data)]
        if splitter.is_empty:
            self._splitters.pop((kind, source), None)
        else:
            self._splitters[kind, source] = splitter
        return lines

    def _flush(self, now: float, *, only_prompts: bool) -> list[Line]:
        lines: list[Line] = []
        for key, splitter in list(self._splitters.items()):
            if splitter.may_be_prompt or not only_prompts:
                level, stream = _STREAMS[key[0]]
                lines.extend(Line(now, level, stream, text) for text in splitter.flush())
                del self._splitters[key]
        return lines

    def _records_of(self, key: tuple[int, int, int], level: int, is_last: bool, timestamp: float) -> list[Line]:
        parts = self._records[key]
        if not is_last and len(parts) <= MAX_LINE:
            return []
        place = len(parts) if is_last else cut_at(parts, MAX_LINE)
        message = clean(bytes(parts[:place]))
        del parts[:place]
        if is_last:
            del self._records[key]
        return [Line(timestamp, _LEVEL_NAMES[level], "log", message)]


def _number(value: Any) -> float | None:
    # What a database refuses, or cannot give back, is as good as nothing.
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) <= LARGEST else None


_GARBLED = "Something other than this package wrote to its pipe; some lines may be lost."
