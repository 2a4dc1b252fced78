"""Tasks whose arguments their command no longer takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from eztaskmanager.arguments import validate
from eztaskmanager.exceptions import ArgumentsError
from eztaskmanager.models import Task


@dataclass(frozen=True)
class Refusal:
    """A task that its command refuses, and why; the sentence holds no secrets."""

    task: Task
    reason: str


def find_refusals(tasks: QuerySet[Task]) -> Iterator[Refusal]:
    """Hold the arguments of each task against its command's parser as it is now."""
    for task in tasks.select_related("command").order_by("pk").iterator(chunk_size=500):
        try:
            validate(task.command.name, task.arguments)
        except ArgumentsError as exc:
            yield Refusal(task, str(exc))
