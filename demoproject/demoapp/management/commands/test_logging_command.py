"""A command that logs what it is told to."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser

from eztaskmanager.services.logger import LoggerEnabledCommand

LEVELS = ("debug", "info", "warning", "error")


class Command(LoggerEnabledCommand):
    """Logs one line for each text it is given, at that level."""

    help = "Log the given texts, each at its level; --verbosity says which levels are kept."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take texts for each level."""
        for level in LEVELS:
            parser.add_argument(
                f"--{level}", action="append", default=[], metavar="TEXT", help=f"log TEXT at level {level}"
            )
        parser.add_argument(
            "--test-embedded", action="store_true", help="log the same again through an embedded command"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Log them."""
        for level in LEVELS:
            for text in options[level]:
                getattr(self.logger, level)("%s", text)
        if options["test_embedded"]:
            again = {level: options[level] for level in LEVELS}
            call_command(
                "test_logging_command",
                launch_report_id=options["launch_report_id"],
                verbosity=options["verbosity"],
                **again,
            )
