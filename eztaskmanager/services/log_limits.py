"""Head and tail of logs and lines that are too long for anyone to read."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext

from eztaskmanager.models import Log
from eztaskmanager.output import Line
from eztaskmanager.settings import app_settings

# Trimming is done for many lines at once.
STEP = 10_000


def shorten(lines: Sequence[Line], limit: int | None) -> Sequence[Line]:
    """Cut the middle out of messages longer than the limit, and say there how much is gone."""
    if limit is None or not any(len(line.message) > limit for line in lines):
        return lines
    return [_shorten(line, limit) if len(line.message) > limit else line for line in lines]


def _shorten(line: Line, limit: int) -> Line:
    head = limit // 2
    note = gettext("… %(count)d characters dropped …") % {"count": len(line.message) - limit}
    return line._replace(message=f"{line.message[:head]}{note}{line.message[head - limit:]}")


class LogTrimmer:
    """Keeps the first and the last lines of a log that outgrows `EZTASKMANAGER_MAX_LOG_LINES`.

    The lines keep their numbers and the report its counters; what is dropped is missing between head and tail, where
    one line says so.

    Args:
        report_id: Primary key of the `LaunchReport`.
        using: Alias of the database.
    """

    def __init__(self, report_id: int, using: str) -> None:
        self._lines = Log.objects.using(using).filter(launch_report=report_id)
        self._using = using
        self._dropped_to = 0

    def trim(self, n_lines: int, *, is_last: bool = False) -> None:
        """Drop the middle.

        Args:
            n_lines: How many lines the log has had.
            is_last: Do it for a few lines too.

        Raises:
            DatabaseError: Nothing was dropped.
        """
        limit = app_settings.MAX_LOG_LINES
        if limit is None or n_lines <= limit:
            return
        marker = limit // 2 + 1
        last = n_lines - (limit - limit // 2)
        if last - max(self._dropped_to, marker - 1) < (1 if is_last else STEP):
            return
        note = gettext("… %(count)d lines dropped: more than the %(limit)d that are kept …")
        with transaction.atomic(using=self._using):
            self._lines.filter(seq__gt=max(self._dropped_to, marker), seq__lte=last)._raw_delete(self._using)
            self._lines.filter(seq=marker).update(
                message=note % {"count": last - marker + 1, "limit": limit}, level="INFO", stream=Log.Stream.LOG
            )
        self._dropped_to = last
