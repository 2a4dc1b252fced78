"""What the buttons in the rows of the task list do."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.html import conditional_escape
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from eztaskmanager.admin import launching
from eztaskmanager.admin.live import tell_states
from eztaskmanager.admin.offers import DOINGS
from eztaskmanager.models import Task


def press(request: HttpRequest, tasks: QuerySet[Task], pk: int, doing: str, *, may_look: bool) -> HttpResponse:
    """Do with a task what a button says.

    A script is answered in JSON: `said`, each with `level` and `html`; `redirect`, where to go instead, or empty; and
    the row as `live.tell_states` tells it. A form goes back to where it came from, its `next`, with a message.

    Args:
        request: A POST; `launching` asks for the permission.
        tasks: Those the user may see.
        pk: Which of them.
        doing: A key of `offers.DOINGS`.
        may_look: Whether the user may see any.
    """
    if not may_look:
        raise PermissionDenied
    if request.method != "POST":
        return HttpResponse(_("This is done with POST."), status=405, content_type="text/plain; charset=utf-8")
    task = tasks.filter(pk=pk).first()
    if task is None or doing not in DOINGS:
        raise Http404(_("There is no such task."))
    address = launching.confirmation_page(task, DOINGS[doing]) or ""
    said = None if address else launching.attempt(DOINGS[doing], task, request.user)
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse(_tell(request, tasks, pk, said, address))
    if said is not None:
        launching.tell(request, said)
    return HttpResponseRedirect(address or _back(request))


def _tell(
    request: HttpRequest, tasks: QuerySet[Task], pk: int, said: launching.Said | None, address: str
) -> dict[str, Any]:
    level = "" if said is None else messages.DEFAULT_TAGS.get(said.level, "info")
    return {
        "said": [] if said is None else [{"level": level, "html": conditional_escape(said.text)}],
        "redirect": address,
        **tell_states(request, tasks.filter(pk=pk)),
    }


def _back(request: HttpRequest) -> str:
    address = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        return address
    return reverse("admin:eztaskmanager_task_changelist")
