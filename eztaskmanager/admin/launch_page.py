"""The page on which a task is launched with other arguments, or with the words that confirm it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _

from eztaskmanager.admin import display, launching
from eztaskmanager.admin.argument_form import tell_page
from eztaskmanager.admin.keys import read_key
from eztaskmanager.exceptions import ArgumentsError, QueueUnreachable
from eztaskmanager.forms import LaunchForm
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.permissions import VIEW_LOG

if TYPE_CHECKING:
    from eztaskmanager.admin.tasks import TaskAdmin

TEMPLATE = "eztaskmanager/admin/launch_task.html"


def show_launch_page(request: HttpRequest, model_admin: TaskAdmin, pk: int) -> HttpResponse:
    """Show the page, or launch.

    Parameters of the address: `report`, the number of a run of this task whose arguments are taken; `schedule`,
    whether the schedule is to be followed, in place of one run.
    """
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    task = get_object_or_404(model_admin.get_queryset(request), pk=pk)
    if not task.may_be_launched_by(request.user):
        raise PermissionDenied(_("You may not launch this task."))
    page = _Page(request, model_admin, task)
    response = page.post() if request.method == "POST" else page.show(page.make_form())
    patch_cache_control(response, private=True, no_store=True)
    return response


class _Page:
    """One request for the page."""

    def __init__(self, request: HttpRequest, model_admin: TaskAdmin, task: Task) -> None:
        self.request, self.model_admin, self.task = request, model_admin, task
        self.follows_schedule = bool(request.GET.get(launching.SCHEDULE)) and task.has_schedule
        self.report = self._report(request.GET.get("report", ""))
        self.original = task.arguments if self.report is None else self.report.arguments
        self.may_see_secrets = model_admin.has_change_permission(request, task)

    def _report(self, number: str) -> LaunchReport | None:
        if not number:
            return None
        key = read_key(number)
        report = None if key is None else LaunchReport.objects.filter(task=self.task, pk=key).first()
        if report is None:
            raise Http404(_("This task has no such run."))
        return report

    def make_form(self, data: Any = None) -> LaunchForm:
        # A run of before may have had another command, and that one's secrets.
        shown = (self.task if self.report is None else self.report).shown_arguments
        if self.may_see_secrets:
            shown = self.original
        return LaunchForm(
            data,
            task=self.task,
            arguments=None if self.follows_schedule else shown,
            original=self.original if not self.may_see_secrets else None,
        )

    def post(self) -> HttpResponse:
        form = self.make_form(self.request.POST)
        if not form.is_valid():
            return self.show(form)
        if self.follows_schedule:
            said = launching.attempt(launching.start_confirmed, self.task, self.request.user)
            launching.tell(self.request, said)
            return HttpResponseRedirect(self._way_back())
        try:
            report = self.task.launch(by=self.request.user, arguments=form.cleaned_data["arguments"])
        except QueueUnreachable as exc:
            launching.tell(self.request, launching.said_of_away_queue(self.task, exc))
            return HttpResponseRedirect(self._way_back())
        except ArgumentsError as exc:
            form.add_error("arguments", str(exc))
            return self.show(form)
        if self.request.user.has_perm(VIEW_LOG):
            return HttpResponseRedirect(display.log_address(report.pk))
        launching.tell(self.request, launching.said_of_launch(self.task, report))
        return HttpResponseRedirect(self._way_back())

    def show(self, form: LaunchForm) -> HttpResponse:
        task = self.task
        title = _("Start the schedule: %(task)s") if self.follows_schedule else _("Launch: %(task)s")
        context = {
            **self.model_admin.admin_site.each_context(self.request),
            "title": title % {"task": task.name},
            "breadcrumb": _("Start the schedule") if self.follows_schedule else _("Launch"),
            "opts": self.model_admin.opts,
            "task": task,
            "about": self._about(),
            "schedule": display.describe_schedule(task),
            "report": self.report,
            "report_moment": "" if self.report is None else self._moment(self.report),
            "form": form,
            "button": _("Start schedule") if self.follows_schedule else _("Launch"),
            "way_back": self._way_back(),
            "may_view_tasks": self.model_admin.has_view_permission(self.request, task),
            "breadcrumbs_are_a_list": django.VERSION >= (6, 1),
        }
        if not self.follows_schedule:
            masked = not self.may_see_secrets
            context["argument_form"] = tell_page("id_arguments", command=task.command_id, masked=masked)
        return TemplateResponse(self.request, TEMPLATE, context)

    def _about(self) -> str:
        if self.follows_schedule:
            return _("Its schedule is followed from now on.")
        if self.task.has_schedule:
            return _("It is launched once with these arguments; the task itself and its schedule stay as they are.")
        return _("It is launched once with these arguments; the task itself stays as it is.")

    def _moment(self, report: LaunchReport) -> str:
        return _("the run of %(moment)s") % {"moment": display.moment(report.invocation_datetime)}

    def _way_back(self) -> str:
        if self.model_admin.has_view_permission(self.request, self.task):
            return reverse("admin:eztaskmanager_task_change", args=[self.task.pk])
        return reverse("admin:index")
