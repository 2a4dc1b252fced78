"""What the columns of the task list show, for the page and for what it asks again and again."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from eztaskmanager.admin import display, offers
from eztaskmanager.admin.onlooker import launch_address, shown_of
from eztaskmanager.admin.strips import draw_strip, tell_verdict
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.views.facts import tell_duration, tell_end, tell_origin, tell_state

# Drawn on a grid of sixteen.
ICONS = {
    "start": "M4 2.5v11l9.5-5.5z",
    "run": "M4 2.5v11l9.5-5.5z",
    "resume": "M3 2.5h2.5v11H3zM7.5 2.5v11L15 8z",
    "pause": "M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z",
    "stop": "M3 3h10v10H3z",
    "with": "M2 6.5h3v3H2zM6.5 6.5h3v3h-3zM11 6.5h3v3h-3z",
}


def cell(name: str, task: Task) -> SafeString:
    """Show one cell, under a name by which the page keeps it up to date."""
    return format_html(
        '<div class="ez-cell" data-ez-cell="{}" data-ez-task="{}">{}</div>', name, task.pk, LIVE[name](task)
    )


def tell_cells(task: Task) -> dict[str, SafeString]:
    """Tell all that changes by itself in the row of a task."""
    return {name: make(task) for name, make in LIVE.items()}


def name(task: Task) -> SafeString:
    """Show the category's colour, the name, with the note on hover, and below it the command line."""
    return format_html(
        '<span class="ez-task" data-ez-group="{}" data-ez-group-name="{}" data-ez-group-color="{}">'
        '<span class="ez-name" title="{}">{}{}</span>{}</span>',
        task.category_id or "",
        "" if task.category is None else task.category.name,
        "" if task.category is None else task.category.color,
        task.note or "",
        _category_mark(task),
        task.name,
        invocation(task),
    )


def invocation(task: Task) -> SafeString:
    """Show the command line."""
    return format_html(
        '<code class="ez-invocation" title="{}">{} <span class="ez-arguments">{}</span></code>',
        f"{task.command} {task.shown_arguments}",
        task.command.name,
        task.shown_arguments,
    )


def state(task: Task) -> SafeString:
    """Show what it is about; of each run that goes on since when, how far it is, and whether that is unusual."""
    shown = shown_of(task)
    runs = format_html_join(
        "", '<div class="ez-run">{}</div>', ((_going_on(run, task),) for run in shown.recent.running)
    )
    if shown.recent.running:
        return runs
    waiting = next((run for run in reversed(shown.recent.runs) if run.state == LaunchReport.State.QUEUED), None)
    status = display.task_status(task)
    return status if waiting is None else display.link(shown.onlooker.address_of(waiting.pk), status)


def last(task: Task) -> SafeString:
    """Show how the last run ended, with a link to it; how long it took, when that was, and who launched it."""
    shown = shown_of(task)
    run = shown.recent.last
    if run is None:
        maker = _("made by %(user)s") % {"user": task.created_by.get_username()} if task.created_by else ""
        return format_html('<span class="ez-quiet">{}</span> {}', _("never run"), _second(maker))
    result = format_html(
        "{} {}",
        display.badge(tell_end(run), tell_state(run)),
        display.result_counts(run.n_log_errors, run.n_log_warnings),
    )
    verdict = shown.recent.judge(run)
    duration = format_html(
        '<span class="ez-duration{}"{}>{}</span>',
        " ez-unusual" if verdict else "",
        format_html(' title="{}"', tell_verdict(verdict)) if verdict else "",
        tell_duration(run.duration),
    )
    return format_html(
        '{} {}<div class="ez-second">{}</div>{}',
        display.link(shown.onlooker.address_of(run.pk), result),
        duration,
        display.relative(run.started_at or run.invocation_datetime),
        _second(tell_origin(run)),
    )


def strip(task: Task) -> SafeString:
    """Draw the last runs."""
    shown = shown_of(task)
    return draw_strip(shown.recent, shown.onlooker)


def upcoming(task: Task) -> SafeString:
    """Show when it runs next, in how much time, and how often; or why it does not."""
    described = display.describe_schedule(task)
    words = _second(described)
    if task.schedule_error:
        return format_html('<span class="ez-schedule-error">{}</span>', task.schedule_error)
    if task.is_paused and task.has_schedule:
        return format_html("{} {}", display.badge("paused", _("paused")), words)
    ride = task.cached_next_ride
    if ride is None:
        return format_html('<span class="ez-quiet">{}</span> {}', display.NOTHING, words)
    return format_html(
        '<div class="ez-ride">{} {}</div><div class="ez-second">{}</div>{}',
        display.relative(ride),
        display.overdue(task),
        # The words may name the zone.
        display.moment_in_zone(ride, task.zone_name, with_name=task.zone_name not in described),
        words,
    )


def buttons(task: Task) -> SafeString:
    """Show what the onlooker may do with it now, as buttons of a form that stands elsewhere on the page."""
    onlooker = shown_of(task).onlooker
    is_busy = task.status in (Task.STATUS_STARTED, Task.STATUS_SPOOLED)
    found = offers.tell_offers(task, may_launch=onlooker.may_launch, may_stop=onlooker.may_stop, is_busy=is_busy)
    parts = [
        format_html(
            '<button type="submit" form="ez-row-form" formaction="{}" class="ez-row-button ez-do-{}" title="{}"'
            ' aria-label="{}">{}</button>',
            reverse("admin:eztaskmanager_task_do", args=[task.pk, offer.key]),
            offer.key,
            offer.label,
            _("%(what)s: %(task)s") % {"what": offer.label, "task": task.name},
            _icon("resume" if offer.key == "start" and task.has_schedule else offer.key),
        )
        for offer in found
    ]
    obstacle = offers.tell_obstacle(task) if onlooker.may_launch else ""
    if obstacle:
        parts.append(format_html('<span class="ez-second" title="{}">{}</span>', obstacle, _("command inactive")))
    address = launch_address(task) if onlooker.may_launch and task.command.active else ""
    if address:
        what = _("Launch with other arguments…")
        label = _("%(what)s: %(task)s") % {"what": what, "task": task.name}
        text = '<a class="ez-row-button ez-do-with" href="{}" title="{}" aria-label="{}">{}</a>'
        parts.append(format_html(text, address, what, label, _icon("with")))
    return format_html_join("", "{}", ((part,) for part in parts))


LIVE = {"state": state, "last": last, "strip": strip, "upcoming": upcoming, "buttons": buttons}


def _going_on(run: LaunchReport, task: Task) -> SafeString:
    shown = shown_of(task)
    badge = display.link(shown.onlooker.address_of(run.pk), display.report_state(run))
    verdict = tell_verdict(shown.recent.judge(run))
    warning = format_html('<div class="ez-unusual">{}</div>', verdict) if verdict else ""
    return format_html("{} {}{}{}", badge, display.ticking(run), warning, display.progress_bar(run))


def _second(text: str) -> SafeString:
    return format_html('<div class="ez-second">{}</div>', text) if text else SafeString("")


def _category_mark(task: Task) -> SafeString:
    if task.category is None:
        return SafeString("")
    return format_html(
        '<svg class="ez-category-mark" role="img" aria-label="{}" width="10" height="10" viewBox="0 0 10 10">'
        '<title>{}</title><rect width="10" height="10" rx="3" fill="{}"/></svg>',
        task.category.name,
        task.category.name,
        task.category.color or "currentColor",
    )


def _icon(key: str) -> SafeString:
    return format_html(
        '<svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true"><path fill="currentColor" d="{}"/></svg>',
        ICONS[key],
    )
