"""The tasks of a category or of a command, on its page: to be read and gone to."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from eztaskmanager.admin import display
from eztaskmanager.admin.reading import ReadOnlyFormSet, ReadOnlyInline
from eztaskmanager.admin.swatches import category_label
from eztaskmanager.models import Task

MOST_SHOWN = 50


class FirstTasks(ReadOnlyFormSet):
    """The first tasks by name, and how many there are.

    Attributes:
        n_tasks: All that the user may see.
    """

    n_tasks = 0

    def get_queryset(self) -> Any:
        """Keep the first."""
        if not hasattr(self, "_first"):
            tasks: QuerySet[Task] = super().get_queryset()
            self._first = tasks[:MOST_SHOWN] if self.instance.pk else tasks.none()
            self.n_tasks = len(self._first)
            if self.n_tasks == MOST_SHOWN:
                self.n_tasks = tasks.order_by().count()
        return self._first

    @property
    def n_hidden(self) -> int:
        """How many are not shown."""
        return self.n_tasks - len(self.get_queryset())

    @property
    def all_address(self) -> str:
        """Where all of them are listed."""
        # As the filters of that list name their parameters.
        return f"{reverse('admin:eztaskmanager_task_changelist')}?{self.fk.name}={self.instance.pk}"


class TaskInline(ReadOnlyInline):
    """Tasks as rows of a table that only shows."""

    model = Task
    formset = FirstTasks
    template = "eztaskmanager/admin/tasks_inline.html"
    fields: ClassVar[Any] = ("link", "state", "last", "next_ride")
    readonly_fields: ClassVar[Any] = ("link", "state", "last", "next_ride", "category_name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        """Keep what the user may see."""
        visible = super().get_queryset(request).visible_to(request.user)  # type: ignore[attr-defined]
        return visible.select_related("command", "category").order_by("name", "pk")  # type: ignore[no-any-return]

    @admin.display(description=_("task"))
    def link(self, task: Task) -> SafeString:
        """Link to the task."""
        return format_html('<a href="{}">{}</a>', reverse("admin:eztaskmanager_task_change", args=[task.pk]), task.name)

    @admin.display(description=_("status"))
    def state(self, task: Task) -> SafeString:
        """Show what it is about."""
        return display.task_status(task)

    @admin.display(description=_("last result"))
    def last(self, task: Task) -> SafeString:
        """Show how it ended the last time."""
        result = task.cached_last_invocation_result
        if not result:
            return display.NOTHING
        return display.badge(result, task.get_cached_last_invocation_result_display())

    @admin.display(description=_("next run"))
    def next_ride(self, task: Task) -> SafeString:
        """Show when it runs next, whether that is over, or why it does not run."""
        if task.schedule_error:
            return format_html('<span class="ez-schedule-error">{}</span>', task.schedule_error)
        return display.next_ride(task)

    @admin.display(description=_("category"))
    def category_name(self, task: Task) -> SafeString:
        """Show where it belongs."""
        return category_label(task.category) or display.NOTHING
