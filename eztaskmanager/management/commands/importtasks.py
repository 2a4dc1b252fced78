"""Bring the tasks of a file into the database."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from eztaskmanager.exceptions import TaskFileError
from eztaskmanager.models import Task
from eztaskmanager.services.as_code.declared import load_declared
from eztaskmanager.services.as_code.differences import Change
from eztaskmanager.services.as_code.documents import Document, read_document
from eztaskmanager.services.as_code.files import FORMATS, dump, format_of, load
from eztaskmanager.services.as_code.importing import import_document
from eztaskmanager.services.as_code.planning import make_plan, masked
from eztaskmanager.services.as_code.values import columns_of


class Command(BaseCommand):
    """Tasks as code: into the database."""

    help = (
        "Make the tasks of a YAML or JSON file, and change those that are there to what it says. It may run as often"
        " as one likes. Nothing runs by it, and nothing is changed unless all of the file is right."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file, and what to do with it."""
        parser.add_argument(
            "file", nargs="?", help="file to read; - is standard input; without one, what EZTASKMANAGER_TASKS declares"
        )
        parser.add_argument("--format", choices=FORMATS, help="by default that of the file's suffix, or yaml")
        parser.add_argument(
            "--check", action="store_true", help="only print the differences; the exit code is 1 if there are any"
        )
        parser.add_argument(
            "--prune", action="store_true", help="also stop and delete the tasks that the file lacks, after asking"
        )
        parser.add_argument(
            "--no-input", "--noinput", action="store_false", dest="interactive", help="do not ask before pruning"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import."""
        form = format_of(options["file"] or "", options["format"])
        try:
            document = self._read(options["file"], form)
            plan = make_plan(document)
            doomed = plan.missing if options["prune"] else []
            goes = [Change("Task", task.name, masked(columns_of(task)), None) for task in doomed]
            if options["check"]:
                self._show(plan.changes + goes, plan.notes, form)
                return
            if doomed and options["interactive"]:
                self._ask(doomed)
            plan = import_document(document, doomed=[task.pk for task in doomed])
        except TaskFileError as exc:
            raise CommandError(str(exc)) from exc
        if not options["verbosity"]:
            return
        for note in plan.notes:
            self.stdout.write(f"Note: {note}")
        for change in plan.changes + goes:
            self.stdout.write(f"{change.what} {change.name!r} {change.verb}.")
        self.stdout.write(f"Unchanged tasks: {plan.n_unchanged}.")

    def _read(self, path: str | None, form: str) -> Document:
        if path is None:
            document = load_declared()
            if document is None:
                raise CommandError("Name a file, or set EZTASKMANAGER_TASKS.")
            return document
        try:
            text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
        except (OSError, ValueError) as exc:
            raise CommandError(f"The file cannot be read: {exc}") from exc
        return read_document(load(text, form))

    def _show(self, changes: list[Change], notes: list[str], form: str) -> None:
        for note in notes:
            self.stdout.write(f"Note: {note}")
        for change in changes:
            self.stdout.write(change.describe(partial(dump, form=form)) + "\n")
        if changes:
            raise CommandError(f"Differences: {len(changes)}; nothing was written.")
        self.stdout.write("No differences.")

    def _ask(self, doomed: list[Task]) -> None:
        self.stdout.write("The file lacks these tasks; they are stopped and deleted, with their reports and logs:")
        for task in doomed:
            self.stdout.write(f"  {task.name} (number {task.pk})")
        self.stdout.write("Type 'yes' to go on: ", ending="")
        self.stdout.flush()
        if sys.stdin.readline().strip() != "yes":
            raise CommandError("Nothing was changed. Say --no-input to prune without being asked.")
