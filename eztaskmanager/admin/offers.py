"""What may be done with a task now, by whom: the buttons of its row and of its page."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from eztaskmanager.admin import launching
from eztaskmanager.models import Task

DOINGS: dict[str, launching.Doing] = {
    "start": launching.start,
    "run": launching.run_now,
    "pause": launching.pause,
    "stop": launching.stop,
}


@dataclass(frozen=True)
class Offer:
    """Something that may be done.

    Attributes:
        key: Of `DOINGS`.
        label: For a button.
        title: What it does, in some words.
        look: The class of a button on the page.
    """

    key: str
    label: str
    title: str
    look: str = ""


def tell_offers(task: Task, *, may_launch: bool, may_stop: bool, is_busy: bool) -> list[Offer]:
    """Tell what makes sense now.

    Args:
        task: What it is done with.
        may_launch: Whether the user may launch it.
        may_stop: Whether the user may stop it.
        is_busy: Whether a run of it goes on, or waits.
    """
    offers = _starts(task) if may_launch and task.command.active else []
    return [*offers, *(_stops(task, is_busy) if may_stop else ())]


def tell_obstacle(task: Task) -> str:
    """Say why nobody can launch it; empty where nothing is in the way."""
    return "" if task.command.active else _("The command %(name)s is inactive.") % {"name": task.command}


def _starts(task: Task) -> list[Offer]:
    if not task.has_schedule:
        return [Offer("start", _("Start"), _("Run it now"), "default")]
    now = Offer("run", _("Run now"), _("Run it now; its schedule goes on"))
    if task.cached_next_ride is not None:
        return [now]
    if task.is_paused:
        return [Offer("start", _("Resume schedule"), _("Follow the schedule again"), "default"), now]
    return [Offer("start", _("Start schedule"), _("Follow the schedule"), "default"), now]


def _stops(task: Task, is_busy: bool) -> list[Offer]:
    offers = []
    if task.cached_next_ride is not None:
        offers.append(Offer("pause", _("Pause schedule"), _("Let the schedule rest")))
    if is_busy:
        title = (
            _("End what runs or waits, and pause the schedule") if task.has_schedule else _("End what runs or waits")
        )
        offers.append(Offer("stop", _("Stop"), title, "ez-stop"))
    return offers
