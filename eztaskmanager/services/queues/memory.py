"""A queue in this process's memory, for tests and for trying things out."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.module_loading import import_string

from eztaskmanager.exceptions import QueueUnreachable
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services.queues.base import JOB, QueueStatus, TaskQueueService


@dataclass(frozen=True)
class MemoryJob:
    """A call of `run_management_command` that waits."""

    id: str
    task_id: int
    report_id: int
    queue: str

    def run(self) -> None:
        """Do what a worker would."""
        import_string(JOB)(self.task_id, self.report_id)


class MemoryTaskQueueService(TaskQueueService):
    """A real queue service without a server; jobs wait until someone runs them.

    Attributes:
        jobs: What waits, oldest first.
        timers: Task id → moment its timer is set to (an ISO text), as an engine with timers would have them.
        is_away: Set it to have the engine not answer.
        is_immediate: Set it to have a job run inside `enqueue()`.
    """

    supports_cancel = True
    supports_lookup = True

    def __init__(self) -> None:
        self.jobs: list[MemoryJob] = []
        self.timers: dict[int, str] = {}
        self.is_away = False
        self.is_immediate = False
        self._lock = threading.Lock()

    def enqueue(self, report: LaunchReport) -> str:
        """Add to `jobs`."""
        self._knock()
        job = MemoryJob(report.job_id, report.task_id, report.pk, report.task.queue)
        if self.is_immediate:
            job.run()
            return job.id
        with self._lock:
            self.jobs.append(job)
        return job.id

    def cancel(self, report: LaunchReport) -> None:
        """Drop from `jobs`."""
        self._knock()
        with self._lock:
            self.jobs = [job for job in self.jobs if job.report_id != report.pk]

    def missing(self, reports: Sequence[LaunchReport]) -> list[LaunchReport]:
        """Tell those not in `jobs`."""
        self._knock()
        known = {job.id for job in self.jobs}
        return [report for report in reports if report.job_id not in known]

    def arm(self, task: Task) -> None:
        """Note the next ride in `timers`."""
        self._knock()
        if task.cached_next_ride is not None:
            self.timers[task.pk] = task.cached_next_ride.isoformat()

    def disarm(self, task: Task) -> None:
        """Drop from `timers`."""
        self._knock()
        self.timers.pop(task.pk, None)

    def status(self) -> list[QueueStatus]:
        """Count `jobs`; there is no worker."""
        self._knock()
        names = ["default", *sorted({job.queue for job in self.jobs} - {"", "default"})]
        return [
            QueueStatus(name, 0, sum((job.queue or "default") == name for job in self.jobs), None) for name in names
        ]

    def run_all(self) -> int:
        """Run what waits, and what is queued meanwhile, until nothing is left. Returns how many jobs ran."""
        count = 0
        while True:
            with self._lock:
                if not self.jobs:
                    return count
                job = self.jobs.pop(0)
            job.run()
            count += 1

    def clear(self) -> None:
        """Forget all, as an engine does whose store is flushed."""
        with self._lock:
            self.jobs.clear()
            self.timers.clear()

    def _knock(self) -> None:
        if self.is_away:
            raise QueueUnreachable("The queue in memory cannot be reached: it is set to be away")
