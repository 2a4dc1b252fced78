"""The admin of categories, with their tasks."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, Field, Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from eztaskmanager.admin.color_field import ColorInput
from eztaskmanager.admin.swatches import category_label
from eztaskmanager.admin.task_inlines import TaskInline
from eztaskmanager.admin.typing import CategoryModelAdmin
from eztaskmanager.admin.ways import link_to_list, note_ways
from eztaskmanager.models import Task, TaskCategory

# Tasks of which a run waits or goes on.
BUSY = (Task.STATUS_SPOOLED, Task.STATUS_STARTED)


@admin.register(TaskCategory)
class TaskCategoryAdmin(CategoryModelAdmin):
    """Categories."""

    list_display = ("label", "n_tasks", "n_busy")
    search_fields = ("name",)
    fields = ("name", "color")
    inlines = (TaskInline,)

    class Media:
        css: ClassVar[Any] = {"all": ("eztaskmanager/css/admin.css", "eztaskmanager/css/overview.css")}

    def get_queryset(self, request: HttpRequest) -> QuerySet[TaskCategory]:
        """Count the tasks that the user may see in the same query."""
        seen = Q(task__in=Task.objects.visible_to(request.user))
        if request.user.is_superuser:
            seen = Q()
        counted = (
            super()
            .get_queryset(request)
            .annotate(
                task_count=Count("task", filter=seen),
                busy_count=Count("task", filter=seen & Q(task__status__in=BUSY)),
            )
        )
        return note_ways(counted, request.user, Task)

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Let the browser choose the colour."""
        if db_field.name == "color":
            kwargs["widget"] = ColorInput()
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=_("name"), ordering="name")
    def label(self, category: TaskCategory) -> SafeString:
        """Show its colour and name."""
        return category_label(category)

    @admin.display(description=_("tasks"), ordering="task_count")
    def n_tasks(self, category: TaskCategory) -> SafeString:
        """Link to its tasks."""
        return link_to_list(category, Task, str(getattr(category, "task_count", 0)), category=category.pk)

    @admin.display(description=_("queued or running"), ordering="busy_count")
    def n_busy(self, category: TaskCategory) -> int:
        """Count those that wait or run."""
        count: int = getattr(category, "busy_count", 0)
        return count
