"""Stop a task from the command line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from eztaskmanager.exceptions import EzTaskManagerError
from eztaskmanager.management.commands.launch_task import find_task
from eztaskmanager.services.queues import get_task_service


class Command(BaseCommand):
    """The stop button, for scripts."""

    help = "Stop a task: pause its schedule, take its queued runs back, and ask those that run to end."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the task."""
        parser.add_argument("task", help="number or name of the task")

    def handle(self, *args: Any, **options: Any) -> None:
        """Stop it."""
        task = find_task(options["task"])
        try:
            count = get_task_service().remove(task)
        except EzTaskManagerError as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(f"Runs stopped: {count}.")
