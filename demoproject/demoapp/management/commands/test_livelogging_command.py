"""A command that takes its time, for the live viewer."""

from __future__ import annotations

import random
import time
from typing import Any

from django.core.management.base import CommandParser

from eztaskmanager.services.logger import LoggerEnabledCommand


class Command(LoggerEnabledCommand):
    """Counts to a limit, with luck and without."""

    help = "Count to the limit at five a second, telling progress, and now and then a warning or an error."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the limit and the odds."""
        parser.add_argument("--limit", type=int, default=100, help="how far to count (default: 100)")
        parser.add_argument("--trace-steps", type=int, default=10, help="log each N-th step at info (default: 10)")
        parser.add_argument("--error-prob", type=float, default=0.01, help="odds of an error a step (default: 0.01)")
        parser.add_argument("--warning-prob", type=float, default=0.05, help="odds of a warning (default: 0.05)")
        parser.add_argument("--pause", type=float, default=0.2, help="seconds a step takes (default: 0.2)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Count."""
        limit, every = options["limit"], max(1, options["trace_steps"])
        self.logger.info("Counting to %d.", limit)
        for number in self.track(range(1, limit + 1)):
            if self.should_stop():
                self.logger.warning("Asked to stop at %d.", number)
                return
            luck = random.random()
            if luck < options["error_prob"]:
                self.logger.error("Step %d went wrong.", number)
            elif luck < options["error_prob"] + options["warning_prob"]:
                self.logger.warning("Step %d was strange.", number)
            if number % every == 0:
                self.logger.info("%d of %d done; see https://docs.djangoproject.com/ for more.", number, limit)
            else:
                self.logger.debug("Step %d.", number)
            time.sleep(options["pause"])
        self.logger.info("Counted to %d.", limit)
