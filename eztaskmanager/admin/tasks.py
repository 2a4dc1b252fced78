"""The admin of tasks: define, launch, schedule, stop."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy

from eztaskmanager.admin import launching
from eztaskmanager.admin.argument_form import answer_argument_form, tell_page
from eztaskmanager.admin.columns import MASKED, TaskColumns, for_readers
from eztaskmanager.admin.deletion import Deletion, stop_tasks, summarize
from eztaskmanager.admin.filters import CategoryFilter, CommandFilter, LastResultFilter, LateFilter, StatusFilter
from eztaskmanager.admin.inlines import LaunchReportInline
from eztaskmanager.admin.launch_page import show_launch_page
from eztaskmanager.admin.live import answer_states
from eztaskmanager.admin.onlooker import Onlooker, show
from eztaskmanager.admin.panel import tell_panel
from eztaskmanager.admin.preview import preview_schedule
from eztaskmanager.admin.row_buttons import press
from eztaskmanager.admin.statistics import tell_statistics
from eztaskmanager.admin.task_export import answer_export
from eztaskmanager.admin.task_list import TaskChangeList
from eztaskmanager.admin.ways import note_ways
from eztaskmanager.forms import TaskForm
from eztaskmanager.models import AppCommand, Task, TaskCategory
from eztaskmanager.permissions import LAUNCH_TASK, STOP_TASK, VIEW_LOG
from eztaskmanager.settings import app_settings

BUTTONS: dict[str, launching.Doing] = {
    "_start-task": launching.start,
    "_launch-task": launching.run_now,
    "_stop-task": launching.stop,
    "_pause-task": launching.pause,
    "_resume-task": launching.start,
}
# What must not wait for a form without faults.
URGENT = ("_stop-task", "_pause-task")


@admin.register(Task)
class TaskAdmin(TaskColumns):
    """Tasks; only those whose command's groups let the user in."""

    form = TaskForm
    inlines = (LaunchReportInline,)
    list_display = ("task_column", "state_column", "last_column", "strip_column", "next_column", "buttons_column")
    list_filter = (StatusFilter, LastResultFilter, LateFilter, CategoryFilter, CommandFilter)
    list_select_related = ("command", "category", "created_by")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("name", "command__name", "command__app_name", "arguments", "note")
    ordering = ("name", "pk")
    actions = ("launch_tasks", "run_tasks_now", "stop_tasks", "export_tasks")
    save_as = True
    save_as_continue = True
    change_form_template = "eztaskmanager/admin/task_change_form.html"
    change_list_template = "eztaskmanager/admin/task_change_list.html"
    readonly_fields = (
        "state",
        "last_time",
        "last_result",
        "cached_last_invocation_n_errors",
        "cached_last_invocation_n_warnings",
        "next_ride",
        "created_by",
    )
    fieldsets: ClassVar[Any] = (
        (gettext_lazy("Definition"), {"fields": ("name", "command", "arguments", "category", "note")}),
        (
            gettext_lazy("Scheduling"),
            {
                "classes": ("ez-scheduling",),
                "fields": (
                    "scheduling",
                    ("repetition_rate", "repetition_period"),
                    "cron",
                    "timezone",
                    "ends_at",
                    "jitter",
                ),
            },
        ),
        (
            gettext_lazy("Rules"),
            {
                "classes": ("collapse",),
                "fields": (
                    ("overlap", "misfire_grace"),
                    ("max_retries", "retry_delay"),
                    ("time_limit", "expected_duration"),
                    ("queue", "keep_reports"),
                    "ping_url",
                ),
            },
        ),
        (
            gettext_lazy("Last execution"),
            {
                "fields": (
                    "state",
                    "last_time",
                    "last_result",
                    "cached_last_invocation_n_errors",
                    "cached_last_invocation_n_warnings",
                    "next_ride",
                    "created_by",
                )
            },
        ),
    )

    class Media:
        css: ClassVar[Any] = {
            "all": (
                "eztaskmanager/css/admin.css",
                "eztaskmanager/css/tasks.css",
                "eztaskmanager/css/argument_form.css",
            )
        }

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        """Keep what the user may see."""
        tasks: QuerySet[Task] = super().get_queryset(request).visible_to(request.user)  # type: ignore[attr-defined]
        return note_ways(tasks, request.user, AppCommand, TaskCategory)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Task | None:
        """Fetch a task, with its last runs where it is to be looked at."""
        task = super().get_object(request, object_id, from_field)
        if task is not None and request.method == "GET":
            show([task], request.user)
        return task

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[TaskChangeList]:
        """Make the list with last runs and groups."""
        return TaskChangeList

    def get_search_fields(self, request: HttpRequest) -> Any:
        """Search arguments only for those who see them whole.

        A secret that is shown as dots could otherwise be found letter by letter.
        """
        fields = super().get_search_fields(request)
        return fields if self.has_change_permission(request) else [name for name in fields if name != "arguments"]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse to filter by what is hidden in the address, for the same reason."""
        if lookup.partition("__")[0] in MASKED and not self.has_change_permission(request):
            return False
        return super().lookup_allowed(lookup, value, request)

    def get_form(self, request: HttpRequest, obj: Task | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Offer the commands that are open to the user."""
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.commands = AppCommand.objects.open_to(request.user)
        command = form.base_fields.get("command")
        if command is not None:
            for name in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
                setattr(command.widget, name, False)
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Task | None = None) -> Any:
        """A task that is being written has not run yet."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None and not self.has_change_permission(request, obj):
            fieldsets = for_readers(fieldsets)
        return fieldsets if obj is not None else fieldsets[:-1]

    def get_inlines(self, request: HttpRequest, obj: Task | None) -> Any:
        """A task that is being written has no reports."""
        return () if obj is None else super().get_inlines(request, obj)

    def get_urls(self) -> list[URLPattern]:
        """Add what the pages of tasks ask for, and the page on which one is launched."""
        view = self.admin_site.admin_view
        return [
            path("schedule-preview/", view(self.schedule_preview), name="eztaskmanager_task_schedule_preview"),
            path("argument-form/", view(self.argument_form), name="eztaskmanager_task_argument_form"),
            path("states/", view(self.states), name="eztaskmanager_task_states"),
            path("<int:pk>/do/<slug:doing>/", view(self.do), name="eztaskmanager_task_do"),
            path("<int:pk>/launch/", view(self.launch_page), name="eztaskmanager_task_launch"),
            *super().get_urls(),
        ]

    def argument_form(self, request: HttpRequest) -> HttpResponse:
        """Answer with the form for the arguments of a command."""
        may_look = self.has_add_permission(request) or self.has_change_permission(request)
        return answer_argument_form(
            request,
            AppCommand.objects.open_to(request.user),
            may_look=may_look or self.has_launch_permission(request),
        )

    def launch_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Launch a task with other arguments, or with words that confirm it."""
        return show_launch_page(request, self, pk)

    def schedule_preview(self, request: HttpRequest) -> HttpResponse:
        """Answer with the next rides of the schedule that stands in the form."""
        return preview_schedule(
            request, self.get_queryset(request), may_look=self.has_view_or_change_permission(request)
        )

    def states(self, request: HttpRequest) -> HttpResponse:
        """Answer with how the tasks on the page stand."""
        may_look = self.has_view_or_change_permission(request)
        return answer_states(request, self._rows(request), may_look=may_look)

    def do(self, request: HttpRequest, pk: int, doing: str) -> HttpResponse:
        """Do with a task what a button in its row says."""
        may_look = self.has_view_or_change_permission(request)
        return press(request, self._rows(request), pk, doing, may_look=may_look)

    def _rows(self, request: HttpRequest) -> QuerySet[Task]:
        return self.get_queryset(request).select_related(*self.list_select_related)

    def save_model(self, request: HttpRequest, obj: Task, form: Any, change: bool) -> None:
        """Note who made it."""
        if not change and request.user.is_authenticated:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Save what was edited, then do what the button says, once the edit is in the database."""
        task = None if object_id is None else self.get_object(request, object_id)
        button = next((name for name in BUTTONS if name in request.POST), None) if task is not None else None
        if task is not None and request.method == "GET":
            statistics = tell_statistics(task, Onlooker.of(request.user))
            extra_context = {**(extra_context or {}), "panel": tell_panel(request, task), "statistics": statistics}
        if task is None or button is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        if not self.has_change_permission(request, task):
            # Whoever may launch but not edit has a page of read-only fields with these buttons.
            if not self.has_view_permission(request, task):
                return super().changeform_view(request, object_id, form_url, extra_context)
            response: HttpResponse = HttpResponseRedirect(request.get_full_path())
        else:
            response = super().changeform_view(
                request, object_id, form_url, {**(extra_context or {}), "panel": tell_panel(request, task)}
            )
        if response.status_code == 302:
            saved = Task.objects.select_related("command").get(pk=task.pk)
            if page := launching.confirmation_page(saved, BUTTONS[button]):
                return HttpResponseRedirect(page)
        if response.status_code == 302 or button in URGENT:
            launching.do_with_all(request, BUTTONS[button], Task.objects.filter(pk=task.pk))
        return response

    def response_change(self, request: HttpRequest, obj: Task) -> HttpResponse:
        """Stay on the page of the task after one of its buttons."""
        if any(name in request.POST for name in BUTTONS):
            return HttpResponseRedirect(request.get_full_path())
        return super().response_change(request, obj)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Tell the page where the preview is, and whether to link to logs."""
        context["ez_show_log_links"] = app_settings.SHOW_LOGVIEWER_LINK and request.user.has_perm(VIEW_LOG)
        context["schedule_preview_url"] = reverse("admin:eztaskmanager_task_schedule_preview")
        context["argument_form"] = tell_page("id_arguments", command_id="id_command")
        return super().render_change_form(request, context, *args, **kwargs)

    def has_launch_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may launch tasks."""
        return bool(request.user.has_perm(LAUNCH_TASK))

    def has_stop_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may stop tasks and pause schedules."""
        return bool(request.user.has_perm(STOP_TASK))

    @admin.action(description=gettext_lazy("Start selected tasks, or their schedules"), permissions=["launch"])
    def launch_tasks(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        """Run those without a schedule; have the schedules of the others followed."""
        launching.do_with_all(request, launching.start, queryset)

    @admin.action(description=gettext_lazy("Run selected tasks now"), permissions=["launch"])
    def run_tasks_now(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        """Run them, and leave their schedules alone."""
        launching.do_with_all(request, launching.run_now, queryset)

    @admin.action(description=gettext_lazy("Stop selected tasks, and pause their schedules"), permissions=["stop"])
    def stop_tasks(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        """End what runs or waits, and let schedules rest."""
        launching.do_with_all(request, launching.stop, queryset)

    @admin.action(description=gettext_lazy("Export selected tasks as a file"), permissions=["change"])
    def export_tasks(self, request: HttpRequest, queryset: QuerySet[Task]) -> HttpResponse | None:
        """Send them as `importtasks` reads them, to those who see ping addresses whole."""
        return answer_export(request, queryset)

    def delete_model(self, request: HttpRequest, obj: Task) -> None:
        """End it first."""
        stop_tasks([obj], request.user)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        """End them first."""
        stop_tasks(queryset, request.user)
        super().delete_queryset(request, queryset)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Deletion:
        """Count what goes with them."""
        tasks = Task.objects.filter(pk__in=[task.pk for task in objs])
        return summarize(request, objs, self.admin_site, tasks=tasks)
