"""Deleting reports and shortening logs, so many rows a transaction, whatever their number."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from django.db import OperationalError, connection, transaction
from django.db.models import Min
from django.utils.translation import gettext

from eztaskmanager.models.logs import Log
from eztaskmanager.models.report_queries import LaunchReportQuerySet, tasks_by_pk
from eztaskmanager.models.reports import LaunchReport

ROWS = 5_000
REPORTS = 100
# What is left of a log that is shortened: its first lines, one that says what is gone, and its last ones.
HEAD = TAIL = 50
SHORT = HEAD + 1 + TAIL
TRIES = 5

T = TypeVar("T")


class Doomed(NamedTuple):
    """A report that is to go, or whose log is."""

    pk: int
    task_id: int
    n_log_lines: int


class Pruner:
    """Deletes in short transactions, each of which leaves reports, logs and tasks true.

    The rows of a long log go first, with a line in their place that tells how many are gone by now; so a deletion
    that is broken off leaves nothing half done, and any number of pruners may be at it at once.

    Args:
        rows: Log lines deleted in one transaction at most.
        rest: Called after each transaction with the seconds that it took; returns whether to end now.
        among: Only these reports are deleted, looked at again in the transaction that deletes them.

    Attributes:
        n_reports: Reports deleted.
        n_lines: Log lines deleted.
        n_logs: Logs shortened of reports that stay.
        is_ended: Whether it was told to end.
    """

    def __init__(
        self,
        *,
        rows: int = ROWS,
        rest: Callable[[float], bool] = lambda seconds: False,
        among: LaunchReportQuerySet | None = None,
    ) -> None:
        self.rows = rows
        self.n_reports = 0
        self.n_lines = 0
        self.n_logs = 0
        self.is_ended = False
        self._rest = rest
        self._among = LaunchReport.objects.told().filter(state=LaunchReport.State.FINISHED) if among is None else among

    def remove(self, doomed: Iterable[Doomed]) -> bool:
        """Delete reports with their logs; quickest when those of a task come together. Returns whether all are done."""
        for batch in self._batches(doomed):
            self._step(partial(self._delete, batch))
            if self.is_ended:
                break
        return not self.is_ended

    def shorten(self, doomed: Doomed) -> bool:
        """Leave the first and the last lines of a log; its report keeps its numbers. Returns whether it is done."""
        n_before = self.n_lines
        position: int | None = HEAD + 1
        while position is not None and not self.is_ended:
            position = self._step(partial(self._drop, doomed, position))
        self.n_logs += self.n_lines > n_before
        return not self.is_ended

    def _batches(self, doomed: Iterable[Doomed]) -> Iterator[Sequence[Doomed]]:
        batch: list[Doomed] = []
        n_lines = 0
        for one in doomed:
            size = one.n_log_lines
            if size > self.rows and size > SHORT:
                n_logs = self.n_logs
                self.shorten(one)
                self.n_logs = n_logs
                if self.is_ended:
                    return
                size = SHORT
            if batch and (
                one.task_id != batch[0].task_id or len(batch) == REPORTS or n_lines + size > max(self.rows, SHORT)
            ):
                yield batch
                batch, n_lines = [], 0
            batch.append(one)
            n_lines += size
        if batch:
            yield batch

    def _delete(self, batch: Sequence[Doomed]) -> None:
        with transaction.atomic():
            task = tasks_by_pk(batch[0].task_id)
            task.lock()
            rows = self._among.filter(pk__in=[one.pk for one in batch])
            # Once, rather than for each of them.
            rows.derives_tasks = True
            _, counts = rows.delete()
            task.derive()
        self.n_reports += counts.get(LaunchReport._meta.label, 0)
        self.n_lines += counts.get(Log._meta.label, 0)

    def _drop(self, doomed: Doomed, after: int) -> int | None:
        """Delete lines past a number; return the last number that is done with, or None when no more are to go."""
        lines = Log.objects.filter(launch_report=doomed.pk)
        last: int = doomed.n_log_lines - TAIL
        note = gettext("… lines dropped to make room: %(count)d …")
        with transaction.atomic():
            # Logs have gaps where they were trimmed.
            first: int | None = lines.filter(seq__gt=after, seq__lte=last).aggregate(first=Min("seq"))["first"]
            if first is None:
                return None
            until = min(last, first + self.rows - 1)
            count = lines.filter(seq__gte=first, seq__lte=until)._raw_delete(lines.db)
            lines.filter(seq=HEAD + 1).update(
                message=note % {"count": until - HEAD}, level="INFO", stream=Log.Stream.LOG
            )
        self.n_lines += count
        return until

    def _step(self, step: Callable[[], T]) -> T:
        began = time.monotonic()
        done = _again_after_deadlocks(step)
        self.is_ended = self._rest(time.monotonic() - began)
        return done


def _again_after_deadlocks(step: Callable[[], T]) -> T:
    """Do a step again when the database broke it off in favour of another's, unless a transaction is open around it."""
    for _ in range(TRIES - 1):
        try:
            return step()
        except OperationalError:
            if connection.in_atomic_block:
                raise
            # Dice only keep two from trying again together.
            time.sleep(random.uniform(0.02, 0.2))  # nosec B311
    return step()
