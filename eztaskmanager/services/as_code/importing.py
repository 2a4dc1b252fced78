"""Documents into the database."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import F

from eztaskmanager.exceptions import TaskQueueException
from eztaskmanager.log_extra import about_ids
from eztaskmanager.models import AppCommand, Task, TaskCategory
from eztaskmanager.services.as_code.commands import collect
from eztaskmanager.services.as_code.documents import Document
from eztaskmanager.services.as_code.planning import Plan, Step, make_plan
from eztaskmanager.services.as_code.values import DEFAULTS
from eztaskmanager.services.queues import get_task_service

logger = logging.getLogger(__name__)


def import_document(document: Document, *, keeps_rest: bool = False, doomed: Collection[int] = ()) -> Plan:
    """Bring the tasks of a document into the database, in one transaction; nothing runs by that.

    A task whose schedule stays the same keeps its next ride; what runs own is never written.

    Args:
        document: What is to be.
        keeps_rest: As for `make_plan`.
        doomed: Primary keys of tasks to be stopped and deleted.

    Returns:
        What was done.

    Raises:
        TaskFileError: Nothing was done, for it cannot all be.
    """
    # Looked for before the transaction, which is to begin with the lock: SQLite refuses it to who has read.
    has_table = MigrationRecorder(connection).has_table()
    with transaction.atomic():
        if has_table:
            _be_alone()
        plan = make_plan(document, keeps_rest=keeps_rest)
        commands = collect({step.command for step in plan.steps})
        categories = _write_categories(plan)
        for step in plan.steps:
            _write_task(step, commands[step.command], categories)
        for task in Task.objects.filter(pk__in=doomed):
            delete(task)
    return plan


def delete(task: Task) -> None:
    """Stop a task and delete it, with its reports."""
    try:
        get_task_service().remove(task, is_checked=False)
    except TaskQueueException as exc:
        logger.warning("While deleting %s, the queue did not answer: %s", task, exc, extra=about_ids(task.pk))
    task.delete()


def _be_alone() -> None:
    """Wait until other imports are done; two at once would make the same tasks twice, for names are no key."""
    first = MigrationRecorder(connection).migration_qs.filter(app="eztaskmanager", name="0001_initial")
    # A write that changes nothing is a lock on every database.
    first.update(name=F("name"))


def _write_categories(plan: Plan) -> dict[str, TaskCategory]:
    rows: dict[str, TaskCategory] = {row.name: row for row in TaskCategory.objects.order_by("-pk")}
    for name, color in plan.categories.items():
        if name in rows:
            rows[name].color = color
            rows[name].save(update_fields=["color"])
        else:
            rows[name] = TaskCategory.objects.create(name=name, color=color)
    return rows


def _write_task(step: Step, command: AppCommand, categories: dict[str, TaskCategory]) -> None:
    values = step.values
    columns: dict[str, Any] = {column: values[column] for column in DEFAULTS}
    columns |= {"name": values["name"], "command": command, "category": categories.get(values["category"])}
    if step.task is None:
        Task.objects.create(**columns, is_paused=values["is_paused"])
        return
    task = step.task
    for column, value in columns.items():
        setattr(task, column, value)
    task.save()
    if task.is_paused != values["is_paused"]:
        if values["is_paused"]:
            task.pause()
        else:
            task.resume()
