"""What an installation of the predecessor needs once, after its tables were migrated."""

from __future__ import annotations

import logging
from typing import Any

from django.apps import AppConfig
from django.core.management import get_commands
from django.db import models, router
from django.db.models.signals import post_migrate

from eztaskmanager.exceptions import TaskQueueException
from eztaskmanager.models import AppCommand, Task, TaskCategory
from eztaskmanager.services.queues import get_task_service

logger = logging.getLogger(__name__)

APP = "eztaskmanager"
MODELS: tuple[type[models.Model], ...] = (Task, TaskCategory, AppCommand)


def connect(app: AppConfig) -> None:
    """Listen to `migrate`."""
    post_migrate.connect(on_migrated, sender=app, dispatch_uid="eztaskmanager.upgraded")


def on_migrated(using: str, plan: Any = (), apps: Any = None, **kwargs: Any) -> None:
    """Take over the timers of the predecessor, and tell of its commands that are no longer here."""
    # Django gives pairs of a migration and whether it was undone.
    has_moved = any(migration.app_label == APP and not is_undone for migration, is_undone in plan)
    if not has_moved or using != router.db_for_write(Task) or not is_migrated(apps):
        return
    _take_over_timers()
    _tell_of_commands()


def is_migrated(apps: Any) -> bool:
    """Tell whether the tables are those of this release; one may migrate to an earlier state.

    Args:
        apps: The state that was reached, as `post_migrate` gives it; None where nothing was migrated.
    """
    if apps is None:
        return True
    try:
        reached = [apps.get_model(APP, model.__name__) for model in MODELS]
    except LookupError:
        return False
    return all(_columns_of(model) == _columns_of(state) for model, state in zip(MODELS, reached))


def _columns_of(model: Any) -> set[str]:
    return {field.column for field in model._meta.concrete_fields}


def _take_over_timers() -> None:
    if not Task.objects.filter(scheduled_job_id__gt="").exists():
        return
    try:
        get_task_service().look_after_timers()
    except TaskQueueException as exc:
        logger.warning("The timers of the tasks are taken over by the next tick that reaches the queue: %s", exc)
    except Exception:  # Whatever an engine says, the migration is done.
        logger.exception("The timers of the tasks are not taken over yet.")


def _tell_of_commands() -> None:
    installed = get_commands()
    for command in AppCommand.objects.filter(app_name=APP, active=True):
        if installed.get(command.name) != APP:
            names = [repr(name) for name in Task.objects.filter(command=command).values_list("name", flat=True)]
            logger.warning(
                "The command %s is in the demo project now, and no longer here; tasks that have it: %s.",
                command,
                ", ".join(names) or "none",
            )
