"""A database for a bench, made and removed, and what has to be in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eztaskmanager.models import LaunchReport

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def database() -> Iterator[str]:
    """Set up the demo project with a test database; yields its vendor."""
    sys.path[:0] = [str(ROOT), str(ROOT / "demoproject")]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demoproject.settings")

    import django

    django.setup()

    from django.db import connection
    from django.test.runner import DiscoverRunner

    runner = DiscoverRunner(verbosity=0, interactive=False)
    made = runner.setup_databases()
    try:
        yield connection.vendor
    finally:
        runner.teardown_databases(made)


def started_report(command: str) -> LaunchReport:
    """Make a task of the command, and the report of a run of it that has begun."""
    from django.core.management import get_commands
    from django.utils import timezone

    from eztaskmanager.models import AppCommand, LaunchReport, Task

    row, _ = AppCommand.objects.get_or_create(name=command, app_name=get_commands()[command])
    task = Task.objects.create(name=command, command=row)
    now = timezone.now()
    return LaunchReport.objects.create(task=task, command=command, state="started", started_at=now, heartbeat_at=now)


@contextmanager
def live_server() -> Iterator[str]:
    """Serve the demo project from a thread of this process; yields its address."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.test.testcases import LiveServerThread

    class Server(LiveServerThread.server_class):  # type: ignore[misc,name-defined]
        # Its end is then that of all answers, and of their connections to the database.
        daemon_threads = False

    class Thread(LiveServerThread):
        server_class = Server

    thread = Thread("localhost", StaticFilesHandler, connections_override={})
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    try:
        yield f"http://localhost:{thread.port}"
    finally:
        thread.terminate()
