"""Who looks at tasks, and the rows that are shown to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from django.urls import NoReverseMatch, reverse

from eztaskmanager.admin.recent import Recent, fetch_recent
from eztaskmanager.admin.ways import may_open
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.permissions import LAUNCH_TASK, STOP_TASK, VIEW_LOG
from eztaskmanager.settings import app_settings

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

PLACEHOLDER = 999_999_999_999


@dataclass(frozen=True)
class Onlooker:
    """What a user may do with the tasks that they see.

    Attributes:
        may_launch: Whether they may launch, and have schedules followed.
        may_stop: Whether they may stop, and pause schedules.
        run_page: The address of the page of a run, with a place for its number; empty where they may see none.
    """

    may_launch: bool = False
    may_stop: bool = False
    run_page: tuple[str, ...] = ()

    @classmethod
    def of(cls, user: User | AnonymousUser) -> Onlooker:
        """Ask for the permissions of a user."""
        return cls(
            may_launch=user.has_perm(LAUNCH_TASK),
            may_stop=user.has_perm(STOP_TASK),
            run_page=tuple(_run_page(user).split(str(PLACEHOLDER))),
        )

    def address_of(self, run_pk: int | None) -> str:
        """Tell where a run is looked at; empty if nowhere."""
        return "" if run_pk is None or len(self.run_page) < 2 else f"{self.run_page[0]}{run_pk}{self.run_page[1]}"


@dataclass(frozen=True)
class Shown:
    """What is shown of a task beside itself."""

    recent: Recent
    onlooker: Onlooker


def show(tasks: Iterable[Task], user: User | AnonymousUser) -> None:
    """Get ready what the columns show of these tasks."""
    tasks = list(tasks)
    onlooker, recent = Onlooker.of(user), fetch_recent(tasks)
    for task in tasks:
        task.__dict__["_ez_shown"] = Shown(recent[task.pk], onlooker)


def shown_of(task: Task) -> Shown:
    """Tell what was made ready; a task that was not shown to anyone is shown without links."""
    if "_ez_shown" not in task.__dict__:
        task.__dict__["_ez_shown"] = Shown(fetch_recent([task])[task.pk], Onlooker())
    return cast(Shown, task.__dict__["_ez_shown"])


def launch_address(task: Task) -> str:
    """Tell where a task is launched with other arguments; empty where there is no such page."""
    try:
        return reverse("admin:eztaskmanager_task_launch", args=[task.pk])
    except NoReverseMatch:
        return ""


def _run_page(user: User | AnonymousUser) -> str:
    if app_settings.SHOW_LOGVIEWER_LINK and user.has_perm(VIEW_LOG):
        return reverse("eztaskmanager:live_log_viewer", args=[PLACEHOLDER])
    if may_open(user, LaunchReport):
        return reverse("admin:eztaskmanager_launchreport_change", args=[PLACEHOLDER])
    return ""
