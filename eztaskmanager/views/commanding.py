"""Buttons of the live viewer: stop this run, launch another like it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from eztaskmanager.exceptions import EzTaskManagerError, QueueUnreachable
from eztaskmanager.permissions import LAUNCH_TASK, STOP_TASK, VIEW_LOG
from eztaskmanager.views.access import ReportView
from eztaskmanager.views.polling import tell_run


class StopRunView(ReportView):
    """Ask a run to end; a POST."""

    http_method_names = ["post"]
    permission = STOP_TASK

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Stop it, and answer a script with how it stands, a browser with its page."""
        try:
            was_running, text = self.report.stop(request.user), _("The run is asked to stop.")
        except QueueUnreachable as exc:
            was_running, text = True, str(exc)
        if not was_running:
            text = _("The run is over, or is stopping already.")
        if request.accepts("text/html"):
            messages.info(request, text)
            return _page_of(request, pk)
        if not request.user.has_perm(VIEW_LOG):
            # What it ran with, and what went wrong, is for those who may read.
            return JsonResponse({"message": text, "state": self.report.state, "is_over": self.report.is_over})
        return JsonResponse({"message": text, **tell_run(self.report)})


class LaunchAgainView(ReportView):
    """Launch the task once more, with the arguments of this run; a POST."""

    http_method_names = ["post"]
    permission = LAUNCH_TASK

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Launch it, and go to the page of the new run; or to the one on which its command asks to be confirmed."""
        if self.report.task.command.confirmation:
            address = reverse("admin:eztaskmanager_task_launch", args=[self.report.task_id])
            return redirect(f"{address}?report={self.report.pk}")
        try:
            report = self.report.launch_again(by=request.user)
        except QueueUnreachable as exc:
            messages.warning(request, _("The run waits, for the queue does not answer: %(why)s") % {"why": exc})
        except EzTaskManagerError as exc:
            messages.error(request, str(exc))
        else:
            return _page_of(request, report.pk)
        return _page_of(request, pk)


def _page_of(request: HttpRequest, pk: int) -> HttpResponse:
    # Whoever may launch may perhaps not read logs.
    if request.user.has_perm(VIEW_LOG):
        return redirect("eztaskmanager:live_log_viewer", pk=pk)
    return redirect("admin:eztaskmanager_task_changelist")
