"""The admin of categories, with their tasks."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from eztaskmanager.admin import display
from eztaskmanager.admin.reading import ReadOnlyFormSet
from eztaskmanager.admin.typing import CategoryModelAdmin, TaskInline as BaseTaskInline
from eztaskmanager.models import Task, TaskCategory


class TaskInline(BaseTaskInline):
    """The tasks of a category, to be read and gone to."""

    model = Task
    formset = ReadOnlyFormSet
    extra = 0
    max_num = 0
    can_delete = False
    template = "eztaskmanager/admin/tasks_of_category.html"
    fields = ("link", "state", "next_ride")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        """Keep what the user may see."""
        visible = super().get_queryset(request).visible_to(request.user)  # type: ignore[attr-defined]
        return visible.select_related("command").order_by("name")  # type: ignore[no-any-return]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tasks are made on their own page."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tasks are edited on their own page."""
        return False

    @admin.display(description=_("task"))
    def link(self, task: Task) -> SafeString:
        """Link to the task."""
        return format_html('<a href="{}">{}</a>', reverse("admin:eztaskmanager_task_change", args=[task.pk]), task.name)

    @admin.display(description=_("status"))
    def state(self, task: Task) -> SafeString:
        """Show what it is about."""
        return display.task_status(task)

    @admin.display(description=_("next run"))
    def next_ride(self, task: Task) -> SafeString:
        """Show when it runs next."""
        return display.moment_in_zone(task.cached_next_ride, task.zone_name)


@admin.register(TaskCategory)
class TaskCategoryAdmin(CategoryModelAdmin):
    """Categories."""

    list_display = ("name", "n_tasks")
    search_fields = ("name",)
    inlines = (TaskInline,)

    class Media:
        css: ClassVar[Any] = {"all": ("eztaskmanager/css/admin.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[TaskCategory]:
        """Count the tasks in the same query."""
        return super().get_queryset(request).annotate(task_count=Count("task"))

    @admin.display(description=_("tasks"), ordering="task_count")
    def n_tasks(self, category: TaskCategory) -> SafeString:
        """Link to its tasks."""
        count: int = getattr(category, "task_count", 0)
        address = f"{reverse('admin:eztaskmanager_task_changelist')}?category={category.pk}"
        return format_html('<a href="{}">{}</a>', address, count)
