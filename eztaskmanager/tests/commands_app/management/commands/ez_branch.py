"""Has subcommands."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Does one of several things."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--loud", action="store_true", help="say more")
        branches = parser.add_subparsers(dest="verb", required=True, help="what is done")
        copy = branches.add_parser("copy", help="copies something")
        copy.add_argument("source", help="what is copied")
        copy.add_argument("--depth", type=int, default=1, help="how deep")
        branches.add_parser("clean", help="cleans up").add_argument(
            "--force", action="store_true", help="without asking"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verb"] == "copy":
            self.stdout.write(f"source={options['source']!r} depth={options['depth']!r}")
