"""The last runs of a task, on its page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from eztaskmanager.admin import display
from eztaskmanager.admin.onlooker import shown_of
from eztaskmanager.admin.reading import ReadOnlyFormSet, ReadOnlyInline
from eztaskmanager.admin.strips import tell_verdict
from eztaskmanager.models import LaunchReport
from eztaskmanager.permissions import VIEW_LOG
from eztaskmanager.settings import app_settings
from eztaskmanager.views.facts import tell_duration, tell_origin


class LastReports(ReadOnlyFormSet):
    """The last few reports."""

    def get_queryset(self) -> Any:
        """Keep the last few, and have them know what is known of their task's runs."""
        if not hasattr(self, "_last"):
            queryset: QuerySet[LaunchReport] = super().get_queryset()
            self._last = (
                queryset.order_by("-pk")[: app_settings.N_REPORTS_INLINE] if self.instance.pk else queryset.none()
            )
            for report in self._last:
                report.task = self.instance
        return self._last


class LaunchReportInline(ReadOnlyInline):
    """The last runs, to be read."""

    model = LaunchReport
    fk_name = "task"
    formset = LastReports
    template = "eztaskmanager/admin/last_reports.html"
    verbose_name_plural = _("Last runs")
    fields = ("launched", "outcome", "origin", "duration", "log_tail")
    readonly_fields = fields

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show what a run said to those who may read logs, and to no one else."""
        may_read = request.user.has_perm(VIEW_LOG)
        return self.fields if may_read else tuple(name for name in self.fields if name != "log_tail")

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
        """Show how long, and whether that is unusual."""
        verdict = tell_verdict(shown_of(report.task).recent.judge(report))
        text = tell_duration(report.duration) or display.NOTHING
        return format_html('{} <span class="ez-unusual">{}</span>', text, verdict) if verdict else text

    @admin.display(description=_("log"))
    def log_tail(self, report: LaunchReport) -> str:
        """Show its last lines."""
        tail = report.log_tail(app_settings.N_LINES_IN_REPORT_LOG, plain=True)
        return display.pre(tail) if tail else ""
