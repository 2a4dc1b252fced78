"""Delete old reports and shorten old logs now."""

from __future__ import annotations

import signal
import threading
import time
from argparse import ArgumentTypeError
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from eztaskmanager.management.commands.launch_task import find_task
from eztaskmanager.models import Task
from eztaskmanager.models.pruning import ROWS, Doomed, Pruner
from eztaskmanager.services.retention import (
    Policy,
    Rest,
    log_rows_kept,
    make_pruner,
    pages_by_age,
    pages_by_number,
    pages_to_shorten,
    prune,
)

TELL_EVERY = 2.0


def _number_from(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ArgumentTypeError(f"{text!r} is not a whole number from {least} on")
        return int(text)

    return number


class Command(BaseCommand):
    """The broom, for cron and for hands."""

    help = (
        "Delete reports and shorten logs as the settings say, or as the options do. Runs that are not over stay, and so"
        " do the last run and the last report of each task. It may be broken off at any moment, and several may run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what is to go, and how."""
        parser.add_argument("--dry-run", action="store_true", help="tell what would go, and delete nothing")
        parser.add_argument(
            "--older-than",
            type=_number_from(1),
            metavar="DAYS",
            help="delete reports older than this, in place of what the settings say",
        )
        parser.add_argument(
            "--keep",
            type=_number_from(1),
            metavar="N",
            help="delete all but the last N reports of each task, in place of what the settings and the tasks say",
        )
        parser.add_argument(
            "--task", action="append", metavar="TASK", help="number or name of a task to keep to; may be repeated"
        )
        parser.add_argument(
            "--batch",
            type=_number_from(100),
            default=ROWS,
            metavar="N",
            help=f"log lines deleted in one transaction at most (default: {ROWS})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prune."""
        tasks = [find_task(words).pk for words in options["task"]] if options["task"] else None
        policy = Policy.of_settings()
        if options["older_than"] is not None or options["keep"] is not None:
            policy = Policy(
                number=options["keep"],
                failed_number=policy.failed_number,
                days=options["older_than"],
                failed_days=policy.failed_days,
                is_for_all=True,
            )
        if options["dry_run"]:
            self._tell_what_would_go(policy, tasks)
            return
        with _told_to_end() as end:
            told_at = time.monotonic()

            def tell() -> None:
                nonlocal told_at
                if options["verbosity"] and time.monotonic() - told_at >= TELL_EVERY:
                    told_at = time.monotonic()
                    self.stdout.write(f"… {_sum_up(pruner)}")
                    self.stdout.flush()

            pruner = make_pruner(Rest(end=end, tell=tell), options["batch"])
            is_done = prune(policy, pruner, tasks)
        if not is_done:
            self.stdout.write("Broken off; the rest goes with the next call.")
        self.stdout.write(f"{_sum_up(pruner)}.")

    def _tell_what_would_go(self, policy: Policy, tasks: Sequence[int] | None) -> None:
        doomed = set(_each(pages_by_number(policy, tasks))) | set(_each(pages_by_age(policy, tasks)))
        n_reports = Counter(one.task_id for one in doomed)
        n_lines: Counter[int] = Counter()
        for one in doomed:
            n_lines[one.task_id] += one.n_log_lines
        for pk, name in Task.objects.filter(pk__in=list(n_reports)).order_by("name", "pk").values_list("pk", "name"):
            self.stdout.write(f"{name} ({pk}): {n_reports[pk]} reports, {n_lines[pk]} lines")
        self.stdout.write(f"Would delete {len(doomed)} reports with {sum(n_lines.values())} lines.")
        if policy.log_rows is None or tasks is not None:
            return
        excess = log_rows_kept() - sum(n_lines.values()) - policy.log_rows
        if excess > 0:
            n_logs = sum(1 for one in _each(pages_to_shorten()) if one not in doomed)
            self.stdout.write(
                f"Would then drop {excess} lines more, to leave {policy.log_rows}: those of the oldest of {n_logs} logs"
                " that can be shortened."
            )


def _each(pages: Iterator[list[Doomed]]) -> Iterator[Doomed]:
    for page in pages:
        yield from page


def _sum_up(pruner: Pruner) -> str:
    return f"{pruner.n_reports} reports deleted, {pruner.n_logs} logs shortened, {pruner.n_lines} lines less"


@contextmanager
def _told_to_end() -> Iterator[threading.Event]:
    """Have SIGTERM and SIGINT set an event, so that what is begun is brought to its end."""
    end = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield end
        return
    before = {number: signal.signal(number, lambda *_: end.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield end
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
