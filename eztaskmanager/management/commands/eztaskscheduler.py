"""Hand due slots to the queue, again and again."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from eztaskmanager.services.ticker import Ticker
from eztaskmanager.services.ticking import tick


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 1 <= seconds <= 3600:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds from 1 to 3600")
    return seconds


class Command(BaseCommand):
    """The scheduler; several may run at once."""

    help = (
        "Run scheduled tasks when they are due, and mend what broke: lost runs, runs the queue does not know of,"
        " timers. Any number of these may run, on any number of machines."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the interval, a single tick, a health file."""
        parser.add_argument(
            "--once", action="store_true", help="tick once and end; --interval tells when the next is due"
        )
        parser.add_argument(
            "--interval",
            type=_seconds,
            default=15,
            metavar="SECONDS",
            help="1 to 3600 seconds between two sweeps (default: 15); slots are run on time whatever it is",
        )
        parser.add_argument("--health-file", type=Path, help="a file to touch after each sweep that worked")

    def handle(self, *args: Any, **options: Any) -> None:
        """Tick."""
        health_file: Path | None = options["health_file"]
        if health_file is not None and not health_file.parent.is_dir():
            raise CommandError(f"The health file cannot be made: there is no directory {str(health_file.parent)!r}.")
        if options["once"]:
            # Whoever calls it once a minute need not say so.
            count = tick("eztaskscheduler --once", max(60, options["interval"]))
            self.stdout.write(f"Slots run: {count}.")
            return
        self.stdout.write("The scheduler is up; end it with Ctrl-C.")
        self.stdout.flush()
        Ticker(options["interval"], health_file, self.stderr.write).run()
        self.stdout.write("The scheduler has ended.")
