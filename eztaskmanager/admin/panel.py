"""The panel above the form of a task: how it stands, and the buttons that make sense now."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from eztaskmanager.admin import cells, display, offers
from eztaskmanager.admin.onlooker import Onlooker, launch_address, shown_of
from eztaskmanager.admin.strips import tell_verdict
from eztaskmanager.models import LaunchReport, Task

MOST_RUNS = 5


@dataclass(frozen=True)
class Run:
    """A run that goes on, or waits."""

    state: SafeString
    ticking: SafeString
    bar: SafeString
    verdict: str
    address: str


@dataclass(frozen=True)
class Panel:
    """What the panel shows.

    Attributes:
        buttons: Each posts the form under its name.
        launch_address: Where it is started with other arguments; empty where the user may not, or there is no page.
        obstacle: Why nobody can launch it; empty where nothing is in the way.
    """

    task: Task
    status: SafeString
    description: str
    next_ride: SafeString | None
    schedule_error: str
    strip: SafeString
    runs: list[Run]
    buttons: list[offers.Offer]
    launch_address: str
    obstacle: str


def tell_panel(request: HttpRequest, task: Task) -> Panel:
    """Tell how the task stands, with the buttons that the user may press."""
    busy = list(LaunchReport.objects.filter(task=task).busy().order_by("pk")[:MOST_RUNS])
    may_launch, onlooker, recent = (
        task.may_be_launched_by(request.user),
        Onlooker.of(request.user),
        shown_of(task).recent,
    )
    ride = task.cached_next_ride
    return Panel(
        task=task,
        status=display.task_status(task),
        description=display.describe_schedule(task),
        next_ride=None if ride is None else format_html("{} · {}", display.relative(ride), display.next_ride(task)),
        schedule_error=task.schedule_error,
        strip=cells.strip(task),
        runs=[
            Run(
                state=display.report_state(report),
                ticking=display.ticking(report),
                bar=display.progress_bar(report),
                verdict=tell_verdict(recent.judge(report)),
                address=onlooker.address_of(report.pk),
            )
            for report in busy
        ],
        buttons=offers.tell_offers(
            task, may_launch=may_launch, may_stop=task.may_be_stopped_by(request.user), is_busy=bool(busy)
        ),
        launch_address=launch_address(task) if may_launch and task.command.active else "",
        obstacle=offers.tell_obstacle(task),
    )
