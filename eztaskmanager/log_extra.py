"""What log records about a run carry beside their words, for those who collect and search logs."""

from __future__ import annotations

from typing import Protocol

Extra = dict[str, "int | None"]


class Run(Protocol):
    """A `LaunchReport`, as far as it matters here."""

    pk: int
    task_id: int


def about(report: Run) -> Extra:
    """Give the `extra` of a record about a run."""
    return about_ids(report.task_id, report.pk)


def about_ids(task_id: int | None, report_id: int | None = None) -> Extra:
    """Give the `extra` of a record about a task, or about a run of which only keys are at hand.

    Ids alone: names may change, and to look one up may be what just failed.
    """
    return {"task_id": task_id, "report_id": report_id}
