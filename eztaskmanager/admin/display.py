"""Pieces of the admin's lists and forms, as safe HTML."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, get_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import get_language, gettext as _, ngettext

from eztaskmanager.exceptions import ScheduleError
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.schedules import Schedule
from eztaskmanager.schedules.wall_clock import load_zone, shown_in
from eztaskmanager.services.overview.attention import OVERDUE
from eztaskmanager.settings import app_settings
from eztaskmanager.views.facts import tell_count, tell_duration, tell_end, tell_moment, tell_progress, tell_state

NOTHING = SafeString("–")
STATUS_LOOKS = {
    Task.STATUS_IDLE: "idle",
    Task.STATUS_SPOOLED: "queued",
    Task.STATUS_SCHEDULED: "scheduled",
    Task.STATUS_STARTED: "started",
}


def badge(look: str, text: str) -> SafeString:
    """Show a state or a result; its look never stands without its word."""
    return format_html('<span class="ez-badge ez-is-{}">{}</span>', look, text)


def bar(percent: int | None, text: str) -> SafeString:
    """Show a progress; one without an end has no value."""
    if percent is None:
        return format_html(
            '<span class="ez-progress"><progress max="100" aria-label="{}"></progress> {}</span>', text, text
        )
    return format_html(
        '<span class="ez-progress"><progress max="100" value="{}" aria-label="{}"></progress> {} % · {}</span>',
        percent,
        text,
        percent,
        text,
    )


def progress_bar(report: LaunchReport) -> SafeString:
    """Show how far a run says it is; empty if it says nothing."""
    progress = tell_progress(report)
    return SafeString("") if progress is None else bar(progress["percent"], tell_count(report))


def task_status(task: Task) -> SafeString:
    """Show what a task is about."""
    if task.status == Task.STATUS_IDLE and task.is_paused and task.has_schedule:
        return badge("paused", _("paused"))
    return badge(STATUS_LOOKS.get(task.status, "idle"), task.get_status_display())


def report_state(report: LaunchReport) -> SafeString:
    """Show where a run stands or how it ended."""
    return badge(tell_end(report), tell_state(report))


def result_counts(n_errors: int | None, n_warnings: int | None) -> SafeString:
    """Show how many errors and warnings were logged, if any."""
    parts = []
    if n_errors:
        parts.append(("ez-n-errors", ngettext("%(count)d error", "%(count)d errors", n_errors) % {"count": n_errors}))
    if n_warnings:
        words = ngettext("%(count)d warning", "%(count)d warnings", n_warnings) % {"count": n_warnings}
        parts.append(("ez-n-warnings", words))
    return format_html_join(" ", '<span class="{}">{}</span>', parts)


def log_link(report_id: int | None, text: str | SafeString) -> SafeString:
    """Link a text to the log, where the project wants such links and there is one."""
    if report_id is None or not app_settings.SHOW_LOGVIEWER_LINK:
        return format_html("{}", text)
    return format_html('<a class="ez-log-link" href="{}">{}</a>', log_address(report_id), text)


def link(address: str, text: SafeString) -> SafeString:
    """Link a badge, where there is somewhere to go."""
    return format_html('<a class="ez-log-link" href="{}">{}</a>', address, text) if address else text


def log_address(report_id: int) -> str:
    """Tell where the live log is."""
    return reverse("eztaskmanager:live_log_viewer", args=[report_id])


def moment(value: dt.datetime | None) -> str:
    """Write a moment by the clocks of the active zone."""
    return tell_moment(value) or NOTHING


def moment_in_zone(value: dt.datetime | None, zone_name: str, *, with_name: bool = True) -> SafeString:
    """Write a moment by the clocks of a zone, and name the zone."""
    if value is None:
        return NOTHING
    try:
        zone = load_zone(zone_name)
    except ScheduleError:
        zone, zone_name = timezone.get_default_timezone(), timezone.get_default_timezone_name()
    local = shown_in(value, zone)
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    return format_html(
        '<time datetime="{}">{}</time>{}',
        value.isoformat(),
        f"{date_format(local, 'DATE_FORMAT')} {clock}",
        format_html(' <span class="ez-zone-name">{}</span>', zone_name) if with_name else "",
    )


def next_ride(task: Task) -> SafeString:
    """Show when a task runs next, and when that is over and nobody has run it."""
    return format_html("{} {}", moment_in_zone(task.cached_next_ride, task.zone_name), overdue(task))


def overdue(task: Task) -> SafeString:
    """Say that the next ride is over and nobody has run it; empty if that is not so."""
    if task.cached_next_ride is None or timezone.now() - task.cached_next_ride < OVERDUE:
        return SafeString("")
    return format_html('<span class="ez-overdue">{}</span>', _("overdue: is a scheduler running?"))


def relative(value: dt.datetime) -> SafeString:
    """Show how far a moment is from now; the page keeps that true (`alive.js`), and shows the moment on hover."""
    now = timezone.now()
    if value >= now:
        text = _("in %(time)s") % {"time": timesince(now, value, depth=1)}
    else:
        text = _("%(time)s ago") % {"time": timesince(value, now, depth=1)}
    return format_html(
        '<time class="ez-alive ez-relative" datetime="{}" title="{}">{}</time>',
        value.isoformat(timespec="seconds"),
        tell_moment(value),
        text,
    )


def ticking(report: LaunchReport) -> SafeString:
    """Show for how long a run has been going; the page counts on."""
    if report.started_at is None:
        return SafeString("")
    return format_html(
        '<time class="ez-alive ez-ticking" datetime="{}" title="{}">{}</time>',
        report.started_at.isoformat(timespec="seconds"),
        tell_moment(report.started_at),
        tell_duration(report.duration),
    )


def describe_schedule(task: Task) -> str:
    """Say the schedule in words; empty if there is none, or none that can be followed."""
    try:
        return _describe(task.schedule, get_language(), get_format("DATE_FORMAT"))
    except (ScheduleError, ValueError):
        return ""


@lru_cache(maxsize=1_000)
def _describe(schedule: Schedule, language: str | None, form: str) -> str:
    # The words for a cron expression cost more than the rest of a row, and a live page asks for them again and again.
    return schedule.describe()


def pre(text: str) -> SafeString:
    """Show a text letter by letter."""
    return format_html('<pre class="ez-pre">{}</pre>', text)
