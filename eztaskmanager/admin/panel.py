"""The panel above the form of a task: how it stands, and the buttons that make sense now."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from eztaskmanager.admin import display
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.views.access import READ_PERMISSION


@dataclass(frozen=True)
class Button:
    """A button that posts the form under its name."""

    name: str
    label: str
    look: str
    title: str


@dataclass(frozen=True)
class Panel:
    """What the panel shows."""

    status: SafeString
    description: str
    next_ride: SafeString | None
    schedule_error: str
    runs: list[tuple[SafeString, str, SafeString]]
    buttons: list[Button]


def tell_panel(request: HttpRequest, task: Task) -> Panel:
    """Tell how the task stands, with the buttons that the user may press."""
    busy = list(LaunchReport.objects.filter(task=task).busy().order_by("pk")[:5])
    may_read = request.user.has_perm(READ_PERMISSION)
    rides = task.cached_next_ride is not None
    return Panel(
        status=display.task_status(task),
        description=display.describe_schedule(task),
        next_ride=display.next_ride(task) if rides else None,
        schedule_error=task.schedule_error,
        runs=[
            (
                display.report_state(report),
                display.log_address(report.pk) if may_read else "",
                display.progress_bar(report),
            )
            for report in busy
        ],
        buttons=[*_starts(task, request), *_stops(task, request, bool(busy))],
    )


def _starts(task: Task, request: HttpRequest) -> list[Button]:
    if not task.may_be_launched_by(request.user):
        return []
    if not task.has_schedule:
        return [Button("_start-task", _("Start"), "default", _("Save, and run it now"))]
    buttons = []
    if task.cached_next_ride is None:
        buttons.append(Button("_start-task", _("Start schedule"), "default", _("Save, and follow the schedule")))
    return [*buttons, Button("_launch-task", _("Run now"), "", _("Save, and run it now; its schedule goes on"))]


def _stops(task: Task, request: HttpRequest, is_busy: bool) -> list[Button]:
    buttons: list[Button] = []
    if not task.may_be_stopped_by(request.user):
        return buttons
    if task.cached_next_ride is not None:
        buttons.append(Button("_pause-task", _("Pause schedule"), "", _("Save, and let the schedule rest")))
    if is_busy or task.cached_next_ride is not None:
        title = (
            _("End what runs or waits, and pause the schedule") if task.has_schedule else _("End what runs or waits")
        )
        buttons.append(Button("_stop-task", _("Stop"), "ez-stop", title))
    return buttons
