"""A log on its way into a file, piece by piece."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator

from eztaskmanager.models import Log

FORMATS = ("text", "jsonl")
DOWNLOADS = ("0", "1", "gzip")
PIECE = 65_536
GZIP = 16 + zlib.MAX_WBITS


def encoded(lines: Iterable[Log], *, as_json: bool) -> Iterator[bytes]:
    """Write lines as text or as JSON, in pieces of a good size."""
    write = _json if as_json else _text
    piece: list[str] = []
    size = 0
    for line in lines:
        text = write(line)
        piece.append(text)
        size += len(text)
        if size >= PIECE:
            yield "".join(piece).encode()
            piece, size = [], 0
    if piece:
        yield "".join(piece).encode()


def compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Compress pieces into one gzip file."""
    gzip = zlib.compressobj(wbits=GZIP)
    for piece in pieces:
        if data := gzip.compress(piece):
            yield data
    yield gzip.flush()


def _text(line: Log) -> str:
    return f"{line}\n"


def _json(line: Log) -> str:
    content = {
        "n": line.seq,
        "time": line.timestamp.isoformat(),
        "level": line.level,
        "stream": line.stream,
        "message": line.message,
    }
    return f"{json.dumps(content, ensure_ascii=False)}\n"
