"""Launch a task from the command line."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from eztaskmanager.exceptions import EzTaskManagerError, QueueUnreachable
from eztaskmanager.models import LaunchReport, Task

GOOD = (LaunchReport.RESULT_OK, LaunchReport.RESULT_WARNINGS)


def find_task(words: str) -> Task:
    """Find a task by its number, or by its whole name.

    Raises:
        CommandError: There is none, or there are several.
    """
    tasks = Task.objects.select_related("command")
    found = list(tasks.filter(pk=int(words))) if words.isdecimal() else []
    found = found or list(tasks.filter(name=words).order_by("pk"))
    if not found:
        raise CommandError(f"There is no task {words!r}; give the number or the whole name of one.")
    if len(found) > 1:
        numbers = ", ".join(str(task.pk) for task in found)
        raise CommandError(f"Several tasks are named {words!r}; give the number of one: {numbers}.")
    return found[0]


class Command(BaseCommand):
    """The start button, for scripts."""

    help = "Launch a task now, on its queue, whatever its schedule; print the number of the report."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the task, other arguments for it, and whether to wait."""
        parser.add_argument("task", help="number or name of the task")
        parser.add_argument("--arguments", metavar="TEXT", help="arguments for this run, in place of the task's own")
        parser.add_argument(
            "--wait",
            action="store_true",
            help="wait for the end; the exit code is 1 unless it ends ok or with warnings",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Launch it."""
        task = find_task(options["task"])
        try:
            report = task.launch(arguments=options["arguments"])
        except QueueUnreachable as exc:
            raise CommandError(f"The run waits in the database: {exc}") from exc
        except EzTaskManagerError as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(str(report.pk))
        if options["wait"]:
            self.stdout.flush()
            self._wait(report)

    def _wait(self, report: LaunchReport) -> None:
        while not report.is_over:
            time.sleep(0.5)
            report.refresh_from_db()
        self.stdout.write(report.invocation_result)
        if report.invocation_result not in GOOD:
            raise CommandError(report.error or f"The run ended as {report.invocation_result}.")
