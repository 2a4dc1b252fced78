"""What stands in for `sys.stdout` and `sys.stderr` in a supervised run."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from eztaskmanager.output import encode

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from eztaskmanager.supervision.channel import Channel

SEND_FROM = 64 * 1024


class Bytes(io.RawIOBase):
    """The `buffer` of a captured stream; threads do not get into each other's lines.

    Args:
        is_echo: Tells whether what is written now only repeats a log record that is kept already.
    """

    def __init__(self, channel: Channel, kind: int, descriptor: int, is_echo: Callable[[], bool]) -> None:
        self._channel = channel
        self._kind = kind
        self._descriptor = descriptor
        self._is_echo = is_echo
        self._pending: dict[int, list[bytes]] = {}
        self._sizes: dict[int, int] = {}

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return False

    def write(self, data: ReadableBuffer) -> int:
        content = bytes(data)
        if not self._is_echo():
            self._add(content)
        return len(content)

    def flush(self) -> None:
        """Send the line that this thread has begun."""
        self._send(threading.get_ident())

    def close(self) -> None:
        """Keep open: a command that closes its output says nothing more, and others still may."""
        self.flush()

    def flush_all(self) -> None:
        """Send the lines that all threads have begun."""
        for ident in list(self._pending):
            self._send(ident)

    def _add(self, content: bytes) -> None:
        ident = threading.get_ident()
        pending = self._pending.get(ident)
        if content.endswith(b"\n"):
            if pending:
                pending.append(content)
                self._send(ident)
            else:
                self._channel.text(self._kind, content)
            return
        if pending is None:
            pending = self._pending[ident] = []
        pending.append(content)
        size = self._sizes[ident] = self._sizes.get(ident, 0) + len(content)
        if size > SEND_FROM or b"\n" in content:
            self._send(ident)

    def _send(self, ident: int) -> None:
        pending = self._pending.pop(ident, None)
        self._sizes.pop(ident, None)
        if pending:
            self._channel.text(self._kind, b"".join(pending))


class Text(io.TextIOBase):
    """A captured text stream, as good as the real one for whoever writes, and never a terminal."""

    encoding = "utf-8"
    errors = "surrogateescape"
    newlines = None
    mode = "w"
    line_buffering = True
    write_through = True

    def __init__(self, buffer: Bytes, name: str) -> None:
        self.buffer = buffer
        self.name = name

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.buffer.fileno()

    def isatty(self) -> bool:
        return False

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self.buffer.write(encode(text))
        return len(text)

    def flush(self) -> None:
        self.buffer.flush()

    def close(self) -> None:
        """Keep open, as its buffer does."""
        self.flush()

    def reconfigure(self, **options: object) -> None:
        """Take what `io.TextIOWrapper` takes, and stay as it is."""
