"""What a run that does nothing costs beyond a fork: claim, supervision, log and end in the books.

    python bench/run_cost.py [runs]

The database is chosen as the demo project does, by DEMO_DATABASE (sqlite, postgres, mysql).
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable

from surroundings import database


def main(n_runs: int) -> None:
    """Measure, and print milliseconds."""
    with database() as vendor:
        from django.core.management import get_commands
        from django.test import override_settings

        from eztaskmanager.models import AppCommand, Task
        from eztaskmanager.services import run_management_command

        command = AppCommand.objects.create(name="ez_talk", app_name=get_commands()["ez_talk"])
        task = Task.objects.create(name="nothing", command=command)
        settings = {"QUEUE_SERVICE_TYPE": "Memory", "ISOLATION": "fork", "MIRROR_OUTPUT": False}
        with override_settings(**{f"EZTASKMANAGER_{name}": value for name, value in settings.items()}):
            bare, whole = [], []
            # One after the other, for the machine is not the same from second to second.
            for _ in range(n_runs):
                bare.append(_time(_fork_and_call))
                whole.append(_time(lambda: run_management_command(task.pk)))
        assert task.launchreport_set.filter(invocation_result="ok").count() == n_runs
    fork, run = statistics.median(bare), statistics.median(whole)
    print(
        f"{vendor}: median of {n_runs}: fork and call {fork:.1f} ms, run {run:.1f} ms,"
        f" {run - fork:.1f} ms beyond the fork"
    )


def _fork_and_call() -> None:
    pid = os.fork()
    if not pid:
        from django.core.management import call_command

        call_command("ez_talk")
        os._exit(0)
    os.waitpid(pid, 0)


def _time(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return (time.perf_counter() - began) * 1_000


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
