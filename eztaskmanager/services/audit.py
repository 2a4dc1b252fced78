"""Who launched, stopped, paused and resumed what, in the admin's own history of each task."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.utils.translation import gettext_lazy as _

from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.signals import task_acted

SENTENCES = {
    "launched": _("Launched: run %(run)s."),
    "stopped": _("Asked run %(run)s to stop."),
    "paused": _("Paused the schedule."),
    "resumed": _("Had the schedule followed."),
}


def connect() -> None:
    """Listen to the models."""
    task_acted.connect(on_acted, dispatch_uid="eztaskmanager.on_acted")


def on_acted(task: Task, by: Any, action: str, report: LaunchReport | None, **kwargs: Any) -> None:
    """Write the entry, where the project has the admin, and it was a person."""
    if by is None or by.pk is None or not apps.is_installed("django.contrib.admin"):
        return
    # Models of an app that a project may do without.
    from django.contrib.admin.models import CHANGE, LogEntry
    from django.contrib.contenttypes.models import ContentType

    LogEntry.objects.create(
        user_id=by.pk,
        content_type=ContentType.objects.get_for_model(Task),
        object_id=str(task.pk),
        object_repr=task.name[:200],
        action_flag=CHANGE,
        change_message=str(SENTENCES[action]) % {"run": report.pk if report is not None else ""},
    )
