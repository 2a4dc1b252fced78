"""Move schedules from django-celery-beat to the tasks."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from eztaskmanager.services.as_code.beat import make_moves, plan_moves
from eztaskmanager.services.as_code.beat_tables import read_rows


class Command(BaseCommand):
    """Moving in from beat."""

    help = (
        "Move the schedules that django-celery-beat's tables hold for our tasks to the tasks themselves. The package"
        " need not be installed any more. Its rows stay as they are: disable or delete them, or each slot is run twice."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how careful to be."""
        parser.add_argument("--check", action="store_true", help="only tell what would be done")
        parser.add_argument(
            "--paused", action="store_true", help="the schedules begin paused, until beat is switched off"
        )
        parser.add_argument(
            "--replace", action="store_true", help="also where a task has another schedule already, which is given up"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Move."""
        rows = read_rows()
        if rows is None:
            raise CommandError("The database has no tables of django-celery-beat.")
        moves = plan_moves(rows, paused=options["paused"], replaces=options["replace"])
        for move in moves:
            self.stdout.write(f"{move.row}: {move.sentence}")
        count = sum(move.task is not None for move in moves) if options["check"] else make_moves(moves)
        self.stdout.write(f"Schedules {'to be moved' if options['check'] else 'moved'}: {count} of {len(rows)}.")
        if count and not options["check"]:
            names = ", ".join(repr(move.row) for move in moves if move.task is not None)
            self.stdout.write(f"Now disable or delete these rows of beat, or each slot is run twice: {names}.")
