"""Take the commands of the installed apps into the table of commands."""

from __future__ import annotations

from typing import Any

from django.core.management import get_commands
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from eztaskmanager.models import AppCommand
from eztaskmanager.models.commands import DANGEROUS


class Command(BaseCommand):
    """The collector; it may run as often as one likes."""

    help = (
        "Take the management commands of the installed apps into the table of commands that tasks choose from."
        " Commands that have vanished are made inactive; dangerous ones of Django's own come in inactive."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the option that leaves Django's own out."""
        parser.add_argument("--excludecore", action="store_true", help="leave Django's own commands out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Collect."""
        with transaction.atomic():
            known = set(AppCommand.objects.values_list("app_name", "name"))
            installed = {(app_name, name) for name, app_name in get_commands().items()}
            wanted = {
                (app_name, name)
                for app_name, name in installed - known
                if not (options["excludecore"] and app_name.partition(".")[0] == "django")
            }
            AppCommand.objects.bulk_create(
                AppCommand(app_name=app_name, name=name, active=name not in DANGEROUS)
                for app_name, name in sorted(wanted)
            )
            vanished = [
                row for row in AppCommand.objects.filter(active=True) if (row.app_name, row.name) not in installed
            ]
            AppCommand.objects.filter(pk__in=[row.pk for row in vanished]).update(active=False)
        if not options["verbosity"]:
            return
        for app_name, name in sorted(wanted):
            note = ", inactive: it is dangerous as a task" if name in DANGEROUS else ""
            self.stdout.write(f"Collected {app_name}: {name}{note}")
        for row in vanished:
            self.stdout.write(f"Made inactive, for it has vanished: {row}")
        self.stdout.write(f"{len(wanted)} commands collected, {len(vanished)} made inactive.")
