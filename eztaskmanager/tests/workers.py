"""Real worker processes, which work on the test database."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar
from unittest import TestResult

from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase

from eztaskmanager.models import LaunchReport
from eztaskmanager.tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "demoproject"
# Seconds a run may take from the launch to its end; a loaded machine is slow.
PATIENCE = 120
PR_SET_PDEATHSIG = 1
MANAGE = (sys.executable, str(PROJECT / "manage.py"))
CELERY = (sys.executable, "-m", "celery", "-A", "demoproject")

RQ_WORKER = (*MANAGE, "rqworker", "default")
RQ_SCHEDULER = (*MANAGE, "rqscheduler", "--interval", "1")
TASKS_WORKER = (*MANAGE, "db_worker", "--queue-name", "*", "--interval", "0.1", "--no-startup-delay")
TICKER = (*MANAGE, "eztaskscheduler", "--interval", "1")


def celery_worker(pool: str) -> tuple[str, ...]:
    """Give the command of a Celery worker that does one thing at a time."""
    # A broker may hold queues that go by the worker's name, of others that test here.
    name = f"tests-{uuid.uuid4().hex[:12]}@localhost"
    options = ("--pool", pool, "--concurrency", "1", "--hostname", name, "--loglevel", "INFO")
    return (*CELERY, "worker", *options, "--without-gossip", "--without-mingle")


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it is gone: tests may be killed too."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def family(pid: int) -> list[int]:
    """Give the process and all that descend from it, the oldest first."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The name, in brackets, may hold anything.
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        parents.setdefault(parent, []).append(int(folder.name))
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return found


class WorkerProcess:
    """A process of the demo project, on the test database.

    Args:
        command: Its command line.
        variables: Environment variables, on top of this process's.
        **added: Settings, as JSON can carry them.
    """

    def __init__(self, command: Sequence[str], variables: dict[str, str], **added: Any) -> None:
        self.command = command
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "eztaskmanager.tests.worker_settings",
            "DEMO_DATABASE": {"postgresql": "postgres"}.get(connection.vendor, connection.vendor),
            "DEMO_DATABASE_NAME": str(connection.settings_dict["NAME"]),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(PROJECT), os.environ.get("PYTHONPATH", "")]),
            "PYTHONUNBUFFERED": "1",
            "EZ_WORKER_SETTINGS": json.dumps(added),
            **variables,
        }
        self.log = tempfile.NamedTemporaryFile("ab", prefix="ez-worker-", suffix=".log")
        self._process: subprocess.Popen[bytes] | None = None

    def __str__(self) -> str:
        return " ".join(Path(part).name for part in self.command if not part.startswith("-"))

    @property
    def pid(self) -> int:
        """Its number, of the last start."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it lives."""
        assert self._process is not None
        return self._process.poll()

    def start(self) -> WorkerProcess:
        """Start it, again perhaps."""
        self._process = subprocess.Popen(
            self.command,
            cwd=PROJECT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        return self

    def kill(self) -> None:
        """Have it die at once, and nothing but it, and wait for that."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def end(self) -> None:
        """Have it die with all that it has started."""
        if self._process is None or not self.is_alive:
            return
        for pid in family(self._process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._process.wait()

    def said(self, last: int = 4000) -> str:
        """Give the end of what it has written."""
        return Path(self.log.name).read_text(errors="replace")[-last:]


class WorkerTestCase(TransactionTestCase):
    """Tests with workers that live as long as the class; a failed test shows what they wrote."""

    workers: ClassVar[list[WorkerProcess]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.workers = []
        # Last of all, so that it is done first of all.
        cls.addClassCleanup(cls._close_workers)

    @classmethod
    def start_worker(cls, command: Sequence[str], variables: dict[str, str], **added: Any) -> WorkerProcess:
        """Start a process that ends with the class."""
        added = {"EZTASKMANAGER_MIRROR_OUTPUT": False, "TIME_ZONE": settings.TIME_ZONE, **added}
        worker = WorkerProcess(command, variables, **added)
        cls.workers.append(worker)
        return worker.start()

    @classmethod
    def end_workers(cls) -> None:
        """End all that were started."""
        for worker in cls.workers:
            worker.end()

    @classmethod
    def _close_workers(cls) -> None:
        cls.end_workers()
        for worker in cls.workers:
            worker.log.close()

    def run(self, result: TestResult | None = None) -> TestResult | None:
        """Run the test, and show the workers' words when it fails."""
        before = len(result.failures) + len(result.errors) if result else 0
        outcome = super().run(result)
        if result and len(result.failures) + len(result.errors) > before:
            for worker in self.workers:
                print(
                    f"\n--- {worker} ({'alive' if worker.is_alive else 'dead'}) ---\n{worker.said()}", file=sys.stderr
                )
        return outcome

    def wait_until(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait for what workers do."""
        return wait_until(condition, PATIENCE, what=what)

    def wait_for(self, report: LaunchReport, state: str = LaunchReport.State.FINISHED) -> LaunchReport:
        """Wait until the report is in that state, and read it anew."""

        def is_there() -> bool:
            report.refresh_from_db()
            return report.state == state

        self.wait_until(is_there, f"report {report.pk} to be {state}")
        return report
