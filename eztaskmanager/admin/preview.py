"""The next rides of a schedule while someone writes it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from eztaskmanager.admin.keys import read_key
from eztaskmanager.exceptions import ScheduleError
from eztaskmanager.forms import ScheduleForm
from eztaskmanager.models import Task
from eztaskmanager.schedules.clock_changes import note_changes
from eztaskmanager.schedules.wall_clock import load_zone

RIDES = 5


def preview_schedule(request: HttpRequest, tasks: QuerySet[Task], *, may_look: bool) -> HttpResponse:
    """Answer with description and rides, or with what is wrong at which field.

    Args:
        request: Its parameters are the fields of a schedule, and `task`, the number of a task that is there already.
        tasks: Those the user may see.
        may_look: Whether the user may see any.
    """
    if not may_look:
        raise PermissionDenied
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(_("The preview is read with GET."), status=405, content_type="text/plain; charset=utf-8")
    form = ScheduleForm(request.GET, instance=_task(request.GET.get("task", ""), tasks))
    if not form.is_valid():
        errors = {("" if name == "__all__" else name): [str(e) for e in found] for name, found in form.errors.items()}
        return JsonResponse({"description": "", "rides": [], "errors": errors, "zone": "", "utc_offset": None})
    return JsonResponse(_tell(form.instance))


def _task(text: str, tasks: QuerySet[Task]) -> Task:
    if not text:
        return Task()
    key = read_key(text)
    task = None if key is None else tasks.filter(pk=key).first()
    if task is None:
        raise Http404(_("There is no such task."))
    return task


def _tell(task: Task) -> dict[str, Any]:
    schedule, now = task.schedule, timezone.now()
    name = task.zone_name
    zone = load_zone(name)
    answer: dict[str, Any] = {"description": "", "rides": [], "errors": {}, "zone": name}
    offset = now.astimezone(zone).utcoffset()
    answer["utc_offset"] = None if offset is None else offset.total_seconds()
    try:
        answer["description"] = schedule.describe()
        rides = schedule.upcoming(now, RIDES)
        for ride, note in zip(rides, note_changes(schedule, rides), strict=True):
            local = ride.astimezone(zone)
            text = f"{date_format(local, 'D')} {date_format(local, 'DATE_FORMAT')} {local:%H:%M:%S %Z}"
            answer["rides"].append({"at": ride.isoformat(), "text": text, "note": note})
    except ScheduleError as exc:
        answer["errors"] = {exc.field: [str(exc)]}
    return answer
