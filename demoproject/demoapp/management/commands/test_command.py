"""A plain command of Django's, which knows nothing of tasks."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    """Says what it was given."""

    help = "Say which arguments came, one a line."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take a flag, an option with several values, one with a single value, and words."""
        parser.add_argument("-f", "--first", action="store_true", help="a flag")
        parser.add_argument("--second", nargs="+", default=[], metavar="VALUE", help="one value or more")
        parser.add_argument("--third", default="", metavar="TEXT", help="a text")
        parser.add_argument("words", nargs="*", help="any words")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say them."""
        for name in ("first", "second", "third", "words"):
            self.stdout.write(f"{name}: {options[name]!r}")
