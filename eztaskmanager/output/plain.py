"""Output without what only terminals understand."""

from __future__ import annotations

import re

# Colours, movements and titles, as ECMA-48 writes them.
CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
# All but what a terminal shows of a line that a progress bar wrote again and again. Looked for at the start of each
# line alone: from each letter on, a long line would take hours.
REWRITTEN = re.compile(r"^[^\n]*\r(?=[^\n\r])", re.MULTILINE)


def make_plain(text: str) -> str:
    """Drop escape codes, and of each line keep what was written last over it."""
    return REWRITTEN.sub("", CODES.sub("", text)).replace("\r", "")
