"""What the list of reports does with those selected."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _, ngettext

from eztaskmanager.admin.deletion import delete_reports
from eztaskmanager.admin.keys import read_key
from eztaskmanager.admin.launching import MOST_LAUNCHED, Said, attempt, said_of_launch, tell
from eztaskmanager.models import LaunchReport, Task

N_NAMED = 20


def launch_again(request: HttpRequest, reports: QuerySet[LaunchReport]) -> None:
    """Launch the tasks of these runs with the arguments of then, the oldest first, and say of each what happened."""
    chosen = list(reports.order_by("pk").select_related("task__command")[: MOST_LAUNCHED + 1])
    if len(chosen) > MOST_LAUNCHED:
        text = _("No more than %(count)d runs can be launched again at a time; nothing was launched.")
        tell(request, Said(messages.ERROR, text % {"count": MOST_LAUNCHED}))
        return
    for report in chosen:
        tell(request, _launch_one(request, report))


def _launch_one(request: HttpRequest, report: LaunchReport) -> Said:
    if report.task.command.confirmation:
        text = _("%(name)s asks for a confirmation, and is launched only from its own report.")
        return Said(messages.ERROR, text % {"name": report.task.name})

    def launch(task: Task, user: Any) -> Said:
        return said_of_launch(task, report.launch_again(by=user))

    return attempt(launch, report.task, request.user)


def confirm_deletion(model_admin: Any, request: HttpRequest, reports: QuerySet[LaunchReport]) -> HttpResponse | None:
    """Ask whether to delete these reports, or delete them where the question was answered.

    The question carries the filters and a bound, not the keys: a form may not have thousands of fields.
    """
    if not model_admin.has_delete_permission(request):
        raise PermissionDenied
    select_across = request.POST.get("select_across") == "1"
    newest = read_key(request.POST.get("newest"))
    if select_across and newest is not None:
        # What came since the question was asked is not meant.
        reports = reports.filter(pk__lte=newest)
    if request.POST.get("post"):
        n_deleted = 0
        for batch in delete_reports(reports, request.user):
            doomed = LaunchReport.objects.filter(pk__in=batch).select_related("task")
            model_admin.log_deletions(request, doomed)
            n_deleted += len(batch)
        text = ngettext("%(count)d launch report was deleted.", "%(count)d launch reports were deleted.", n_deleted)
        model_admin.message_user(request, text % {"count": n_deleted}, messages.SUCCESS)
        return None
    not_over = Count("pk", filter=~Q(state=LaunchReport.State.FINISHED))
    sums = reports.order_by().aggregate(n=Count("pk"), lines=Sum("n_log_lines"), newest=Max("pk"), busy=not_over)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Are you sure?"),
        "opts": model_admin.opts,
        "media": model_admin.media,
        "n_reports": sums["n"],
        "n_lines": sums["lines"] or 0,
        "n_busy": sums["busy"],
        "first_reports": reports.select_related("task")[:N_NAMED],
        "n_more": max(0, sums["n"] - N_NAMED),
        "select_across": select_across,
        "newest": sums["newest"] or 0,
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "list_address": request.get_full_path(),
    }
    return TemplateResponse(request, "eztaskmanager/admin/delete_reports.html", context)
