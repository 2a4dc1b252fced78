"""The admin of runs: to be read, and deleted."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from eztaskmanager.admin import display
from eztaskmanager.admin.deletion import Deletion, delete_reports, summarize
from eztaskmanager.admin.notifications import NotificationInline
from eztaskmanager.admin.report_actions import confirm_deletion, launch_again
from eztaskmanager.admin.report_filters import (
    LaunchedFilter,
    ResultFilter,
    TaskCategoryFilter,
    TaskFilter,
    TriggerFilter,
    UserFilter,
)
from eztaskmanager.admin.paging import BoundedPaginator
from eztaskmanager.admin.report_panel import describe_changes, tell_report_panel
from eztaskmanager.admin.swatches import category_label, swatch
from eztaskmanager.admin.typing import ReportModelAdmin
from eztaskmanager.admin.ways import link_to, note_ways
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.permissions import CHANGE_TASK, LAUNCH_TASK, VIEW_LOG
from eztaskmanager.settings import app_settings
from eztaskmanager.views.access import visible_reports
from eztaskmanager.views.facts import tell_duration, tell_origin, tell_seconds

# Parameters after which so few reports are left that they may be sorted by anything.
NARROWING = ("task", "launched_from")
# What only those see who may read logs.
SAID = ("error_text", "log_tail")
# The columns that link to logs, and what stands there for the others.
OPEN_TO_ALL = {"result_and_log": "outcome"}


@admin.register(LaunchReport)
class LaunchReportAdmin(ReportModelAdmin):
    """Runs; only those of tasks that the user may see."""

    list_display = (
        "launched",
        "task_name",
        "result_and_log",
        "origin",
        "lasted",
        "cpu_time",
        "peak_memory",
        "n_log_lines",
    )
    show_facets = admin.ShowFacets.NEVER
    list_filter = (LaunchedFilter, ResultFilter, TriggerFilter, UserFilter, TaskFilter, TaskCategoryFilter)
    change_list_template = "eztaskmanager/admin/report_change_list.html"
    change_form_template = "eztaskmanager/admin/report_change_form.html"
    paginator = BoundedPaginator
    actions = ("launch_again", "delete_selected")
    # Not joined: MySQL would begin with the few commands, and sort a million reports.
    list_select_related = False
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("task__name", "command", "arguments", "launched_by_name", "error")
    search_help_text = _("Task, command or user; arguments and error too, for those who may read them whole")
    date_hierarchy = None
    ordering = ("-pk",)
    readonly_fields = (
        "task_link",
        "outcome",
        "origin",
        "command_line",
        "changes",
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
        "log_tail",
    )
    inlines = (NotificationInline,)
    fieldsets: ClassVar[Any] = (
        (
            None,
            {"fields": ("task_link", "outcome", "progress", "error_text", "origin", "command_line", "changes")},
        ),
        (_("Log"), {"fields": ("log_tail", "n_log_lines")}),
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
        css: ClassVar[Any] = {
            "all": ("eztaskmanager/css/admin.css", "eztaskmanager/css/overview.css", "eztaskmanager/css/history.css")
        }

    def get_queryset(self, request: HttpRequest) -> QuerySet[LaunchReport]:
        """Keep what the user may see."""
        seen = visible_reports(request.user).order_by(*self.ordering)
        return note_ways(seen, request.user, Task).prefetch_related("task__command", "task__category")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Runs are made by launching."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: LaunchReport | None = None) -> bool:
        """What happened, happened."""
        return False

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """Sort by what has an index, unless few reports are left to be sorted."""
        return self.list_display if any(request.GET.get(name) for name in NARROWING) else ("launched",)

    def get_search_fields(self, request: HttpRequest) -> Any:
        """Look into errors and arguments only for those who may read them as they are."""
        hidden = self._hidden_columns(request)
        return [name for name in self.search_fields if name not in hidden]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse to filter by those in the address, where they could be found letter by letter."""
        if set(lookup.split("__")) & self._hidden_columns(request):
            return False
        return super().lookup_allowed(lookup, value, request)

    def _hidden_columns(self, request: HttpRequest) -> set[str]:
        # Whoever may change tasks sees their arguments whole; others see dots for secrets.
        user = request.user
        may_see = {"error": user.has_perm(VIEW_LOG), "arguments": user.has_perm(CHANGE_TASK)}
        return {name for name, may in may_see.items() if not may}

    def get_fieldsets(self, request: HttpRequest, obj: LaunchReport | None = None) -> Any:
        """What the run said, errors included, is for those who may read logs."""
        if request.user.has_perm(VIEW_LOG):
            return self.fieldsets
        return [
            (title, {**options, "fields": tuple(name for name in options["fields"] if name not in SAID)})
            for title, options in self.fieldsets
        ]

    def get_list_display(self, request: HttpRequest) -> Any:
        """Offer logs to those who may read them."""
        if request.user.has_perm(VIEW_LOG):
            return self.list_display
        return [OPEN_TO_ALL.get(name, name) for name in self.list_display]

    def has_launch_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may launch tasks."""
        return bool(request.user.has_perm(LAUNCH_TASK))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Put the panel above it."""
        report = context.get("original")
        if report is not None:
            context["report_panel"] = tell_report_panel(request, report)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.action(description=_("Launch again with the same arguments"), permissions=["launch"])
    def launch_again(self, request: HttpRequest, queryset: QuerySet[LaunchReport]) -> None:
        """Launch the tasks of these runs with the arguments of then."""
        launch_again(request, queryset)

    @admin.action(description=_("Delete selected launch reports"), permissions=["delete"])
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[LaunchReport]) -> HttpResponse | None:
        """Ask first, then delete, however many there are."""
        return confirm_deletion(self, request, queryset)

    def delete_model(self, request: HttpRequest, obj: LaunchReport) -> None:
        """End the run first."""
        self.delete_queryset(request, LaunchReport.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[LaunchReport]) -> None:
        """End the runs first."""
        for _batch in delete_reports(queryset, request.user):
            pass

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Deletion:
        """Count the lines that go with them."""
        return summarize(request, objs, self.admin_site, tasks=None)

    @admin.display(description=_("launched"), ordering="pk")
    def launched(self, report: LaunchReport) -> str:
        """Show when it was launched."""
        return display.moment(report.invocation_datetime)

    @admin.display(description=_("task"), ordering="task__name")
    def task_name(self, report: LaunchReport) -> SafeString:
        """Show the task's name, and the colour of its category."""
        color = report.task.category.color if report.task.category else ""
        return format_html("{}{}", swatch(color), report.task.name)

    @admin.display(description=_("task"))
    def task_link(self, report: LaunchReport) -> SafeString:
        """Link to the task."""
        task: Task = report.task
        return format_html("{} {}", link_to(report, task, task.name), category_label(task.category))

    @admin.display(description=_("result"), ordering="invocation_result")
    def outcome(self, report: LaunchReport) -> SafeString:
        """Show where it stands or how it ended."""
        bar = "" if report.is_over else display.progress_bar(report)
        counts = display.result_counts(report.n_log_errors, report.n_log_warnings)
        return format_html("{} {} {}", display.report_state(report), counts, bar)

    @admin.display(description=_("result"), ordering="invocation_result")
    def result_and_log(self, report: LaunchReport) -> SafeString:
        """Show where it stands or how it ended, with a link to its log."""
        bar = "" if report.is_over else display.progress_bar(report)
        counts = display.result_counts(report.n_log_errors, report.n_log_warnings)
        shown = format_html("{} {}", display.report_state(report), counts)
        return format_html("{} {}", display.log_link(report.pk, shown), bar)

    @admin.display(description=_("launched by"), ordering="launched_by_name")
    def origin(self, report: LaunchReport) -> str:
        """Show who, and why."""
        return tell_origin(report)

    @admin.display(description=_("duration"), ordering=F("finished_at") - F("started_at"))
    def lasted(self, report: LaunchReport) -> str:
        """Show how long it ran."""
        return tell_duration(report.duration) or display.NOTHING

    @admin.display(description=_("command"))
    def command_line(self, report: LaunchReport) -> SafeString:
        """Show what ran."""
        return format_html("<code>{} {}</code>", report.command_name, report.shown_arguments)

    @admin.display(description=_("changes"))
    def changes(self, report: LaunchReport) -> SafeString:
        """Show how the arguments differ from those of the run before."""
        return describe_changes(report)

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

    @admin.display(description=_("CPU time"), ordering="cpu_seconds")
    def cpu_time(self, report: LaunchReport) -> str:
        """Show the CPU time of the command and its children."""
        return tell_seconds(report.cpu_seconds) or display.NOTHING

    @admin.display(description=_("peak memory"), ordering="max_rss")
    def peak_memory(self, report: LaunchReport) -> str:
        """Show the most memory it held."""
        return display.NOTHING if report.max_rss is None else filesizeformat(report.max_rss)

    @admin.display(description=_("last lines"))
    def log_tail(self, report: LaunchReport) -> SafeString:
        """Show its last lines."""
        tail = report.log_tail(app_settings.N_LINES_IN_REPORT_LOG, plain=True)
        return display.pre(tail) if tail else display.NOTHING
