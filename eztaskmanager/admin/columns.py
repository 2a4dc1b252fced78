"""The columns of the task list, and the fields of a task's page that are only read."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy

from eztaskmanager.admin import cells, display
from eztaskmanager.admin.onlooker import shown_of
from eztaskmanager.admin.typing import TaskModelAdmin
from eztaskmanager.admin.ways import link_to
from eztaskmanager.arguments.secrets import MASK
from eztaskmanager.models import Task

# What only those see whole who may change it → what stands there for the others.
MASKED = {"arguments": "masked_arguments", "ping_url": "masked_ping_url"}


# Links that Django makes without asking who may follow them → ours.
LINKS = {"command": "command_link", "category": "category_link"}


def for_readers(fieldsets: Any) -> Any:
    """Give fieldsets that show no secrets, and link to no page that the reader may not open."""
    stand_ins = {**MASKED, **LINKS}
    return [
        (title, {**options, "fields": [stand_ins.get(name, name) for name in options["fields"]]})
        for title, options in fieldsets
    ]


class TaskColumns(TaskModelAdmin):
    """Shows tasks; see `cells` for what is in which."""

    @admin.display(description=gettext_lazy("task"), ordering="name")
    def task_column(self, task: Task) -> SafeString:
        """Show what it is."""
        return cells.name(task)

    @admin.display(description=gettext_lazy("state"), ordering="status")
    def state_column(self, task: Task) -> SafeString:
        """Show what it is about."""
        return cells.cell("state", task)

    @admin.display(description=gettext_lazy("last run"), ordering="cached_last_invocation_datetime")
    def last_column(self, task: Task) -> SafeString:
        """Show how the last run ended."""
        return cells.cell("last", task)

    @admin.display(description=gettext_lazy("last 20 runs"))
    def strip_column(self, task: Task) -> SafeString:
        """Show how the ones before it went."""
        return cells.cell("strip", task)

    @admin.display(description=gettext_lazy("next run"), ordering="cached_next_ride")
    def next_column(self, task: Task) -> SafeString:
        """Show when it runs next, and how often."""
        return cells.cell("upcoming", task)

    @admin.display(description=gettext_lazy("actions"))
    def buttons_column(self, task: Task) -> SafeString:
        """Show what may be done with it."""
        return cells.cell("buttons", task)

    @admin.display(description=gettext_lazy("arguments"))
    def masked_arguments(self, task: Task) -> SafeString:
        """Show the arguments to those who may only read them."""
        return display.pre(task.shown_arguments) if task.arguments else format_html("{}", display.NOTHING)

    @admin.display(description=gettext_lazy("ping address"))
    def masked_ping_url(self, task: Task) -> str:
        """Show the host of the address, whose path is all that is needed to report a run that never was."""
        if not task.ping_url:
            return display.NOTHING
        parts = urlsplit(task.ping_url)
        return f"{parts.scheme}://{parts.hostname}/{MASK}"

    @admin.display(description=gettext_lazy("command"))
    def command_link(self, task: Task) -> SafeString:
        """Show what it runs."""
        return link_to(task, task.command, str(task.command))

    @admin.display(description=gettext_lazy("category"))
    def category_link(self, task: Task) -> SafeString:
        """Show its category."""
        category = task.category
        return link_to(task, category, category.name) if category else format_html("{}", display.NOTHING)

    @admin.display(description=gettext_lazy("status"))
    def state(self, task: Task) -> SafeString:
        """Show what it is about."""
        return display.task_status(task)

    @admin.display(description=gettext_lazy("last result"))
    def last_result(self, task: Task) -> SafeString:
        """Show how the last run ended, or that it goes on, with a link to it."""
        shown = shown_of(task)
        result = task.cached_last_invocation_result
        if result is None:
            return display.NOTHING
        if not result:
            return display.badge("started", _("running"))
        counts = display.result_counts(task.cached_last_invocation_n_errors, task.cached_last_invocation_n_warnings)
        text = format_html("{} {}", display.badge(result, task.get_cached_last_invocation_result_display()), counts)
        return display.link(shown.onlooker.address_of(shown.recent.last.pk if shown.recent.last else None), text)

    @admin.display(description=gettext_lazy("last time"))
    def last_time(self, task: Task) -> SafeString:
        """Show when it last ran."""
        return display.moment_in_zone(task.cached_last_invocation_datetime, task.zone_name)

    @admin.display(description=gettext_lazy("next run"))
    def next_ride(self, task: Task) -> SafeString:
        """Show when it runs next, or why it does not."""
        if task.schedule_error:
            return format_html('<span class="ez-schedule-error">{}</span>', task.schedule_error)
        if task.is_paused and task.has_schedule:
            return display.badge("paused", _("paused"))
        return display.next_ride(task)
