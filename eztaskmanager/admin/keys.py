"""Keys of rows, as addresses and forms give them."""

from __future__ import annotations

# So many digits fit into the keys of every database.
MOST_DIGITS = 18


def read_key(text: str | None) -> int | None:
    """Read a key; None for what can be none."""
    if not text or not text.isascii() or not text.isdigit() or len(text) > MOST_DIGITS:
        return None
    return int(text)
