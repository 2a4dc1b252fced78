"""Look for tasks whose arguments their command no longer takes."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from eztaskmanager.models import Task
from eztaskmanager.services.argument_checks import Refusal, find_refusals

HEAD = ("Task", "Command", "What is wrong", "Name")


class Command(BaseCommand):
    """For a deployment, before people find out."""

    help = "List the tasks whose arguments their command no longer takes; the exit code is 1 if there are any."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take which tasks, and in which form they are told."""
        parser.add_argument("--active", action="store_true", help="only tasks whose schedule is followed")
        parser.add_argument("--json", action="store_true", help="print JSON, for scripts")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, and tell."""
        tasks = Task.objects.all()
        if options["active"]:
            tasks = tasks.filter(cached_next_ride__isnull=False)
        refusals = list(find_refusals(tasks))
        if options["json"]:
            self.stdout.write(json.dumps([_tell(refusal) for refusal in refusals], indent=2, ensure_ascii=False))
        elif refusals:
            self._print_table(refusals)
        else:
            self.stdout.write(f"The commands take the arguments of all {tasks.count()} tasks.")
        if refusals:
            # Not as a CommandError, whose message would be one more line to read.
            sys.exit(1)

    def _print_table(self, refusals: list[Refusal]) -> None:
        rows = [
            (str(refusal.task.pk), refusal.task.command.name, " ".join(refusal.reason.split()), refusal.task.name)
            for refusal in refusals
        ]
        widths = [max(len(row[column]) for row in (HEAD, *rows)) for column in range(len(HEAD))]
        for row in (HEAD, tuple("-" * width for width in widths), *rows):
            self.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def _tell(refusal: Refusal) -> dict[str, Any]:
    task = refusal.task
    return {"id": task.pk, "name": task.name, "command": task.command.name, "error": refusal.reason}
