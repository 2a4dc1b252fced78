"""The admin of commands: which are active, for whom, what they take, and which tasks run them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.core.management import get_commands
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy as _

from eztaskmanager.admin import display
from eztaskmanager.admin.command_help import tell_help
from eztaskmanager.admin.deletion import Deletion, stop_tasks, summarize
from eztaskmanager.admin.task_inlines import TaskInline
from eztaskmanager.admin.typing import CommandModelAdmin
from eztaskmanager.admin.ways import link_to_list, note_ways
from eztaskmanager.arguments import get_parser
from eztaskmanager.exceptions import CommandUnavailable
from eztaskmanager.models import AppCommand, Task


class UsageFilter(admin.SimpleListFilter):
    """Commands with tasks, without, and those that are no longer there."""

    title = _("use")
    parameter_name = "use"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer them."""
        return [("used", _("with tasks")), ("unused", _("without tasks")), ("gone", _("not installed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AppCommand]) -> QuerySet[AppCommand]:
        """Keep those chosen."""
        if self.value() in ("used", "unused"):
            return queryset.filter(task__isnull=self.value() == "unused").distinct()
        return queryset.exclude(name__in=list(get_commands())) if self.value() == "gone" else queryset


class TasksOfCommand(TaskInline):
    """The tasks that run it."""

    fields: ClassVar[Any] = ("link", "category_name", "state", "last", "next_ride")


@admin.register(AppCommand)
class AppCommandAdmin(CommandModelAdmin):
    """Commands, as `collectcommands` found them."""

    list_display = ("shown_name", "app_name", "active", "groups", "asks", "n_tasks")
    list_editable = ("active",)
    list_filter = ("active", UsageFilter, "app_name")
    list_per_page = 100
    search_fields = ("name", "app_name")
    search_help_text = _("Name or application")
    fields = ("name", "app_name", "active", "allowed_groups", "confirmation", "help")
    readonly_fields = ("name", "app_name", "help")
    filter_horizontal = ("allowed_groups",)
    inlines = (TasksOfCommand,)

    class Media:
        css: ClassVar[Any] = {
            "all": (
                "eztaskmanager/css/admin.css",
                "eztaskmanager/css/overview.css",
                "eztaskmanager/css/color_input.css",
                "eztaskmanager/css/commands.css",
            )
        }

    def get_queryset(self, request: HttpRequest) -> QuerySet[AppCommand]:
        """Fetch what the list shows in as many queries whatever its length."""
        counted = super().get_queryset(request).annotate(task_count=Count("task", distinct=True))
        return note_ways(counted, request.user, Task).prefetch_related("allowed_groups")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Commands are found, not made."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AppCommand | None = None) -> bool:
        """Keep a command whose groups leave the user out, for its tasks, which the user does not see, would go too."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.is_open_to(request.user))

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
        deletion = summarize(request, objs, self.admin_site, tasks=tasks)
        if not all(self.has_delete_permission(request, command) for command in objs):
            deletion[2].add(str(AppCommand._meta.verbose_name))
        return deletion

    @admin.display(description=_("name"), ordering="name")
    def shown_name(self, command: AppCommand) -> SafeString:
        """Show the name, and that the command is gone if it is."""
        if command.name in get_commands():
            return format_html("{}", command.name)
        return format_html('{} <span class="ez-missing">{}</span>', command.name, gettext("not installed"))

    @admin.display(description=_("help"))
    def help(self, command: AppCommand) -> SafeString:
        """Show what it takes, option by option, and what `manage.py NAME --help` prints."""
        context: dict[str, Any] = {}
        try:
            context["help"] = tell_help(get_parser(command.name))
        except CommandUnavailable as exc:
            context["error"] = str(exc)
        else:
            context["text"] = display.pre(command.help_text)
        return render_to_string("eztaskmanager/admin/command_help.html", context)

    @admin.display(description=_("allowed groups"))
    def groups(self, command: AppCommand) -> str:
        """Name the groups that may see and launch it."""
        return ", ".join(group.name for group in command.allowed_groups.all()) or display.NOTHING

    @admin.display(description=_("confirmation"), ordering="confirmation")
    def asks(self, command: AppCommand) -> str:
        """Show what must be typed before a launch by hand."""
        return format_html("<code>{}</code>", command.confirmation) if command.confirmation else display.NOTHING

    @admin.display(description=_("tasks"), ordering="task_count")
    def n_tasks(self, command: AppCommand) -> SafeString:
        """Link to its tasks."""
        return link_to_list(command, Task, str(getattr(command, "task_count", 0)), command=command.pk)
