"""Frames: how Python's part of a run's output travels through a pipe, whole and in order.

A frame is at most `PIPE_BUF` long, so that the kernel writes it at once and nothing of another process or thread gets
between. What is longer goes in several frames, which the reader joins by their source and number.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

HEADER = struct.Struct("<BBBBHHId")
MAGIC = 0xE2
MAX_FRAME = 4096
MAX_PAYLOAD = MAX_FRAME - HEADER.size

RECORD, STDOUT, STDERR, COMMAND_STDERR, PROGRESS, END, GROUP, GROUP_END = range(1, 9)

IS_LAST = 1


def frames(kind: int, level: int, number: int, source: int, timestamp: float, payload: bytes) -> Iterator[bytes]:
    """Cut a message into frames.

    Args:
        kind: One of the constants above.
        level: Number of the level, as `logging` has it; 0 where the kind says it.
        number: Tells messages of one source from each other; streams, which go on, always give 0.
        source: The kernel's id of the thread.
        timestamp: Seconds since the epoch.
        payload: UTF-8.
    """
    for start in range(0, len(payload) or 1, MAX_PAYLOAD):
        part = payload[start : start + MAX_PAYLOAD]
        is_last = IS_LAST if start + MAX_PAYLOAD >= len(payload) else 0
        yield HEADER.pack(MAGIC, kind, level, is_last, len(part), number & 0xFFFF, source, timestamp) + part
