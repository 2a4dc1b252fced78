"""Lines, and how bytes become lines."""

from __future__ import annotations

from typing import NamedTuple

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

# Below the 16 MiB that MySQL takes in one packet by default.
MAX_LINE = 12_000_000
COLLAPSE_FROM = 64 * 1024


class Line(NamedTuple):
    """One row of the log.

    Attributes:
        timestamp: Seconds since the epoch.
        level: One of `LEVELS`.
        stream: 'log', 'stdout' or 'stderr'.
        message: Clean text; only log records hold newlines.
    """

    timestamp: float
    level: str
    stream: str
    message: str


def level_name(number: int) -> str:
    """Name the level a number belongs to; a host's own levels count as the standard one below them."""
    return LEVELS[min(max(number // 10 - 1, 0), 4)]


def clean(data: bytes) -> str:
    """Decode, with what is not UTF-8 replaced and NUL, which PostgreSQL refuses, shown as a sign."""
    return data.replace(b"\0", b"\xe2\x90\x80").decode("utf-8", "replace")


def encode(text: str) -> bytes:
    """Encode any text, with what came from undecodable file names as it was."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def clean_text(text: str) -> str:
    """Make any text one that every database takes."""
    return clean(encode(text))


def cut_at(data: bytes | bytearray, limit: int) -> int:
    """Find where to cut, at most at `limit`, without cutting a character in two."""
    place = limit
    while place > limit - 4 and place > 0 and data[place] & 0xC0 == 0x80:
        place -= 1
    return place if data[place] & 0xC0 != 0x80 else limit


def last_state(line: bytes) -> bytes:
    """Keep what a line that was rewritten by carriage returns, as progress bars are, showed last."""
    if b"\r" not in line:
        return line
    return next((part for part in reversed(line.split(b"\r")) if part.strip()), b"")


class LineSplitter:
    """Splits the bytes of one stream into lines, in time linear to their length however they are cut."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._is_rewritten = False
        self._collapse_from = COLLAPSE_FROM

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits for the end of its line."""
        return not self._parts

    @property
    def may_be_prompt(self) -> bool:
        """Whether what waits is worth showing before its end; a progress bar's states are not."""
        return bool(self._parts) and not self._is_rewritten

    def feed(self, data: bytes) -> list[str]:
        """Take bytes and return the lines they complete."""
        if b"\n" not in data:
            return self._hold(data)
        first, *others = data.split(b"\n")
        rest = others.pop()
        lines = self._hold(first) if self._parts else [_finish(first)]
        if self._parts:
            lines.extend(self.flush())
        lines.extend(_finish(line) for line in others)
        if rest:
            lines.extend(self._hold(rest))
        return lines

    def flush(self) -> list[str]:
        """Return what waits as a line of its own, if something does."""
        if not self._parts:
            return []
        line = b"".join(self._parts)
        self._parts.clear()
        self._size, self._is_rewritten, self._collapse_from = 0, False, COLLAPSE_FROM
        return [_finish(line)]

    def _hold(self, data: bytes) -> list[str]:
        if not data:
            return []
        self._parts.append(data)
        self._size += len(data)
        self._is_rewritten = self._is_rewritten or b"\r" in data
        if self._is_rewritten and self._size > self._collapse_from:
            line = b"".join(self._parts)
            ends_rewound = not line.rpartition(b"\r")[2].strip()
            self._parts[:] = [b"\r" + last_state(line) + (b"\r" if ends_rewound else b"")]
            self._size = len(self._parts[0])
            self._collapse_from = max(COLLAPSE_FROM, 2 * self._size)
        if self._size <= MAX_LINE:
            return []
        line = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        lines = []
        while len(line) > MAX_LINE:
            place = cut_at(line, MAX_LINE)
            lines.append(_finish(line[:place]))
            line = line[place:]
        return lines + self._hold(line)


def _finish(line: bytes) -> str:
    return clean(last_state(line))
