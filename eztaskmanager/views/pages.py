"""The log as a page that lives, and as plain text."""

from __future__ import annotations

import json
from itertools import chain
from typing import Any

import django
from django.contrib import admin
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import get_language, gettext as _

from eztaskmanager.models import LaunchReport
from eztaskmanager.permissions import LAUNCH_TASK, STOP_TASK, VIEW_REPORT, VIEW_TASK
from eztaskmanager.views.access import ReportView
from eztaskmanager.views.facts import tell_facts
from eztaskmanager.views.polling import tell_run
from eztaskmanager.views.downloads import DOWNLOADS, FORMATS, compressed, encoded
from eztaskmanager.views.reading import count_levels, read_all, read_choice, read_filter


class LogViewerView(ReportView):
    """The log as plain text or as JSON lines, streamed.

    Parameters:
        log_level: all, debug, info, warning or error.
        stream, q, case, regex: As for `AjaxReadLogLines`.
        format: text or jsonl.
        download: 1 for a file, gzip for a compressed one; else the browser shows it.
    """

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """Answer with the lines that are wanted."""
        wanted = read_filter(request.GET, "log_level")
        form = read_choice(request.GET, "format", FORMATS)
        download = read_choice(request.GET, "download", DOWNLOADS)
        content_type, suffix = ("application/jsonl", "jsonl") if form == "jsonl" else ("text/plain", "log")
        parts = encoded(read_all(self.report, wanted), as_json=form == "jsonl")
        # An expression that the database refuses is known now, when the answer can still be another one.
        parts = chain([next(parts, b"")], parts)
        if download == "gzip":
            parts, content_type, suffix = compressed(parts), "application/gzip", f"{suffix}.gz"
        response = StreamingHttpResponse(parts, content_type=f"{content_type}; charset=utf-8")
        # A browser that guessed HTML would run what a command has logged.
        response["X-Content-Type-Options"] = "nosniff"
        if download != "0":
            name = slugify(self.report.task.name) or "task"
            response["Content-Disposition"] = f'attachment; filename="{name}-{self.report.pk}.{suffix}"'
        return response


class LiveLogViewerView(ReportView):
    """The log in the admin's frame; its script reads the lines."""

    http_method_names = ["get", "head", "options"]
    template_name = "eztaskmanager/live_log_viewer.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer with the page."""
        report = self.report
        run = tell_run(report)
        may_launch = request.user.has_perm(LAUNCH_TASK)
        context = {
            **admin.site.each_context(request),
            "title": report.task.name,
            "report": report,
            "run": run,
            "facts": tell_facts(report),
            "may_stop": request.user.has_perm(STOP_TASK),
            "may_launch_again": may_launch and report.task.command.active,
            "may_view_tasks": request.user.is_staff and request.user.has_perm(VIEW_TASK),
            "may_view_reports": request.user.is_staff and request.user.has_perm(VIEW_REPORT),
            "breadcrumbs_are_a_list": django.VERSION >= (6, 1),
            "neighbours": self._neighbours(),
            # As an attribute of an element, for a page without inline scripts.
            "config_json": json.dumps(self._config(report, run), cls=DjangoJSONEncoder),
        }
        return TemplateResponse(request, self.template_name, context)

    def _neighbours(self) -> dict[str, int | None]:
        runs = LaunchReport.objects.filter(task=self.report.task_id)
        return {
            "earlier": runs.filter(pk__lt=self.report.pk).order_by("-pk").values_list("pk", flat=True).first(),
            "later": runs.filter(pk__gt=self.report.pk).order_by("pk").values_list("pk", flat=True).first(),
        }

    def _config(self, report: LaunchReport, run: dict[str, Any]) -> dict[str, Any]:
        return {
            "lines": reverse("eztaskmanager:ajax_read_log_lines", args=[report.pk]),
            "find": reverse("eztaskmanager:find_log_lines", args=[report.pk]),
            "size": report.n_log_lines,
            "run": run,
            "counts": count_levels(report),
            "language": get_language() or "en",
            "zone": timezone.get_current_timezone_name(),
            "words": _words(),
        }


def _words() -> dict[str, str]:
    """Give the script its sentences; `{n}` is filled in there."""
    return {
        "live": _("Live"),
        "waiting": _("Waiting for the run to start"),
        "over": _("The run is over"),
        "loading": _("Loading…"),
        "failed": _("No connection ({why}); trying again in {n} s"),
        "refused": _("The log can no longer be read: your session has ended, or the run was deleted. Reload the page."),
        "new_line": _("1 new line"),
        "new_lines": _("{n} new lines"),
        "no_lines": _("This run has logged nothing."),
        "no_lines_yet": _("Nothing logged so far."),
        "no_match": _("No line matches."),
        "stop_failed": _("The run could not be asked to stop; reload the page and try again."),
        "match": _("1 line matches"),
        "matches": _("{n} lines match"),
        "unfold": _("{n} more lines"),
        "cut": _("Show {n} more characters"),
        "line": _("Line {n}"),
        "copy_link": _("Copy link"),
        "copied": _("Copied"),
        "not_copied": _("The link could not be copied; it is in the address bar."),
        "stdout": _("standard output"),
        "stderr": _("standard error"),
    }
