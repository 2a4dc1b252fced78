"""Queue services, and other things, in which the process dies, as if by `kill -9`, at a chosen moment."""

from __future__ import annotations

import os
import signal

from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services import run_management_command
from eztaskmanager.services.notifications import NotificationHandler
from eztaskmanager.services.queues import TaskQueueService
from eztaskmanager.signals import run_finished


def die() -> None:
    """End this process here and now."""
    os.kill(os.getpid(), signal.SIGKILL)


class DiesBeforeHandingOver(TaskQueueService):
    """Dies when the slots are claimed, and nothing is on its way to the engine."""

    supports_timers = True

    def arm(self, task: Task) -> None:
        die()

    def disarm(self, task: Task) -> None:
        die()

    def enqueue(self, report: LaunchReport) -> str:
        raise NotImplementedError


class DiesWhileHandingOver(TaskQueueService):
    """Dies when a report is noted as handed over, and is not."""

    def enqueue(self, report: LaunchReport) -> str:
        die()
        raise NotImplementedError


def run_and_die(task_id: int, report_id: int) -> None:
    """Be a worker that is killed when a run has ended, before anybody is told."""
    run_finished.connect(lambda **kwargs: die(), weak=False)
    run_management_command(task_id, report_id)


class DyingHandler(NotificationHandler):
    """A worker that is killed while it tells."""

    def emit(self, report: LaunchReport) -> None:
        die()
