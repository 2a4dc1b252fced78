"""Windows onto a log: some of its lines, by number, level and text."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from eztaskmanager.models import LaunchReport, Log
from eztaskmanager.services.log_search import LogFilter, time_limit
from eztaskmanager.views.access import BadParameter

LINES_PER_ANSWER = 1_000
CHARACTERS_PER_ANSWER = 2_000_000
LARGEST_NUMBER = 2**63 - 1

LEVELS: dict[str, tuple[str, ...]] = {
    "all": (),
    "debug": ("DEBUG",),
    "info": ("INFO",),
    "warning": ("WARNING",),
    "error": ("ERROR", "CRITICAL"),
}
STREAMS: dict[str, tuple[str, ...]] = {
    "all": (),
    "log": ("log",),
    "stdout": ("stdout",),
    "stderr": ("stderr",),
    "output": ("stdout", "stderr"),
    "group": ("group", "end"),
}


@dataclass(frozen=True)
class Query:
    """Which lines are asked for.

    Attributes:
        offset: Only lines with a higher number.
        before: Only lines with a lower number, the last of them.
        wanted: By level, stream and text.
        limit: At most so many lines; 0 for none, only how the run stands.
        numbers: Only these lines.
    """

    offset: int = 0
    before: int | None = None
    wanted: LogFilter = LogFilter()
    limit: int = LINES_PER_ANSWER
    numbers: tuple[int, ...] = ()

    @classmethod
    def from_parameters(cls, parameters: QueryDict) -> Query:
        """Read the query of an address.

        Raises:
            BadParameter: Which parameter is wrong, and what is allowed.
            SearchRefused: What is searched for is too long, or no regular expression.
        """
        limit = read_number(parameters, "limit")
        return cls(
            offset=read_number(parameters, "offset") or 0,
            before=read_number(parameters, "before"),
            wanted=read_filter(parameters),
            limit=LINES_PER_ANSWER if limit is None else min(limit, LINES_PER_ANSWER),
            numbers=read_numbers(parameters, "lines"),
        )


def read_filter(parameters: QueryDict, level_name: str = "level") -> LogFilter:
    """Read which lines are wanted: level, stream, q, and of q whether case and regex are 1.

    Raises:
        BadParameter: Which parameter is wrong, and what is allowed.
        SearchRefused: What is searched for is too long, or no regular expression.
    """
    wanted = LogFilter(
        levels=LEVELS[read_choice(parameters, level_name, LEVELS)],
        streams=STREAMS[read_choice(parameters, "stream", STREAMS)],
        text=parameters.get("q", ""),
        is_regex=bool(read_number(parameters, "regex")),
        is_case_sensitive=bool(read_number(parameters, "case")),
    )
    wanted.check()
    return wanted


def read_number(parameters: QueryDict, name: str) -> int | None:
    """Read a whole number from 0 on; None where it is not given.

    Raises:
        BadParameter: It is something else.
    """
    text = parameters.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_NUMBER):
        message = _("%(name)s is %(value)r; it must be a whole number from 0 on.")
        raise BadParameter(message % {"name": name, "value": text[:50]})
    return int(text)


def read_numbers(parameters: QueryDict, name: str) -> tuple[int, ...]:
    """Read whole numbers with commas between them; none where none are given.

    Raises:
        BadParameter: They are something else, or too many.
    """
    texts = [text for text in parameters.get(name, "").split(",") if text]
    if len(texts) > LINES_PER_ANSWER or not all(t.isascii() and t.isdigit() and len(t) < 16 for t in texts):
        message = _("%(name)s may be up to %(count)d whole numbers with commas between them.")
        raise BadParameter(message % {"name": name, "count": LINES_PER_ANSWER})
    return tuple(int(text) for text in texts)


def read_choice(parameters: QueryDict, name: str, choices: Collection[str]) -> str:
    """Read one of the names that are allowed; the first where it is not given.

    Raises:
        BadParameter: It is something else.
    """
    choice = parameters.get(name, "") or next(iter(choices))
    if choice not in choices:
        message = _("%(name)s is %(value)r; it may be one of %(allowed)s.")
        raise BadParameter(message % {"name": name, "value": choice[:50], "allowed": ", ".join(choices)})
    return choice


def read_window(report: LaunchReport, query: Query) -> list[Log]:
    """Read the lines asked for, oldest first, as many as fit in an answer and always one.

    Raises:
        SearchRefused: The database refuses the expression, or takes too long with it.
    """
    if not query.limit:
        return []
    lines = query.wanted.narrow(Log.objects.filter(launch_report=report.pk, seq__gt=query.offset))
    if query.numbers:
        lines = lines.filter(seq__in=query.numbers)
    elif query.wanted.is_empty:
        near = list(_within_budget(_near(lines, query)))
        # Further away there are lines only behind a gap, where a long log was cut.
        if near or (query.before is None and query.offset + query.limit >= report.n_log_lines):
            return near if query.before is None else near[::-1]
    with _limit_for(query.wanted, lines.db):
        if query.before is None:
            return list(_within_budget(lines.order_by("seq")[: query.limit]))
        backwards = lines.filter(seq__lt=query.before).order_by("-seq")[: query.limit]
        return list(_within_budget(backwards))[::-1]


def _near(lines: QuerySet[Log], query: Query) -> QuerySet[Log]:
    """Bound the numbers on both sides; without that MariaDB walks to an offset from the first line of the log."""
    if query.before is None:
        return lines.filter(seq__lte=query.offset + query.limit).order_by("seq")
    return lines.filter(seq__lt=query.before, seq__gte=query.before - query.limit).order_by("-seq")


def _limit_for(wanted: LogFilter, using: str) -> AbstractContextManager[None]:
    # Lines by their numbers are always quick, and most polls are for those.
    return nullcontext() if wanted.is_empty else time_limit(using)


def _within_budget(lines: QuerySet[Log]) -> Iterator[Log]:
    spent = 0
    for line in lines.iterator(chunk_size=100):
        if spent and spent + len(line.message) > CHARACTERS_PER_ANSWER:
            return
        spent += len(line.message)
        yield line


def read_all(report: LaunchReport, wanted: LogFilter) -> Iterator[Log]:
    """Read every line that is wanted, a window in memory at a time.

    Raises:
        SearchRefused: The database refuses the expression, or takes too long with it.
    """
    lines = wanted.narrow(Log.objects.filter(launch_report=report.pk)).order_by("seq")
    last = 0
    while True:
        with _limit_for(wanted, lines.db):
            window = list(_within_budget(lines.filter(seq__gt=last)[:LINES_PER_ANSWER]))
        if not window:
            return
        yield from window
        last = window[-1].seq


def count_levels(report: LaunchReport) -> dict[str, int]:
    """Tell how many lines of each level were logged."""
    others = report.n_log_debugs + report.n_log_warnings + report.n_log_errors
    return {
        "debug": report.n_log_debugs,
        "info": report.n_log_lines - others,
        "warning": report.n_log_warnings,
        "error": report.n_log_errors,
    }
