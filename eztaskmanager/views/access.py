"""Who may read which log, and what an address may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.generic import View

from eztaskmanager.exceptions import SearchRefused
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.permissions import VIEW_LOG

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class BadParameter(Exception):
    """A query parameter that means nothing; `str()` says what is allowed."""


def visible_reports(user: User | AnonymousUser) -> QuerySet[LaunchReport]:
    """Keep the reports of tasks whose command's groups let the user in."""
    if user.is_superuser:
        return LaunchReport.objects.all()
    return LaunchReport.objects.filter(task__in=Task.objects.visible_to(user))


class ReportView(View):
    """A view of one report: asks for a login, then for the permission, then whether the report is for this user.

    Attributes:
        permission: What is needed beside the allowed groups.
    """

    permission = VIEW_LOG
    report: LaunchReport

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Let in whoever may come in, and answer a bad parameter with its sentence."""
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), _login_address())
        if not request.user.has_perm(self.permission):
            raise PermissionDenied(_("You may not see the logs of runs."))
        reports = visible_reports(request.user).select_related("task__command", "task__category")
        self.report = get_object_or_404(reports, pk=kwargs["pk"])
        try:
            response = super().dispatch(request, *args, **kwargs)
        except (BadParameter, SearchRefused) as exc:
            return HttpResponse(str(exc), status=400, content_type="text/plain; charset=utf-8")
        patch_cache_control(response, private=True, no_store=True)
        return response


def _login_address() -> str | None:
    try:
        return reverse("admin:login")
    except NoReverseMatch:
        return None  # The project's LOGIN_URL, then.
