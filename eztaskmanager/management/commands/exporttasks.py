"""Write the tasks into a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from eztaskmanager.exceptions import TaskFileError
from eztaskmanager.services.as_code.exporting import export_document
from eztaskmanager.services.as_code.files import FORMATS, dump, format_of


class Command(BaseCommand):
    """Tasks as code: out of the database."""

    help = "Write the tasks as YAML or JSON, for review, for git, and for `importtasks` on another machine."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file, the format, and which tasks."""
        parser.add_argument("file", nargs="?", default="-", help="file to write; - (the default) is standard output")
        parser.add_argument("--format", choices=FORMATS, help="by default that of the file's suffix, or yaml")
        parser.add_argument("--task", action="append", default=[], metavar="NAME", help="only this task; repeatable")
        parser.add_argument(
            "--category", action="append", default=[], metavar="NAME", help="only tasks of this category; repeatable"
        )
        parser.add_argument(
            "--with-secrets", action="store_true", help="write values of secret options, which are masked otherwise"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Export."""
        path = options["file"]
        try:
            data, hidden = export_document(
                names=options["task"], categories=options["category"], with_secrets=options["with_secrets"]
            )
            text = dump(data, format_of(path, options["format"]))
            if path != "-":
                Path(path).write_text(text, encoding="utf-8")
        except TaskFileError as exc:
            raise CommandError(str(exc)) from exc
        except OSError as exc:
            raise CommandError(f"The file cannot be written: {exc}") from exc
        if path == "-":
            self.stdout.write(text, ending="")
        if hidden:
            self.stderr.write(
                f"Secrets are masked in: {', '.join(map(repr, hidden))}. An import keeps those its database has."
                " For another machine write $env:NAME in their place, or export --with-secrets."
            )
        if path != "-" and options["verbosity"]:
            self.stderr.write(f"Tasks written to {path}: {len(data['tasks'])}.")
