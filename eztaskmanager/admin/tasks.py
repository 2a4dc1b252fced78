"""The admin of tasks: define, launch, schedule, stop."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy

from eztaskmanager.admin import display, launching
from eztaskmanager.admin.deletion import Deletion, stop_tasks, summarize
from eztaskmanager.admin.filters import CategoryFilter, LastResultFilter, StatusFilter
from eztaskmanager.admin.inlines import LaunchReportInline
from eztaskmanager.admin.panel import tell_panel
from eztaskmanager.admin.preview import preview_schedule
from eztaskmanager.admin.typing import TaskModelAdmin
from eztaskmanager.forms import TaskForm
from eztaskmanager.models import AppCommand, LaunchReport, Task
from eztaskmanager.models.tasks import LAUNCH_PERMISSION, STOP_PERMISSION
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
class TaskAdmin(TaskModelAdmin):
    """Tasks; only those whose command's groups let the user in."""

    form = TaskForm
    inlines = (LaunchReportInline,)
    list_display = ("name_with_note", "invocation", "state", "last_result", "last_time", "next_ride", "repetition")
    list_filter = (StatusFilter, LastResultFilter, CategoryFilter)
    list_select_related = ("command", "category")
    list_per_page = 50
    search_fields = ("name", "command__name", "command__app_name", "arguments", "note")
    search_help_text = gettext_lazy("Name, command, arguments or note")
    ordering = ("name", "pk")
    actions = ("launch_tasks", "run_tasks_now", "stop_tasks")
    save_as = True
    save_as_continue = True
    change_form_template = "eztaskmanager/admin/task_change_form.html"
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
        css: ClassVar[Any] = {"all": ("eztaskmanager/css/admin.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        """Keep what the user may see, and fetch what the list shows in as many queries whatever its length."""
        reports = LaunchReport.objects.filter(task=OuterRef("pk"), started_at__isnull=False).order_by("-pk")
        running = LaunchReport.objects.filter(state=LaunchReport.State.STARTED).order_by("pk")
        visible = super().get_queryset(request).visible_to(request.user)  # type: ignore[attr-defined]
        tasks: QuerySet[Task] = visible.annotate(last_report_id=Subquery(reports.values("pk")[:1]))
        return tasks.prefetch_related(Prefetch("launchreport_set", queryset=running, to_attr="running_reports"))

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
        return fieldsets if obj is not None else fieldsets[:-1]

    def get_inlines(self, request: HttpRequest, obj: Task | None) -> Any:
        """A task that is being written has no reports."""
        return () if obj is None else super().get_inlines(request, obj)

    def get_urls(self) -> list[URLPattern]:
        """Add the preview of schedules."""
        preview = self.admin_site.admin_view(self.schedule_preview)
        return [path("schedule-preview/", preview, name="eztaskmanager_task_schedule_preview"), *super().get_urls()]

    def schedule_preview(self, request: HttpRequest) -> HttpResponse:
        """Answer with the next rides of the schedule that stands in the form."""
        return preview_schedule(
            request, self.get_queryset(request), may_look=self.has_view_or_change_permission(request)
        )

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
            extra_context = {**(extra_context or {}), "panel": tell_panel(request, task)}
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
        context["ez_show_log_links"] = app_settings.SHOW_LOGVIEWER_LINK
        context["schedule_preview_url"] = reverse("admin:eztaskmanager_task_schedule_preview")
        return super().render_change_form(request, context, *args, **kwargs)

    def has_launch_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may launch tasks."""
        return bool(request.user.has_perm(LAUNCH_PERMISSION))

    def has_stop_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may stop tasks and pause schedules."""
        return bool(request.user.has_perm(STOP_PERMISSION))

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

    @admin.display(description=gettext_lazy("name"), ordering="name")
    def name_with_note(self, task: Task) -> SafeString:
        """Show the name, with the note on hover."""
        return format_html('<span class="ez-name" title="{}">{}</span>', task.note or "", task.name)

    @admin.display(description=gettext_lazy("invocation"), ordering="command__name")
    def invocation(self, task: Task) -> SafeString:
        """Show the command line."""
        return format_html(
            '<code class="ez-invocation" title="{}">{} <span class="ez-arguments">{}</span></code>',
            f"{task.command} {task.shown_arguments}",
            task.command.name,
            task.shown_arguments,
        )

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, task: Task) -> SafeString:
        """Show what it is about, and how far."""
        running = [display.progress_bar(report) for report in getattr(task, "running_reports", [])]
        parts = [display.task_status(task), *(part for part in running if part)]
        return format_html_join(" ", "{}", ((part,) for part in parts))

    @admin.display(description=gettext_lazy("last result"), ordering="cached_last_invocation_result")
    def last_result(self, task: Task) -> SafeString:
        """Show how the last run ended, with a link to its log."""
        report_id: int | None = getattr(task, "last_report_id", None)
        if report_id is None:
            return SafeString(display.NOTHING)
        result = task.cached_last_invocation_result
        shown = (
            display.badge(result, task.get_cached_last_invocation_result_display())
            if result
            else display.badge("started", _("running"))
        )
        counts = display.result_counts(task.cached_last_invocation_n_errors, task.cached_last_invocation_n_warnings)
        return display.log_link(report_id, format_html("{} {}", shown, counts))

    @admin.display(description=gettext_lazy("last time"), ordering="cached_last_invocation_datetime")
    def last_time(self, task: Task) -> SafeString:
        """Show when it last ran."""
        return display.moment_in_zone(task.cached_last_invocation_datetime, task.zone_name)

    @admin.display(description=gettext_lazy("next run"), ordering="cached_next_ride")
    def next_ride(self, task: Task) -> SafeString:
        """Show when it runs next, or why it does not."""
        if task.schedule_error:
            return format_html('<span class="ez-schedule-error">{}</span>', task.schedule_error)
        if task.is_paused and task.has_schedule:
            return display.badge("paused", _("paused"))
        return display.next_ride(task)

    @admin.display(description=gettext_lazy("repetition"))
    def repetition(self, task: Task) -> str:
        """Say the schedule in words."""
        return display.describe_schedule(task) or display.NOTHING
