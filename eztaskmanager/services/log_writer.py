"""The way of log lines into the database: many at once, each once, numbered without gaps."""

from __future__ import annotations

import datetime as dt
from collections import Counter, deque
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from django.conf import settings
from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    connections,
    transaction,
)
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F
from django.utils import timezone

from eztaskmanager.models import LaunchReport, Log
from eztaskmanager.output import Line
from eztaskmanager.services.log_limits import LogTrimmer

# InternalError is what a server says that is read-only for a while, after it has taken over.
AWAY = (OperationalError, InterfaceError, InternalError)
COUNTED = {"n_log_debugs": ("DEBUG",), "n_log_warnings": ("WARNING",), "n_log_errors": ("ERROR", "CRITICAL")}
COLUMNS = ("launch_report_id", "seq", "timestamp", "level", "stream", "message")
# SQLite may take no more than 999 parameters.
ROWS_A_STATEMENT = 999 // len(COLUMNS)
SHORTENED_TO = 100_000


class ReportGone(Exception):
    """The report that the lines belong to was deleted."""


class LogWriter:
    """Writes lines of one report, and keeps the report's counters true.

    Args:
        report_id: Primary key of the `LaunchReport`.
        using: Alias of the database; the connection is the calling thread's.
    """

    def __init__(self, report_id: int, using: str = DEFAULT_DB_ALIAS) -> None:
        self.report_id = report_id
        self._using = using
        # Most reports are new; one that is not is found out about when this number proves wrong.
        self._n_written: int | None = 0
        # What a commit without an answer was about, and how many lines there were before.
        self._doubtful: tuple[int, Sequence[Line]] | None = None
        # Those of them that turned out to be written; whoever did not get the answer brings them again.
        self._kept: deque[Line] = deque()
        self._moments = _Moments()
        self._trimmer = LogTrimmer(report_id, using)

    def write(self, lines: Sequence[Line]) -> None:
        """Write lines in one transaction.

        When the connection breaks while it commits, nobody knows whether it did; call again with the same lines, or
        `write_one` with each of them, and they are written if they were not.

        Raises:
            ReportGone: There is nothing to write them to.
            DatabaseError: Nothing was written, as far as can be told; one of `AWAY` when it may help to try again.
        """
        if not lines:
            return
        while True:
            if self._n_written is None:
                self._find_out()
            if self._kept and self._are_kept(lines):
                return
            self.trim()
            assert self._n_written is not None
            with transaction.atomic(using=self._using):
                is_written = self._count(self._n_written, lines)
                if is_written:
                    self._insert(self._n_written, lines)
                    self._doubtful = (self._n_written, lines)
            if is_written:
                self._doubtful = None
                self._n_written += len(lines)
                return
            # Someone else writes to this report too.
            self._n_written = None

    def trim(self, *, is_last: bool = False) -> None:
        """Keep the log within `EZTASKMANAGER_MAX_LOG_LINES`; exactly so only when no more lines follow.

        Raises:
            DatabaseError: Nothing was dropped.
        """
        if self._n_written is not None:
            self._trimmer.trim(self._n_written, is_last=is_last)

    def forget(self) -> None:
        """Look at what the database has before the next write, after an error."""
        self._n_written = None

    def write_one(self, line: Line) -> None:
        """Write a line that the database may have refused among others; as much of it as it takes.

        Raises:
            ReportGone: There is nothing to write it to.
            DatabaseError: Nothing was written, as far as can be told.
        """
        lines = [line]
        try:
            self.write(lines)
        except DatabaseError:
            connections[self._using].close()
            self.forget()
            # One whose commit has no answer was not refused.
            is_doubtful = self._doubtful is not None and self._doubtful[1] is lines
            message = _tame(line.message)
            self.write(lines if is_doubtful or message == line.message else [line._replace(message=message)])

    def _find_out(self) -> None:
        """Read how many lines there are, and whether those in doubt are among them."""
        rows = LaunchReport.objects.using(self._using).filter(pk=self.report_id)
        n_written = rows.values_list("n_log_lines", flat=True).first()
        if n_written is None:
            raise ReportGone(f"Report {self.report_id} is gone.")
        if self._doubtful is not None:
            before, lines = self._doubtful
            if self._is_there(before + 1, lines[0]):
                self._kept = deque(lines)
                self._doubtful = None
            # Otherwise the server may still be about it; then it has the report's row, and the next write is in vain.
        self._n_written = n_written

    def _is_there(self, number: int, line: Line) -> bool:
        row = Log.objects.using(self._using).filter(launch_report=self.report_id, seq=number).first()
        return row is not None and (
            abs(row.timestamp.timestamp() - line.timestamp) < 0.001 and row.message == line.message
        )

    def _are_kept(self, lines: Sequence[Line]) -> bool:
        """Tell whether these are the next of those that turned out to be written; if not, nobody asks for them."""
        if len(lines) <= len(self._kept) and all(kept is line for kept, line in zip(self._kept, lines)):
            for _ in lines:
                self._kept.popleft()
            return True
        self._kept.clear()
        return False

    def _count(self, n_written: int, lines: Sequence[Line]) -> bool:
        levels = Counter(line.level for line in lines)
        changes: dict[str, Any] = {"n_log_lines": n_written + len(lines)}
        for column, counted in COUNTED.items():
            if count := sum(levels[level] for level in counted):
                changes[column] = F(column) + count
        rows = LaunchReport.objects.using(self._using).filter(pk=self.report_id, n_log_lines=n_written)
        return bool(rows.update(**changes))

    def _insert(self, n_written: int, lines: Sequence[Line]) -> None:
        connection = connections[self._using]
        if connection.vendor == "postgresql" and _has_copy():
            self._copy(connection, n_written, lines)
        else:
            self._insert_many(connection, n_written, lines)

    def _copy(self, connection: BaseDatabaseWrapper, n_written: int, lines: Sequence[Line]) -> None:
        quote = connection.ops.quote_name
        report = self.report_id
        text = self._moments.utc
        rows = [
            f"{report}\t{number}\t{text(timestamp)}+00\t{level}\t{stream}\t{_escape(message)}\n"
            for number, (timestamp, level, stream, message) in enumerate(lines, n_written + 1)
        ]
        columns = ", ".join(map(quote, COLUMNS))
        statement = f"COPY {quote(Log._meta.db_table)} ({columns}) FROM STDIN"
        with connection.cursor() as cursor, connection.wrap_database_errors:
            with cursor.copy(statement) as copy:
                copy.write("".join(rows).encode())

    def _insert_many(self, connection: BaseDatabaseWrapper, n_written: int, lines: Sequence[Line]) -> None:
        quote = connection.ops.quote_name
        columns = ", ".join(map(quote, COLUMNS))
        marks = f"({', '.join(['%s'] * len(COLUMNS))})"
        sql = f"INSERT INTO {quote(Log._meta.db_table)} ({columns}) VALUES "  # nosec B608
        text = self._moments.of(connection)
        report = self.report_id
        rows = [
            (report, number, text(timestamp), level, stream, message)
            for number, (timestamp, level, stream, message) in enumerate(lines, n_written + 1)
        ]
        with connection.cursor() as cursor:
            if connection.vendor != "sqlite":
                # Its drivers make few statements of it by themselves, each as long as the server takes it.
                cursor.executemany(sql + marks, rows)
                return
            for start in range(0, len(rows), ROWS_A_STATEMENT):
                some = rows[start : start + ROWS_A_STATEMENT]
                cursor.execute(sql + ", ".join([marks] * len(some)), list(chain.from_iterable(some)))


class _Moments:
    """Writes moments as a database takes them, putting each second into words once."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def utc(self, timestamp: float) -> str:
        """Turn seconds since the epoch into text in UTC."""
        second = int(timestamp)
        if second != self._second:
            self._text = dt.datetime.fromtimestamp(second, dt.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
            self._second = second
        return f"{self._text}.{int((timestamp - second) * 1_000_000):06d}"

    def of(self, connection: BaseDatabaseWrapper) -> Callable[[float], str]:
        """Return what turns seconds since the epoch into text for this database."""
        field = Log._meta.get_field("timestamp")

        def text(timestamp: float) -> str:
            second = int(timestamp)
            if second != self._second:
                self._text = str(field.get_db_prep_value(_moment(second), connection))
                self._second = second
            return f"{self._text}.{int((timestamp - second) * 1_000_000):06d}"

        return text


def _moment(second: int) -> dt.datetime:
    moment = dt.datetime.fromtimestamp(second, dt.timezone.utc)
    return moment if settings.USE_TZ else timezone.make_naive(moment, timezone.get_default_timezone())


def _has_copy() -> bool:
    from django.db.backends.postgresql.psycopg_any import is_psycopg3  # Needs a driver of PostgreSQL.

    return bool(is_psycopg3)


def _escape(message: str) -> str:
    if "\\" in message:
        message = message.replace("\\", "\\\\")
    if "\n" in message or "\t" in message or "\r" in message:
        message = message.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return message


def _tame(message: str) -> str:
    """Leave out what a database may not take: length, and what is beyond three bytes of UTF-8."""
    text = "".join(sign if sign < "\U00010000" else "\ufffd" for sign in message[:SHORTENED_TO])
    return text if len(message) <= SHORTENED_TO else f"{text}... ({len(message)} characters, shortened)"
