"""Does what a command of this package's own kind may do."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction

from eztaskmanager.models import TaskCategory
from eztaskmanager.services.logger import LoggerEnabledCommand


class Command(LoggerEnabledCommand):
    help = "Logs, tells progress, embeds, and ends when it is asked to."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("way")
        parser.add_argument("--text", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"work_{options['way']}")(**options)

    def work_log(self, **options: Any) -> None:
        self.logger.debug("a debug record")
        self.logger.info("an info record")
        self.logger.warning("a warning record")
        self.logger.error("an error record")

    def work_embed(self, **options: Any) -> None:
        self.logger.warning("before")
        call_command("ez_work", "log", launch_report_id=options["launch_report_id"])
        self.logger.warning("after")

    def work_track(self, **options: Any) -> None:
        for number in self.track(["a", "b", "c"], text="letters"):
            self.stdout.write(number)

    def work_group(self, **options: Any) -> None:
        with self.group("the whole"):
            with self.group("a\npart"):
                self.stdout.write("inside")
            raise ValueError("out of it")

    def work_progress(self, **options: Any) -> None:
        self.progress(1, 2, "half")

    def work_until_asked(self, **options: Any) -> None:
        self.progress(0, None, "waiting")
        try:
            while not self.should_stop():
                time.sleep(0.05)
        except KeyboardInterrupt:
            self.stdout.write(f"asked: {self.should_stop()}")

    def work_hold_transaction(self, **options: Any) -> None:
        with transaction.atomic():
            TaskCategory.objects.create(name=options["text"])
            self.logger.warning("inside a transaction")
            time.sleep(600)

    def work_transaction(self, **options: Any) -> None:
        try:
            with transaction.atomic():
                TaskCategory.objects.create(name=options["text"])
                self.logger.warning("inside a transaction")
                time.sleep(0.3)
                raise ValueError("rolled back")
        except ValueError:
            self.logger.warning("after the rollback")
        finally:
            connection.close()
