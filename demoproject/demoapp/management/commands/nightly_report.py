"""A plain command that prints, uses a subprocess, and knows nothing of tasks."""

from __future__ import annotations

import platform
import subprocess
import time
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Prints a small report on this machine."""

    help = "Print a report: the machine, its disks, and the hour."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it."""
        self.stdout.write(self.style.SUCCESS(f"Report of {time.strftime('%Y-%m-%d %H:%M')}"))
        print(f"{platform.system()} {platform.release()}, Python {platform.python_version()}")
        # Its output goes straight to this process's own, and is in the log all the same.
        subprocess.run(["df", "-h", "."], check=True)
        self.stderr.write("One disk was not asked: it sleeps.")
