"""The admin of runs: to be read, and deleted."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy as _

from eztaskmanager.admin import display
from eztaskmanager.admin.deletion import Deletion, stop_reports, summarize
from eztaskmanager.admin.filters import ResultFilter, TaskCategoryFilter, TaskFilter, TriggerFilter, UserFilter
from eztaskmanager.admin.typing import ReportModelAdmin
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.settings import app_settings
from eztaskmanager.views.access import visible_reports
from eztaskmanager.views.facts import tell_duration, tell_origin, tell_seconds


@admin.register(LaunchReport)
class LaunchReportAdmin(ReportModelAdmin):
    """Runs; only those of tasks that the user may see."""

    list_display = ("launched", "task_name", "outcome", "origin", "lasted", "n_log_lines", "problems", "log")
    list_filter = (
        ResultFilter,
        TriggerFilter,
        UserFilter,
        TaskFilter,
        TaskCategoryFilter,
        ("invocation_datetime", admin.DateFieldListFilter),
    )
    list_select_related = ("task__command", "task__category")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("task__name", "command", "arguments", "launched_by_name", "error")
    search_help_text = _("Task, command, arguments, user or error")
    date_hierarchy = None
    ordering = ("-pk",)
    readonly_fields = (
        "task_link",
        "outcome",
        "origin",
        "command_line",
        "error_text",
        "launched",
        "planned",
        "started",
        "finished",
        "lasted",
        "progress",
        "attempt",
        "retry_of",
        "host",
        "pid",
        "exit_code",
        "job_id",
        "stopped_by",
        "cpu_time",
        "peak_memory",
        "n_log_lines",
        "problems",
        "log_tail",
        "log",
    )
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("task_link", "outcome", "progress", "error_text", "origin", "command_line", "log")}),
        (_("Log"), {"fields": ("log_tail", "n_log_lines", "problems")}),
        (_("Times"), {"fields": ("launched", "planned", "started", "finished", "lasted")}),
        (
            _("Process"),
            {
                "fields": (
                    "exit_code",
                    "cpu_time",
                    "peak_memory",
                    "host",
                    "pid",
                    "job_id",
                    "stopped_by",
                    "attempt",
                    "retry_of",
                )
            },
        ),
    )

    class Media:
        css: ClassVar[Any] = {"all": ("eztaskmanager/css/admin.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[LaunchReport]:
        """Keep what the user may see."""
        return visible_reports(request.user).order_by(*self.ordering)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Runs are made by launching."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: LaunchReport | None = None) -> bool:
        """What happened, happened."""
        return False

    def delete_model(self, request: HttpRequest, obj: LaunchReport) -> None:
        """End the run first."""
        stop_reports([obj], request.user)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[LaunchReport]) -> None:
        """End the runs first."""
        chosen = LaunchReport.objects.filter(pk__in=list(queryset.values_list("pk", flat=True)))
        stop_reports(chosen.exclude(state=LaunchReport.State.FINISHED), request.user)
        super().delete_queryset(request, chosen)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Deletion:
        """Count the lines that go with them."""
        return summarize(request, objs, self.admin_site, tasks=None)

    @admin.display(description=_("launched"), ordering="pk")
    def launched(self, report: LaunchReport) -> str:
        """Show when it was launched."""
        return display.moment(report.invocation_datetime)

    @admin.display(description=_("task"), ordering="task__name")
    def task_name(self, report: LaunchReport) -> str:
        """Show the task's name."""
        return report.task.name

    @admin.display(description=_("task"))
    def task_link(self, report: LaunchReport) -> SafeString:
        """Link to the task."""
        address = reverse("admin:eztaskmanager_task_change", args=[report.task_id])
        return format_html('<a href="{}">{}</a>', address, report.task.name)

    @admin.display(description=_("result"), ordering="invocation_result")
    def outcome(self, report: LaunchReport) -> SafeString:
        """Show where it stands or how it ended."""
        bar = "" if report.is_over else display.progress_bar(report)
        return format_html("{} {}", display.report_state(report), bar)

    @admin.display(description=_("launched by"), ordering="launched_by_name")
    def origin(self, report: LaunchReport) -> str:
        """Show who, and why."""
        return tell_origin(report)

    @admin.display(description=_("duration"))
    def lasted(self, report: LaunchReport) -> str:
        """Show how long it ran."""
        return tell_duration(report.duration) or display.NOTHING

    @admin.display(description=_("errors and warnings"))
    def problems(self, report: LaunchReport) -> str:
        """Show how many errors and warnings it logged."""
        return display.result_counts(report.n_log_errors, report.n_log_warnings) or display.NOTHING

    @admin.display(description=_("log"))
    def log(self, report: LaunchReport) -> str:
        """Link to its log."""
        return (
            display.log_link(report.pk, gettext("Open the log"))
            if app_settings.SHOW_LOGVIEWER_LINK
            else display.NOTHING
        )

    @admin.display(description=_("command"))
    def command_line(self, report: LaunchReport) -> SafeString:
        """Show what ran."""
        return format_html("<code>{} {}</code>", report.command or report.task.command.name, report.shown_arguments)

    @admin.display(description=_("error"))
    def error_text(self, report: LaunchReport) -> str:
        """Show what went wrong."""
        return display.pre(report.error) if report.error else display.NOTHING

    @admin.display(description=_("planned for"))
    def planned(self, report: LaunchReport) -> str:
        """Show the slot it runs for, by the task's clock."""
        task: Task = report.task
        return display.moment_in_zone(report.planned_at, task.zone_name)

    @admin.display(description=_("started"))
    def started(self, report: LaunchReport) -> str:
        """Show when a worker took it."""
        return display.moment(report.started_at)

    @admin.display(description=_("finished"))
    def finished(self, report: LaunchReport) -> str:
        """Show when it ended."""
        return display.moment(report.finished_at)

    @admin.display(description=_("progress"))
    def progress(self, report: LaunchReport) -> str:
        """Show how far it says it is, or was."""
        return display.progress_bar(report) or display.NOTHING

    @admin.display(description=_("CPU time"))
    def cpu_time(self, report: LaunchReport) -> str:
        """Show the CPU time of the command and its children."""
        return tell_seconds(report.cpu_seconds) or display.NOTHING

    @admin.display(description=_("peak memory"))
    def peak_memory(self, report: LaunchReport) -> str:
        """Show the most memory it held."""
        return display.NOTHING if report.max_rss is None else filesizeformat(report.max_rss)

    @admin.display(description=_("last lines"))
    def log_tail(self, report: LaunchReport) -> SafeString:
        """Show its last lines."""
        return display.pre(report.log_tail(app_settings.N_LINES_IN_REPORT_LOG))
