"""A log on its way into a file, piece by piece."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator

from django.db import Error
from django.utils.translation import gettext as _

from eztaskmanager.exceptions import SearchRefused
from eztaskmanager.models import Log

FORMATS = ("text", "jsonl")
DOWNLOADS = ("0", "1", "gzip")
PIECE = 65_536
GZIP = 16 + zlib.MAX_WBITS


def encoded(lines: Iterable[Log], *, as_json: bool) -> Iterator[bytes]:
    """Write lines as text or as JSON, in pieces of a good size; what fails after the first is told in the last.

    Raises:
        SearchRefused, django.db.Error: In place of the first piece.
    """
    write = _json if as_json else _text
    piece: list[str] = []
    size, has_begun = 0, False
    try:
        for line in lines:
            text = write(line)
            piece.append(text)
            size += len(text)
            if size >= PIECE:
                yield "".join(piece).encode()
                piece, size, has_begun = [], 0, True
    except (SearchRefused, Error) as exc:
        if not has_begun:
            raise
        text = _("The log could not be read on from here: %(error)s") % {"error": " ".join(str(exc).split())}
        piece.append(f"{json.dumps({'error': text}, ensure_ascii=False)}\n" if as_json else f"{text}\n")
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
