"""What the live viewer asks for again and again."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.utils.translation import get_language

from eztaskmanager.models import LaunchReport, Log
from eztaskmanager.services.log_search import search
from eztaskmanager.views.access import ReportView
from eztaskmanager.views.facts import tell_end, tell_facts, tell_icon, tell_progress, tell_state
from eztaskmanager.views.reading import Query, count_levels, read_filter, read_number, read_window

NUMBERS_PER_ANSWER = 10_000
RUNNING, WAITING, LOST = 700, 1_500, 15_000


class AjaxReadLogLines(ReportView):
    """Lines past an offset, at most a thousand of them, and how the run stands; 304 while there is nothing new.

    Parameters:
        offset: Lines with a higher number are told.
        before: Only lines with a lower number, the last of them.
        level: all, debug, info, warning or error.
        stream: all, log, stdout, stderr, output or group: starts and ends of groups.
        q: Text to be in the line; `|` is or.
        case: 1 if capitals matter.
        regex: 1 if `q` is a regular expression.
        limit: Fewer lines than a thousand; 0 for none.
        lines: Only the lines with these numbers, with commas between them.
        rows: 1 for lines as objects, else they are strings.

    Answer:
        new_log_lines: The lines: "timestamp - level - message", or objects of `n`, `at` (milliseconds since 1970),
            `level`, `stream` and `text`.
        task_status: idle, spooled, scheduled or started.
        log_size: Number of the last line.
        next_offset: From where to read on.
        counts: Lines of each level: debug, info, warning and error.
        state: queued, started or finished.
        result: How it ended; empty before.
        is_over: Whether it has ended.
        look, icon, label: Its state for a style sheet, as the address of an icon, and in words.
        error: What went wrong.
        seconds: How long it ran, or has been running; null before its start.
        started: Milliseconds since 1970; null before its start.
        progress: `current`, `total`, `percent`, `text` and `left`; null when the command tells none.
        facts: What the side panel shows, by name.
        next_poll: Milliseconds after which to ask again; null for never.
    """

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer one poll."""
        report = self.report
        query = Query.from_parameters(request.GET)
        tag = _tag(request, report)
        if request.headers.get("If-None-Match") == tag:
            return HttpResponse(status=304, headers={"ETag": tag})
        lines = read_window(report, query)
        as_rows = bool(read_number(request.GET, "rows"))
        size = max(report.n_log_lines, lines[-1].seq if lines else 0)
        answer = {
            "new_log_lines": [_row(line) if as_rows else str(line) for line in lines],
            "task_status": report.task.status,
            "log_size": size,
            "next_offset": _next_offset(query, lines, size),
            "counts": count_levels(report),
            **tell_run(report),
        }
        return JsonResponse(answer, headers={"ETag": tag})


class FindLogLines(ReportView):
    """The numbers of the lines that match, a page at a time.

    Parameters:
        level, stream, q, case, regex: As for `AjaxReadLogLines`.
        after: Only lines with a higher number.
        limit: At most so many numbers, up to ten thousand.

    Answer:
        numbers: Of the lines that match, ascending.
        scanned_to: No line up to this number is left out; ask on with it as `after`.
        is_complete: Whether that was all.
    """

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, pk: int) -> JsonResponse:
        """Answer with numbers, and from where to ask on unless that was all."""
        limit = read_number(request.GET, "limit")
        found = search(
            self.report.pk,
            read_filter(request.GET),
            after=read_number(request.GET, "after") or 0,
            last=self.report.n_log_lines,
            limit=NUMBERS_PER_ANSWER if limit is None else max(1, min(limit, NUMBERS_PER_ANSWER)),
        )
        return JsonResponse(asdict(found))


def _tag(request: HttpRequest, report: LaunchReport) -> str:
    """Make a tag that changes with all that a poll tells, but for how long the run has been running."""
    told = (
        request.get_full_path(),
        get_language(),
        report.pk,
        report.n_log_lines,
        report.task.status,
        report.state,
        report.invocation_result,
        report.stop_requested_at,
        report.started_at,
        report.pid,
        report.progress_current,
        report.progress_total,
        report.progress_text,
        report.task.name,
    )
    return f'"{hashlib.sha256(repr(told).encode()).hexdigest()[:32]}"'


def tell_run(report: LaunchReport) -> dict[str, Any]:
    """Tell how the run stands, as the page shows it."""
    duration = report.duration
    return {
        "state": report.state,
        "result": report.invocation_result,
        "is_over": report.is_over,
        "look": tell_end(report),
        "icon": static(f"eztaskmanager/img/run-{tell_icon(report)}.svg"),
        "label": tell_state(report),
        "error": report.error,
        "seconds": None if duration is None else duration.total_seconds(),
        "started": None if report.started_at is None else int(report.started_at.timestamp() * 1000),
        "progress": tell_progress(report),
        "facts": {fact.key: fact.text for fact in tell_facts(report)},
        "next_poll": _next_poll(report),
    }


def _next_offset(query: Query, lines: list[Log], size: int) -> int:
    """Tell from where to read on; a window with lines ends at its last one, an empty one has looked at all there is."""
    if query.before is not None or not query.limit:
        return query.offset
    return lines[-1].seq if lines else size


def _next_poll(report: LaunchReport) -> int | None:
    """Tell after how many milliseconds there may be news; None for never."""
    if report.state == LaunchReport.State.STARTED:
        return RUNNING
    if report.state == LaunchReport.State.QUEUED:
        return WAITING
    # A run taken for lost may come back.
    return LOST if report.invocation_result == LaunchReport.RESULT_LOST else None


def _row(line: Log) -> dict[str, Any]:
    return {
        "n": line.seq,
        "at": int(line.timestamp.timestamp() * 1000),
        "level": line.level,
        "stream": line.stream,
        "text": line.message,
    }
