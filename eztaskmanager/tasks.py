"""Celery's tasks, found by its autodiscovery."""

from __future__ import annotations

from celery import shared_task

from eztaskmanager.services import run_management_command
from eztaskmanager.services.ticking import tick

# Ten years: the limits of the host project's other tasks must not end a command, whose task has its own.
NEVER = 10 * 365 * 24 * 3600
SETTINGS = {
    # The database says what became of a run. Acknowledged late, the message would come again while the run goes on.
    "acks_late": False,
    "ignore_result": True,
    "max_retries": 0,
    "time_limit": NEVER,
    "soft_time_limit": NEVER,
}


@shared_task(name="eztaskmanager.run", **SETTINGS)
def run(task_id: int, report_id: int | None = None) -> None:
    """Run a task's command; what workers are sent."""
    run_management_command(task_id, report_id)


@shared_task(name="eztaskmanager.tick", ignore_result=True)
def tick_task() -> None:
    """Tick once; for `beat_schedule`, each second or few, with an `expires` as short."""
    tick("celery")
