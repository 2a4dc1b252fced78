"""How tasks stand, for a page that asks again and again."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from eztaskmanager.admin.cells import tell_cells
from eztaskmanager.admin.keys import read_key
from eztaskmanager.admin.onlooker import show
from eztaskmanager.admin.panel import tell_panel
from eztaskmanager.models import Task

MOST_ROWS = 200
BUSY, CALM = 2_000, 15_000
# Texts that the page itself keeps true: they make no answer a new one, and travel empty.
ALIVE = re.compile(r'(<time class="ez-alive [^>]*>)[^<]*')


def answer_states(request: HttpRequest, tasks: QuerySet[Task], *, may_look: bool) -> HttpResponse:
    """Answer with the cells of the tasks asked for; 304 while nothing is new.

    Args:
        request: `task` is the number of a task, any number of times; with `panel=1`, its page is what asks.
        tasks: Those the user may see.
        may_look: Whether the user may see any.
    """
    if not may_look:
        raise PermissionDenied
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(_("The states are read with GET."), status=405, content_type="text/plain; charset=utf-8")
    asked = map(read_key, request.GET.getlist("task")[:MOST_ROWS])
    keys = {key for key in asked if key is not None}
    # A page has one panel, and each costs some queries.
    with_panel = request.GET.get("panel") == "1" and len(keys) == 1
    body = tell_states(request, tasks.filter(pk__in=keys), with_panel=with_panel)
    tag = f'"{hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-store"}
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers=headers)
    return JsonResponse(body, headers=headers)


def tell_states(request: HttpRequest, tasks: Iterable[Task], *, with_panel: bool = False) -> dict[str, Any]:
    """Tell the cells of each task, and when to ask again.

    Returns:
        `rows`: task → cell → HTML; `pause`: milliseconds until there may be news; `next_ride`: the moment of the next
        ride among them, in milliseconds, or None.
    """
    tasks = list(tasks)
    show(tasks, request.user)
    rows = {}
    for task in tasks:
        cells = dict(tell_cells(task))
        if with_panel:
            context = {"panel": tell_panel(request, task)}
            cells["panel"] = render_to_string("eztaskmanager/admin/task_panel.html", context, request)
        rows[str(task.pk)] = {name: ALIVE.sub(r"\1", html) for name, html in cells.items()}
    is_busy = any(task.status in (Task.STATUS_STARTED, Task.STATUS_SPOOLED) for task in tasks)
    rides = [task.cached_next_ride for task in tasks if task.cached_next_ride is not None]
    return {"rows": rows, "pause": BUSY if is_busy else CALM, "next_ride": _next(rides)}


def _next(rides: list[dt.datetime]) -> int | None:
    """Tell the next one; one that nobody runs will not come soon."""
    coming = [ride for ride in rides if ride > timezone.now() - dt.timedelta(seconds=5)]
    return int(min(coming).timestamp() * 1000) if coming else None
