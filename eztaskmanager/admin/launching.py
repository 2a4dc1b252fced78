"""What buttons and list actions do with tasks, and what is said about it.

A command may ask for words to be typed before its tasks are launched by hand. `start` and `run_now` then launch
nothing, and say where the words are typed; `start_confirmed` and `launch_confirmed` are for those who have read them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import Error as DatabaseError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _, ngettext

from eztaskmanager.admin.display import log_link, moment_in_zone
from eztaskmanager.exceptions import EzTaskManagerError, QueueUnreachable
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services.queues import get_task_service

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


@dataclass(frozen=True)
class Said:
    """What is told about one task.

    Attributes:
        level: Of `django.contrib.messages`.
        text: A sentence, which may be safe HTML.
    """

    level: int
    text: str


Doing = Callable[[Task, "User | AnonymousUser"], Said]

# A slip of the hand is not to flood the queue.
MOST_LAUNCHED = 100
# A page full of messages tells less than their number.
MOST_TOLD = 20
# Parameter of the launch page: whether the schedule is to be followed, in place of one run.
SCHEDULE = "schedule"


def start(task: Task, user: User | AnonymousUser) -> Said:
    """Have its schedule followed, or run it now if it has none; nothing of it where that must be confirmed."""
    return must_be_confirmed(task, start) if task.command.confirmation else start_confirmed(task, user)


def run_now(task: Task, user: User | AnonymousUser) -> Said:
    """Run it now, and leave its schedule alone; nothing of it where that must be confirmed."""
    return must_be_confirmed(task, run_now) if task.command.confirmation else launch_confirmed(task, user)


def start_confirmed(task: Task, user: User | AnonymousUser) -> Said:
    """Have its schedule followed, or run it now if it has none."""
    report = get_task_service().add(task, by=user)
    if report is not None:
        return said_of_launch(task, report)
    task.refresh_from_db(fields=["cached_next_ride", "schedule_error"])
    if task.schedule_error:
        return Said(messages.ERROR, f"{task.name}: {task.schedule_error}")
    ride = moment_in_zone(task.cached_next_ride, task.zone_name)
    return Said(messages.SUCCESS, format_html(_("{} is scheduled; its next run is on {}."), task.name, ride))


def launch_confirmed(task: Task, user: User | AnonymousUser) -> Said:
    """Run it now, and leave its schedule alone."""
    return said_of_launch(task, task.launch(by=user))


def must_be_confirmed(task: Task, doing: Doing) -> Said:
    """Say where the words are typed."""
    link = format_html('<a href="{}">{}</a>', confirmation_page(task, doing), _("Confirm it on its own page"))
    return Said(messages.WARNING, format_html(_("{} is not launched yet. {}."), task.name, link))


def confirmation_page(task: Task, doing: Doing) -> str | None:
    """Tell the page on which this is confirmed first; None where nothing is to be confirmed."""
    if doing not in (start, run_now) or not task.command.confirmation:
        return None
    address = reverse("admin:eztaskmanager_task_launch", args=[task.pk])
    return f"{address}?{SCHEDULE}=1" if doing is start and task.has_schedule else address


def stop(task: Task, user: User | AnonymousUser) -> Said:
    """Let its schedule rest, and end what runs or waits."""
    count = get_task_service().remove(task, by=user)
    if count:
        text = ngettext(
            "%(name)s: %(count)d run is asked to stop.", "%(name)s: %(count)d runs are asked to stop.", count
        )
        text %= {"name": task.name, "count": count}
        if task.has_schedule:
            text = _("%(text)s Its schedule is paused.") % {"text": text}
        return Said(messages.SUCCESS, text)
    if task.has_schedule:
        return Said(messages.SUCCESS, _("%(name)s: its schedule is paused.") % {"name": task.name})
    return Said(messages.INFO, _("%(name)s: there is nothing to stop.") % {"name": task.name})


def pause(task: Task, user: User | AnonymousUser) -> Said:
    """Let its schedule rest; what runs, goes on."""
    task.check_may_stop(user)
    task.pause(user)
    return Said(messages.SUCCESS, _("%(name)s: its schedule is paused.") % {"name": task.name})


def said_of_launch(task: Task, report: LaunchReport) -> Said:
    """Say that it is launched."""
    link = log_link(report.pk, _("See its log"))
    return Said(messages.SUCCESS, format_html(_("{} is launched. {}"), task.name, link))


def said_of_away_queue(task: Task, why: QueueUnreachable) -> Said:
    """Say that the run waits in the database."""
    text = _("%(name)s: the queue does not answer; the run is kept, and handed over when it answers again. (%(why)s)")
    return Said(messages.WARNING, text % {"name": task.name, "why": why})


def attempt(doing: Doing, task: Task, user: User | AnonymousUser) -> Said:
    """Do something with a task; whatever goes wrong is what is said."""
    try:
        return doing(task, user)
    except QueueUnreachable as exc:
        return said_of_away_queue(task, exc)
    except EzTaskManagerError as exc:
        return Said(messages.ERROR, f"{task.name}: {exc}")
    except DatabaseError as exc:
        return Said(messages.ERROR, _("%(name)s: the database refused: %(why)s") % {"name": task.name, "why": exc})


def do_with_all(request: HttpRequest, doing: Doing, tasks: Iterable[Task]) -> None:
    """Do something with each task, and say of each what happened; one does not stop the others.

    Of many is said how many went well, and what went wrong with the others. Too many are not launched at once.
    """
    tasks = list(tasks)
    launched = [task for task in tasks if doing is run_now or (doing is start and not task.has_schedule)]
    if len(launched) > MOST_LAUNCHED:
        text = _("No more than %(count)d tasks can be launched at a time; nothing was launched.")
        tell(request, Said(messages.ERROR, text % {"count": MOST_LAUNCHED}))
        return
    for said in _sum_up([attempt(doing, task, request.user) for task in tasks]):
        tell(request, said)


def _sum_up(said: list[Said]) -> list[Said]:
    if len(said) <= MOST_TOLD:
        return said
    bad = [each for each in said if each.level > messages.SUCCESS]
    counts = {"good": len(said) - len(bad), "all": len(said), "more": len(bad) - MOST_TOLD}
    good = Said(messages.SUCCESS, _("It is done with %(good)d of %(all)d tasks.") % counts)
    rest = Said(messages.ERROR, _("… and %(more)d more like these.") % counts)
    return [good, *bad[:MOST_TOLD], *([rest] if len(bad) > MOST_TOLD else [])]


def tell(request: HttpRequest, said: Said) -> None:
    """Show it on the next page."""
    messages.add_message(request, said.level, said.text)
