"""What an import looks like: progress, warnings, and a sum at the end."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandParser

from eztaskmanager.services.logger import LoggerEnabledCommand

SUPPLIERS = ("north", "south", "east", "west")


class Command(LoggerEnabledCommand):
    """Pretends to import a price list."""

    help = "Import a supplier's price list (it pretends to)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the supplier and how much there is."""
        parser.add_argument("supplier", choices=SUPPLIERS, help="whose list")
        parser.add_argument("--rows", type=int, default=120, help="rows in the list (default: 120)")
        parser.add_argument("--dry-run", action="store_true", help="change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import it."""
        supplier, strange = options["supplier"], 0
        self.logger.info("Reading the price list of %s.", supplier)
        for row in self.track(range(1, options["rows"] + 1), text=f"rows of {supplier}"):
            if row % 37 == 0:
                strange += 1
                self.logger.warning("Row %d: the price is below cost; it is kept.", row)
            elif row % 20 == 0:
                self.logger.info("Row %d: article %05d now costs %.2f.", row, row * 17, row * 1.37)
            time.sleep(0.05)
        done = "would be imported" if options["dry_run"] else "imported"
        self.logger.info("%d rows %s, %d of them strange.", options["rows"], done, strange)
