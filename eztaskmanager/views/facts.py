"""What is told about a run beside its log, in words and in numbers."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format, get_format, number_format
from django.utils.translation import get_language, gettext as _

from eztaskmanager.models import LaunchReport
from eztaskmanager.schedules.wall_clock import shown_in

ICONS = {
    "scheduled": "queued",
    "queued": "queued",
    "started": "started",
    "stopping": "warnings",
    "ok": "ok",
    "warnings": "warnings",
    "timeout": "warnings",
    "errors": "errors",
    "failed": "errors",
    "lost": "errors",
}
# In seconds; a longer one says nothing, and may be longer than a duration can be.
LONGEST_ESTIMATE = 1000 * 86_400


@dataclass(frozen=True)
class Fact:
    """One line of the side panel.

    Attributes:
        key: Under which the page keeps it up to date.
        label: For people.
        text: For people; empty when there is nothing to tell yet.
        is_code: Whether the text is to be shown letter by letter.
    """

    key: str
    label: str
    text: str
    is_code: bool = False


def tell_facts(report: LaunchReport) -> list[Fact]:
    """Tell who ran what, when, where, and how it ended."""
    task = report.task
    attempt = str(report.attempt) if report.attempt > 1 else ""
    return [
        Fact("command", _("Command"), report.command_name, is_code=True),
        Fact("arguments", _("Arguments"), report.shown_arguments, is_code=True),
        Fact("trigger", _("Launched by"), tell_origin(report)),
        Fact("attempt", _("Attempt"), attempt),
        Fact("planned", _("Planned for"), tell_moment(report.planned_at)),
        Fact("launched", _("Launched"), tell_moment(report.invocation_datetime)),
        Fact("started", _("Started"), tell_moment(report.started_at)),
        Fact("finished", _("Finished"), tell_moment(report.finished_at)),
        Fact("duration", _("Duration"), tell_duration(report.duration)),
        Fact("exit_code", _("Exit code"), "" if report.exit_code is None else str(report.exit_code)),
        Fact("stopped_by", _("Stopped by"), report.stopped_by),
        Fact("host", _("Host"), report.host, is_code=True),
        Fact("pid", _("Process"), "" if report.pid is None else str(report.pid)),
        Fact("cpu", _("CPU time"), tell_seconds(report.cpu_seconds)),
        Fact("memory", _("Peak memory"), "" if report.max_rss is None else filesizeformat(report.max_rss)),
        Fact("category", _("Category"), str(task.category or "")),
        Fact("note", _("Note"), task.note or ""),
    ]


def tell_origin(report: LaunchReport) -> str:
    """Say what made it run, and who."""
    trigger = str(report.get_trigger_display())
    if not report.launched_by_name:
        return trigger
    return _("%(user)s, %(trigger)s") % {"user": report.launched_by_name, "trigger": trigger}


def tell_moment(moment: dt.datetime | None) -> str:
    """Write a moment as the clocks of the active zone show it."""
    if moment is None:
        return ""
    local = shown_in(moment, timezone.get_current_timezone())
    return f"{_tell_date(local.date(), get_format('DATE_FORMAT'), get_language())} {local:%H:%M:%S}"


@lru_cache(maxsize=1_000)
def _tell_date(date: dt.date, form: str, language: str | None) -> str:
    # Pages have hundreds of moments, and few dates.
    return str(date_format(date, form))


def tell_seconds(seconds: float | None) -> str:
    """Write a number of seconds."""
    if seconds is None:
        return ""
    return _("%(seconds)s s") % {"seconds": number_format(seconds, 2 if seconds < 10 else 0)}


def tell_duration(duration: dt.timedelta | None) -> str:
    """Write a duration: 0.4 s, 12 s, 3 min 5 s, 2 h 30 min, 3 d 4 h."""
    if duration is None:
        return ""
    seconds = max(duration.total_seconds(), 0.0)
    if seconds < 10:
        return _("%(seconds)s s") % {"seconds": number_format(seconds, 1)}
    whole = int(seconds)
    if whole < 60:
        return _("%(seconds)s s") % {"seconds": whole}
    if whole < 3600:
        return _("%(minutes)d min %(seconds)d s") % {"minutes": whole // 60, "seconds": whole % 60}
    if whole < 86_400:
        return _("%(hours)d h %(minutes)d min") % {"hours": whole // 3600, "minutes": whole % 3600 // 60}
    return _("%(days)d d %(hours)d h") % {"days": whole // 86_400, "hours": whole % 86_400 // 3600}


def tell_progress(report: LaunchReport) -> dict[str, Any] | None:
    """Tell how far the command says it is; None if it says nothing."""
    current, total = report.progress_current, report.progress_total
    if current is None and not report.progress_text:
        return None
    percent = None
    if current is not None and total and math.isfinite(current) and math.isfinite(total):
        # Shares that no number can hold are all or nothing.
        percent = int(100 * max(0.0, min(1.0, current / total)))
    return {
        "current": current,
        "total": total,
        "percent": percent,
        "text": tell_count(report),
        "left": tell_left(report),
    }


def tell_left(report: LaunchReport) -> str:
    """Say how long it will take from here at the pace so far; empty where that cannot be known."""
    current, total, duration = report.progress_current, report.progress_total, report.duration
    if report.is_over or duration is None or not current or not total or not 0 < current < total < math.inf:
        return ""
    seconds = math.ceil(min(duration.total_seconds() * ((total - current) / current), LONGEST_ESTIMATE))
    if seconds <= 59:
        amount = _("%(seconds)s s") % {"seconds": seconds}
    elif seconds <= 59 * 60:
        amount = _("%(minutes)d min") % {"minutes": math.ceil(seconds / 60)}
    else:
        amount = tell_duration(dt.timedelta(seconds=seconds))
    return _("about %(duration)s left") % {"duration": amount}


def tell_count(report: LaunchReport) -> str:
    """Say the progress in words: 3 of 10, copying."""
    current, total = report.progress_current, report.progress_total
    if current is None:
        return report.progress_text
    words = _("%(current)s of %(total)s") if total else "%(current)s"
    count = words % {"current": _amount(current), "total": _amount(total or 0)}
    return f"{count}, {report.progress_text}" if report.progress_text else count


def tell_end(report: LaunchReport) -> str:
    """Name how it stands for a style sheet: queued, started, stopping, or the result."""
    if report.is_over:
        return report.invocation_result or "unknown"
    if report.stop_requested_at is not None:
        return "stopping"
    return report.state


def tell_icon(report: LaunchReport) -> str:
    """Name the icon of a run: the file of a tab's icon without its suffix."""
    return ICONS.get(tell_end(report), "stopped")


def tell_state(report: LaunchReport) -> str:
    """Say how it stands for people."""
    if not report.is_over and report.stop_requested_at is not None:
        return _("stopping")
    return report.describe()


def _amount(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    return str(number_format(value, 0 if value == int(value) else 1, force_grouping=True))
