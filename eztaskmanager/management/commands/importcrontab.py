"""Make tasks of a crontab's lines."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from eztaskmanager.crontabs import CronLine, read_crontab
from eztaskmanager.exceptions import ScheduleError, TaskFileError
from eztaskmanager.models import Task
from eztaskmanager.schedules.wall_clock import load_zone
from eztaskmanager.services.as_code.crontab_tasks import Verdict, judge
from eztaskmanager.services.as_code.documents import Plain, read_document
from eztaskmanager.services.as_code.files import dump
from eztaskmanager.services.as_code.importing import import_document
from eztaskmanager.services.as_code.planning import make_plan


class Command(BaseCommand):
    """Moving in from cron."""

    help = (
        "Make a task of each line of a crontab that calls manage.py, and tell of the others why not. It may run as"
        " often as one likes: a task that is there already gets the line's command, arguments and schedule."
        " Nothing runs by it; switch the lines off in cron, or each slot is run twice."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the crontab, and how its tasks begin."""
        parser.add_argument(
            "file", nargs="?", default="-", help="the crontab; - (the default) is standard input, as in: crontab -l |"
        )
        parser.add_argument("--system", action="store_true", help="a user stands before each command")
        parser.add_argument("--check", action="store_true", help="only tell what would be done")
        parser.add_argument("--paused", action="store_true", help="new tasks are paused, until cron is switched off")
        parser.add_argument("--category", default="", metavar="NAME", help="category of the tasks")
        parser.add_argument("--timezone", default="", metavar="ZONE", help="whose clock cron follows there")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import."""
        try:
            load_zone(options["timezone"])
            path = options["file"]
            text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
        except ScheduleError as exc:
            raise CommandError(str(exc)) from exc
        except (OSError, UnicodeDecodeError) as exc:
            raise CommandError(f"The crontab cannot be read: {exc}") from exc
        lines = read_crontab(text, is_system=options["system"])
        verdicts = judge(lines, category=options["category"], zone=options["timezone"])
        for verdict in verdicts:
            self._report(verdict)
        entries = [verdict.entry for verdict in verdicts if verdict.entry]
        try:
            self._import(entries, options)
        except TaskFileError as exc:
            raise CommandError(str(exc)) from exc

    def _report(self, verdict: Verdict) -> None:
        line = verdict.line
        words = line.command if isinstance(line, CronLine) else line.text
        if verdict.entry is None:
            self.stdout.write(f"Line {line.number}, not taken: {words}\n    {' '.join(verdict.reasons)}")
            return
        user = f" (it ran as {line.user})" if isinstance(line, CronLine) and line.user else ""
        self.stdout.write(f"Line {line.number}, taken{user}: {words}\n    as the task {verdict.entry['name']!r}")
        for note in verdict.reasons:
            self.stdout.write(f"    {note}")

    def _import(self, entries: list[Plain], options: dict[str, Any]) -> None:
        if options["paused"]:
            there = set(Task.objects.values_list("name", flat=True))
            entries = [{**entry, "paused": True} if entry["name"] not in there else entry for entry in entries]
        document = read_document({"tasks": entries})
        if options["check"]:
            plan = make_plan(document, keeps_rest=True)
            for change in plan.changes:
                self.stdout.write("\n" + change.describe(partial(dump, form="json")))
        else:
            plan = import_document(document, keeps_rest=True)
            for change in plan.changes:
                self.stdout.write(f"{change.what} {change.name!r} {change.verb}.")
        for note in plan.notes:
            self.stdout.write(f"Note: {note}")
        self.stdout.write(f"Lines taken: {len(entries)}; unchanged tasks: {plan.n_unchanged}.")
        if not options["timezone"]:
            zone = timezone.get_default_timezone_name()
            self.stdout.write(f"Times are those of {zone} where the crontab has no CRON_TZ; --timezone says otherwise.")
