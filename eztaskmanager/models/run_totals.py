"""How many runs of a task ended how, since the task was made: what stays when their reports go."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from eztaskmanager.models.states import Result

if TYPE_CHECKING:
    from eztaskmanager.models.reports import LaunchReport


class RunTotalManager(models.Manager["RunTotal"]):
    """Totals, which only grow.

    Called in the transaction that ends a run, which holds the row of its task: so nobody else makes the same row.
    """

    def count_ended(self, report: LaunchReport) -> None:
        """Count a run that ends, once, by the end that is told first.

        One taken for lost stays counted as lost if it comes back; its true end adds what is new: how long it ran,
        which nobody knew before, and the lines since.
        """
        is_lost = report.invocation_result == Result.LOST
        counted = report.n_log_lines_counted
        duration = report.duration
        self._add(
            [report.task_id],
            report.invocation_result,
            n_runs=1 if counted is None else 0,
            seconds=max(duration.total_seconds(), 0.0) if duration is not None and not is_lost else 0.0,
            n_log_lines=max(report.n_log_lines - (counted or 0), 0),
        )
        if is_lost:
            report.n_log_lines_counted = max(report.n_log_lines, counted or 0)
            report.save(update_fields=["n_log_lines_counted"])

    def count_unstarted(self, task_ids: Collection[int], result: str) -> None:
        """Count a run of each of these tasks that ended without having begun."""
        if task_ids:
            self._add(task_ids, result)

    def _add(
        self, task_ids: Collection[int], result: str, *, n_runs: int = 1, seconds: float = 0.0, n_log_lines: int = 0
    ) -> None:
        rows = self.filter(task__in=task_ids, result=result)
        n_there = rows.update(
            n_runs=F("n_runs") + n_runs, seconds=F("seconds") + seconds, n_log_lines=F("n_log_lines") + n_log_lines
        )
        if n_there < len(task_ids):
            there = set(rows.values_list("task_id", flat=True)) if n_there else set()
            self.bulk_create(
                RunTotal(task_id=pk, result=result, n_runs=n_runs, seconds=seconds, n_log_lines=n_log_lines)
                for pk in task_ids
                if pk not in there
            )


class RunTotal(models.Model):
    """The runs of a task with one result."""

    # Without an index of its own, for that of the constraint begins with it.
    task = models.ForeignKey("eztaskmanager.Task", verbose_name=_("task"), on_delete=models.CASCADE, db_index=False)
    result = models.CharField(_("result"), max_length=20, choices=Result.choices)
    n_runs = models.PositiveBigIntegerField(_("runs"), default=0)
    seconds = models.FloatField(_("seconds"), default=0.0)
    n_log_lines = models.PositiveBigIntegerField(_("lines"), default=0)

    objects: ClassVar[RunTotalManager] = RunTotalManager()

    class Meta:
        verbose_name = _("total of runs")
        verbose_name_plural = _("totals of runs")
        ordering = ("task", "result")
        constraints = (models.UniqueConstraint(fields=("task", "result"), name="eztaskmanager_run_total"),)
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.task_id}, {self.result}: {self.n_runs}"
