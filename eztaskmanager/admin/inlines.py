"""The last runs of a task, on its page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from eztaskmanager.admin import display
from eztaskmanager.admin.reading import ReadOnlyFormSet
from eztaskmanager.admin.typing import ReportInline
from eztaskmanager.models import LaunchReport
from eztaskmanager.settings import app_settings
from eztaskmanager.views.facts import tell_duration, tell_origin


class LastReports(ReadOnlyFormSet):
    """The last few reports."""

    def get_queryset(self) -> Any:
        """Keep the last few."""
        if not hasattr(self, "_last"):
            queryset: QuerySet[LaunchReport] = super().get_queryset()
            self._last = (
                queryset.order_by("-pk")[: app_settings.N_REPORTS_INLINE] if self.instance.pk else queryset.none()
            )
        return self._last


class LaunchReportInline(ReportInline):
    """The last runs, to be read."""

    model = LaunchReport
    fk_name = "task"
    formset = LastReports
    template = "eztaskmanager/admin/last_reports.html"
    extra = 0
    max_num = 0
    can_delete = False
    verbose_name_plural = _("Last runs")
    fields = ("launched", "outcome", "origin", "duration", "log_tail")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Runs are made by launching."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What happened, happened."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are deleted in their own list."""
        return False

    @admin.display(description=_("launched"))
    def launched(self, report: LaunchReport) -> str:
        """Show when."""
        return display.moment(report.invocation_datetime)

    @admin.display(description=_("result"))
    def outcome(self, report: LaunchReport) -> str:
        """Show where it stands or how it ended."""
        return display.report_state(report)

    @admin.display(description=_("launched by"))
    def origin(self, report: LaunchReport) -> str:
        """Show who, and why."""
        return tell_origin(report)

    @admin.display(description=_("duration"))
    def duration(self, report: LaunchReport) -> str:
        """Show how long."""
        return tell_duration(report.duration) or display.NOTHING

    @admin.display(description=_("log"))
    def log_tail(self, report: LaunchReport) -> str:
        """Show its last lines."""
        return display.pre(report.log_tail(app_settings.N_LINES_IN_REPORT_LOG))
