"""The database into documents."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from eztaskmanager.arguments import mask_arguments
from eztaskmanager.exceptions import TaskFileError
from eztaskmanager.models import Task, TaskCategory
from eztaskmanager.services.as_code.documents import Plain, write_document
from eztaskmanager.services.as_code.planning import say_twins
from eztaskmanager.services.as_code.values import columns_of


def export_document(
    *, names: Collection[str] = (), categories: Collection[str] = (), with_secrets: bool = False
) -> tuple[Plain, list[str]]:
    """Write tasks as plain data.

    Args:
        names: Only tasks of these names; empty for all.
        categories: Only tasks of these categories; empty for all.
        with_secrets: Whether values of secret options are written; else dots stand in their place, which an import
            takes for the value that its database has.

    Returns:
        The data, and the names of the tasks that have a secret masked.

    Raises:
        TaskFileError: A name stands for several tasks or categories, or for none.
    """
    tasks = [
        task
        for task in Task.objects.select_related("command", "category").order_by("name", "pk")
        if (not names or task.name in names)
        and (not categories or (task.category is not None and task.category.name in categories))
    ]
    wanted = {task.category_id for task in tasks}
    rows = [row for row in TaskCategory.objects.order_by("name", "pk") if not (names or categories) or row.pk in wanted]
    missing = [f"There is no task {name!r}." for name in names if name not in {task.name for task in tasks}]
    return _write(tasks, rows, with_secrets=with_secrets, problems=missing)


def export_tasks(tasks: Iterable[Task]) -> tuple[Plain, list[str]]:
    """Write these tasks and their categories as plain data, secrets masked; else as `export_document` does.

    Raises:
        TaskFileError: Some of them have the same name.
    """
    tasks = sorted(tasks, key=lambda task: (task.name, task.pk))
    categories = {task.category.pk: task.category for task in tasks if task.category is not None}
    return _write(tasks, sorted(categories.values(), key=lambda row: (row.name, row.pk)), with_secrets=False)


def _write(
    tasks: list[Task], rows: list[TaskCategory], *, with_secrets: bool, problems: Iterable[str] = ()
) -> tuple[Plain, list[str]]:
    problems = [*problems, *_twins("tasks", tasks), *_twins("categories", rows)]
    if problems:
        raise TaskFileError(*problems)
    hidden: list[str] = []
    documents = []
    for task in tasks:
        values = columns_of(task)
        shown = values["arguments"] if with_secrets else mask_arguments(task.command.name, values["arguments"])
        if shown != values["arguments"]:
            hidden.append(task.name)
        documents.append({**values, "arguments": shown})
    return write_document({row.name: row.color for row in rows}, documents), hidden


def _twins(what: str, rows: Iterable[Task] | Iterable[TaskCategory]) -> list[str]:
    named: dict[str, list[Task | TaskCategory]] = {}
    for row in rows:
        named.setdefault(row.name, []).append(row)
    return [say_twins(what, twins) for twins in named.values() if len(twins) > 1]
