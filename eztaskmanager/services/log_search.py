"""Searching a log in the database: which lines match, some at a time, and never for long."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

import regex
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction
from django.db.models import BooleanField, Func, Q, QuerySet, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext as _

from eztaskmanager.exceptions import SearchRefused
from eztaskmanager.models import Log

LONGEST_TEXT = 500
# A statement that takes longer is cut off; a page of results ends much sooner.
STATEMENT_SECONDS = 5.0
PAGE_SECONDS = 0.5
FIRST_STEP, LARGEST_STEP = 5_000, 200_000

SQLITE_FUNCTION = "EZTASKMANAGER_REGEXP"
# Instructions of SQLite's machine between two looks at the clock.
SQLITE_INSTRUCTIONS = 20_000


@dataclass(frozen=True)
class LogFilter:
    """Which lines of a log are meant; empty conditions let every line through.

    Attributes:
        levels: Names of levels.
        streams: Values of `Log.Stream`.
        text: What the line contains; `|` separates alternatives.
        is_regex: Whether the text is a regular expression, in the dialect of the database.
        is_case_sensitive: Whether capitals matter.
    """

    levels: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    text: str = ""
    is_regex: bool = False
    is_case_sensitive: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether every line passes."""
        return not (self.levels or self.streams or self.text.strip())

    def check(self) -> None:
        """Refuse what no line can be held against.

        Raises:
            SearchRefused: The text is too long, has a NUL, or is no regular expression.
        """
        if len(self.text) > LONGEST_TEXT or "\0" in self.text:
            message = _("The text is too long, or has a NUL in it; up to %(count)d characters are searched for.")
            raise SearchRefused(message % {"count": LONGEST_TEXT})
        if self.is_regex:
            try:
                re.compile(self.text)
                regex.compile(self.text)
            except (re.error, regex.error, RecursionError, OverflowError) as exc:
                message = _("%(text)r is not a regular expression: %(error)s.")
                raise SearchRefused(message % {"text": self.text, "error": exc}) from exc

    def narrow(self, lines: QuerySet[Log]) -> QuerySet[Log]:
        """Keep the lines that are meant; the statement is to be run inside `time_limit()`."""
        if self.levels:
            lines = lines.filter(level__in=self.levels)
        if self.streams:
            lines = lines.filter(stream__in=self.streams)
        is_sqlite = connections[lines.db].vendor == "sqlite"
        if self.is_regex and self.text:
            return lines.filter(self._match(is_sqlite))
        needles = [needle for needle in self.text.split("|") if needle.strip()]
        return lines.filter(reduce(or_, (self._contain(needle, is_sqlite) for needle in needles), Q()))

    def _contain(self, needle: str, is_sqlite: bool) -> Q:
        if not self.is_case_sensitive:
            return Q(message__icontains=needle)
        # SQLite's LIKE does not tell capitals apart.
        return Q(GreaterThan(StrIndex("message", Value(needle)), 0)) if is_sqlite else Q(message__contains=needle)

    def _match(self, is_sqlite: bool) -> Q:
        if is_sqlite:
            case = Value(0 if self.is_case_sensitive else regex.IGNORECASE)
            return Q(Func("message", Value(self.text), case, function=SQLITE_FUNCTION, output_field=BooleanField()))
        return Q(message__regex=self.text) if self.is_case_sensitive else Q(message__iregex=self.text)


@dataclass(frozen=True)
class Found:
    """A page of results.

    Attributes:
        numbers: Of the lines that match, ascending.
        scanned_to: No line up to this number is left out; the next page begins after it.
        is_complete: Whether this was the last page.
    """

    numbers: list[int]
    scanned_to: int
    is_complete: bool


def search(report_id: int, wanted: LogFilter, *, after: int, last: int, limit: int) -> Found:
    """Find the numbers of the lines that match, for half a second or so.

    Args:
        report_id: Primary key of the `LaunchReport`.
        wanted: Checked.
        after: Lines with a higher number are looked at.
        last: Lines up to this number are looked at.
        limit: At most so many numbers.

    Raises:
        SearchRefused: The database refuses the expression, or takes too long with it.
    """
    lines = Log.objects.filter(launch_report=report_id).order_by("seq")
    numbers: list[int] = []
    step, began = FIRST_STEP, time.monotonic()
    while after < last and len(numbers) < limit:
        until = min(after + step, last)
        wanted_here = wanted.narrow(lines.filter(seq__gt=after, seq__lte=until)).values_list("seq", flat=True)
        with time_limit(lines.db):
            found = list(wanted_here[: limit - len(numbers)])
        numbers += found
        after = found[-1] if len(numbers) == limit else until
        step = min(step * 2, LARGEST_STEP)
        if time.monotonic() - began > PAGE_SECONDS:
            break
    return Found(numbers, after, is_complete=after >= last)


@contextmanager
def time_limit(using: str = DEFAULT_DB_ALIAS, seconds: float = STATEMENT_SECONDS) -> Iterator[None]:
    """Have the database give up a statement that takes too long.

    Raises:
        SearchRefused: It did, or it refused the statement.
    """
    vendor = connections[using].vendor
    limited = {"postgresql": _limited_on_postgresql, "mysql": _limited_on_mysql, "sqlite": _limited_on_sqlite}
    try:
        with limited.get(vendor, _unlimited)(using, seconds):
            yield
    except DatabaseError as exc:
        message = _("The database gives up the search, which is too hard or no expression of its: %(error)s")
        raise SearchRefused(message % {"error": str(exc).strip()}) from exc


@contextmanager
def _limited_on_postgresql(using: str, seconds: float) -> Iterator[None]:
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
        yield


@contextmanager
def _limited_on_mysql(using: str, seconds: float) -> Iterator[None]:
    connection: Any = connections[using]
    name, limit = (
        ("max_statement_time", seconds) if connection.mysql_is_mariadb else ("max_execution_time", seconds * 1000)
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION {name} = {limit:.0f}")
        try:
            yield
        finally:
            cursor.execute(f"SET SESSION {name} = DEFAULT")


@contextmanager
def _limited_on_sqlite(using: str, seconds: float) -> Iterator[None]:
    connection: Any = connections[using]
    connection.ensure_connection()
    deadline = time.monotonic() + seconds

    def match(text: str | None, pattern: str, flags: int) -> bool:
        # Between two instructions of SQLite, so its own look at the clock does not help here.
        left = max(deadline - time.monotonic(), 0.001)
        return text is not None and regex.search(pattern, text, flags, timeout=left, concurrent=True) is not None

    connection.connection.create_function(SQLITE_FUNCTION, 3, match)
    connection.connection.set_progress_handler(lambda: time.monotonic() > deadline, SQLITE_INSTRUCTIONS)
    try:
        yield
    finally:
        connection.connection.set_progress_handler(None, 0)


@contextmanager
def _unlimited(using: str, seconds: float) -> Iterator[None]:
    yield
