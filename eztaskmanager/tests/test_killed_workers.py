"""A worker that is killed in the middle of a run: the command dies too, and the books tell."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from django.apps import apps
from django.test import override_settings, tag

from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services.ticking import tick
from eztaskmanager.tests.engines import DjangoTasksEngine, EngineTestCase, RQEngine
from eztaskmanager.tests.factories import make_task
from eztaskmanager.tests.workers import family

Base = EngineTestCase if TYPE_CHECKING else object


def is_alive(pid: int) -> bool:
    """Tell whether there is such a process that still does something."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class KilledWorkerContract(Base):
    """What holds whatever the engine."""

    def test_the_command_dies_the_run_is_lost_and_the_task_is_free(self) -> None:
        task = make_task("ez_wait", "deaf")
        report = task.launch()
        self.wait_for(report, LaunchReport.State.STARTED)
        self.wait_until(lambda: report.logs.filter(message="deaf").exists(), "the command to begin")
        self.wait_until(lambda: self.command_of(report) is not None, "the command's process to be known")
        command = self.command_of(report)
        assert command is not None and is_alive(command)
        # Everything above the command, and the command itself not.
        for pid in family(self.workers[0].pid):
            if pid != command and command in family(pid):
                os.kill(pid, signal.SIGKILL)
        self.wait_until(lambda: not is_alive(command), "the command to die with its worker")

        def is_lost() -> bool:
            with override_settings(EZTASKMANAGER_LOST_AFTER=3):
                tick()
            report.refresh_from_db()
            return report.is_over

        self.wait_until(is_lost, "the run to be found lost")
        self.assertEqual(report.invocation_result, LaunchReport.RESULT_LOST)
        self.assertIn("No sign of life", report.error)
        task.refresh_from_db()
        self.assertEqual((task.status, task.cached_last_invocation_result), (Task.STATUS_IDLE, "lost"))
        self.workers[0].end()
        self.workers[0].start()
        self.wait_for(make_task("ez_end", "return").launch())

    def command_of(self, report: LaunchReport) -> int | None:
        """Give the process of the command, once the report has it in place of the worker's."""
        report.refresh_from_db()
        descendants = family(self.workers[0].pid)[1:]
        return report.pid if report.pid in descendants and len(family(report.pid)) == 1 else None


@tag("engines")
class KilledRQWorkerTests(KilledWorkerContract, RQEngine):
    """RQ's worker and its work-horse."""

    def command_of(self, report: LaunchReport) -> int | None:
        # The work-horse is a descendant of the worker as well.
        report.refresh_from_db()
        descendants = family(self.workers[0].pid)
        return report.pid if report.pid in descendants[2:] else None


@tag("engines")
class KilledTasksWorkerTests(KilledWorkerContract, DjangoTasksEngine):
    """The worker of Django's Tasks, which supervises in its own process."""

    def tearDown(self) -> None:
        # The row of the job that was killed stays as it was; nobody is to wait for it.
        apps.get_model("django_tasks_database", "DBTaskResult")._default_manager.all().delete()
        super().tearDown()
