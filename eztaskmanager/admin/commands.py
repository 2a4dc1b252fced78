"""The admin of commands: which are active, and for whom."""

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
from eztaskmanager.admin.deletion import Deletion, stop_tasks, summarize
from eztaskmanager.admin.typing import CommandModelAdmin
from eztaskmanager.models import AppCommand, Task


@admin.register(AppCommand)
class AppCommandAdmin(CommandModelAdmin):
    """Commands, as `collectcommands` found them."""

    list_display = ("name", "app_name", "active", "groups", "n_tasks")
    list_editable = ("active",)
    list_filter = ("active", "app_name")
    list_per_page = 100
    search_fields = ("name", "app_name")
    fields = ("name", "app_name", "active", "allowed_groups", "confirmation", "help")
    readonly_fields = ("name", "app_name", "help")
    filter_horizontal = ("allowed_groups",)

    class Media:
        css: ClassVar[Any] = {"all": ("eztaskmanager/css/admin.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[AppCommand]:
        """Fetch what the list shows in as many queries whatever its length."""
        return super().get_queryset(request).annotate(task_count=Count("task")).prefetch_related("allowed_groups")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Commands are found, not made."""
        return False

    def delete_model(self, request: HttpRequest, obj: AppCommand) -> None:
        """End its tasks first."""
        stop_tasks(Task.objects.filter(command=obj), request.user)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[AppCommand]) -> None:
        """End their tasks first."""
        chosen = AppCommand.objects.filter(pk__in=list(queryset.values_list("pk", flat=True)))
        stop_tasks(Task.objects.filter(command__in=chosen), request.user)
        super().delete_queryset(request, chosen)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Deletion:
        """Count what goes with them."""
        tasks = Task.objects.filter(command__in=[command.pk for command in objs])
        return summarize(request, objs, self.admin_site, tasks=tasks)

    @admin.display(description=_("help"))
    def help(self, command: AppCommand) -> SafeString:
        """Show what `manage.py NAME --help` prints."""
        return display.pre(command.help_text)

    @admin.display(description=_("allowed groups"))
    def groups(self, command: AppCommand) -> str:
        """Name the groups that may see and launch it."""
        return ", ".join(group.name for group in command.allowed_groups.all()) or display.NOTHING

    @admin.display(description=_("tasks"), ordering="task_count")
    def n_tasks(self, command: AppCommand) -> SafeString:
        """Link to its tasks."""
        count: int = getattr(command, "task_count", 0)
        address = f"{reverse('admin:eztaskmanager_task_changelist')}?command__id__exact={command.pk}"
        return format_html('<a href="{}">{}</a>', address, count)
