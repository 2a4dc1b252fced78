"""What a run says, from bytes to lines; knows no process and no database."""

from __future__ import annotations

from eztaskmanager.output.lines import LEVELS, Line, LineSplitter, clean, clean_text, encode, level_name
from eztaskmanager.output.plain import make_plain
from eztaskmanager.output.reader import Reader

__all__ = ["LEVELS", "Line", "LineSplitter", "Reader", "clean", "clean_text", "encode", "level_name", "make_plain"]
