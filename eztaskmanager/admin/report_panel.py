"""What stands above a report: how the run stands, what can be done about it, the runs before and after."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from eztaskmanager.admin import display
from eztaskmanager.admin.onlooker import launch_address
from eztaskmanager.arguments.diff import ADDED, CHANGED, REMOVED, SAME, Change, diff_arguments
from eztaskmanager.arguments.masking import known_parser, mask_arguments
from eztaskmanager.models import LaunchReport
from eztaskmanager.permissions import VIEW_LOG
from eztaskmanager.settings import app_settings
from eztaskmanager.views.facts import tell_duration

SIGNS = {ADDED: "+", REMOVED: "−", CHANGED: "≠", SAME: "="}


@dataclass(frozen=True)
class ReportPanel:
    """What the panel shows; an address that is empty is not for this user, or not for this run."""

    state: SafeString
    progress: SafeString
    duration: str
    log: str
    stop: str
    launch_again: str
    launch_otherwise: str
    earlier: str
    later: str


def tell_report_panel(request: HttpRequest, report: LaunchReport) -> ReportPanel:
    """Tell how the run stands, with the buttons that the user may press."""
    task = report.task
    may_launch = task.command.active and task.may_be_launched_by(request.user)
    may_stop = not report.is_over and report.stop_requested_at is None and task.may_be_stopped_by(request.user)
    may_read = request.user.has_perm(VIEW_LOG) and app_settings.SHOW_LOGVIEWER_LINK
    runs = LaunchReport.objects.filter(task=report.task_id)
    later = runs.filter(pk__gt=report.pk).order_by("pk").values_list("pk", flat=True).first()
    earlier = runs.filter(pk__lt=report.pk).order_by("-pk").values_list("pk", flat=True).first()
    return ReportPanel(
        state=display.report_state(report),
        progress=SafeString("") if report.is_over else display.progress_bar(report),
        duration=tell_duration(report.duration),
        log=display.log_address(report.pk) if may_read else "",
        stop=reverse("eztaskmanager:stop_run", args=[report.pk]) if may_stop else "",
        launch_again=reverse("eztaskmanager:launch_again", args=[report.pk]) if may_launch else "",
        launch_otherwise=_launch_page(report) if may_launch else "",
        earlier=_page(earlier),
        later=_page(later),
    )


def describe_changes(report: LaunchReport) -> SafeString:
    """Show what is different from the arguments of the run before."""
    runs = LaunchReport.objects.filter(task=report.task_id, pk__lt=report.pk).order_by("-pk")
    before = runs.values("pk", "command", "arguments").first()
    if before is None:
        return format_html("{}", _("This is the first run that is kept."))
    if before["command"] and report.command and before["command"] != report.command:
        # Each by its own parser, for the other one's does not know its secrets.
        shown = mask_arguments(before["command"], before["arguments"])
        changes = [
            Change(CHANGED, before["command"], report.command),
            Change(SAME if shown == report.shown_arguments else CHANGED, shown, report.shown_arguments),
        ]
    else:
        parser = known_parser(report.command_name)
        changes = diff_arguments(before["arguments"], report.arguments, app_settings.SECRET_OPTIONS, parser)
    link = format_html('<a href="{}">{}</a>', _page(before["pk"]), _("the run before"))
    if all(change.kind == SAME for change in changes):
        return format_html(_("The same as in {}."), link)
    rows = format_html_join("", "{}", ((_show(change),) for change in changes))
    return format_html(
        '<div class="ez-diff"><p>{}</p><ul>{}</ul></div>', format_html(_("Compared with {}:"), link), rows
    )


def _show(change: Change) -> SafeString:
    words = {ADDED: _("added"), REMOVED: _("removed"), CHANGED: _("changed"), SAME: _("as before")}
    if change.kind == CHANGED and not change.is_secret:
        text = format_html("<del>{}</del> → <ins>{}</ins>", change.before, change.after)
    elif change.kind == REMOVED:
        text = format_html("<del>{}</del>", change.before)
    elif change.kind == ADDED:
        text = format_html("<ins>{}</ins>", change.after)
    else:
        text = format_html("{}", change.after)
    return format_html(
        '<li class="ez-diff-{}"><span class="ez-diff-sign" aria-hidden="true">{}</span> <code>{}</code>'
        ' <span class="ez-diff-word">{}</span></li>',
        change.kind,
        SIGNS[change.kind],
        text,
        words[change.kind],
    )


def _page(pk: int | None) -> str:
    return "" if pk is None else reverse("admin:eztaskmanager_launchreport_change", args=[pk])


def _launch_page(report: LaunchReport) -> str:
    address = launch_address(report.task)
    return f"{address}?report={report.pk}" if address else ""
