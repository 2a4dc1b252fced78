"""Does what daemons do with their descriptors and processes."""

from __future__ import annotations

import logging
import os
import resource
import subprocess
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from eztaskmanager.services.logger import LoggerEnabledCommand

logger = logging.getLogger("somebody.elses")


class Command(LoggerEnabledCommand):
    help = "Closes descriptors, opens files in their place, or leaves a process behind."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("way")
        parser.add_argument("--folder", type=Path)
        parser.add_argument("--first", type=int, default=3)
        parser.add_argument("--end", type=int, default=256)

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['way']}")(**options)

    def do_close(self, first: int, end: int, folder: Path, **options: Any) -> None:
        """Have a file of its own behind each descriptor in the range."""
        print("before")
        end = min(end, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        os.closerange(first, end)
        own = os.open(folder / "own", os.O_WRONLY | os.O_CREAT, 0o600)
        for number in range(first, end):
            if number != own:
                os.dup2(own, number)
        os.write(own, b"its own words")
        print("from print")
        logger.error("from a\nlogger")
        self.progress(1, 2, "half")
        with self.group("a group"):
            self.stderr.write("z" * 10_000)
        raise ValueError("a reason")

    def do_background(self, **options: Any) -> None:
        """Leave a process behind that holds nothing of the run's."""
        quiet = subprocess.DEVNULL
        child = subprocess.Popen(["sleep", "600"], stdin=quiet, stdout=quiet, stderr=quiet, close_fds=False)
        print(child.pid)
