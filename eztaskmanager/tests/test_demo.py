"""The demo, as a new user starts it, looks into it and ends it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import TestCase

import requests
from django.test import tag

from eztaskmanager.tests.private_servers import free_port
from eztaskmanager.tests.waiting import wait_until
from eztaskmanager.tests.workers import PROJECT


def processes_of(folder: str) -> list[str]:
    """Tell what still runs with the folder in its environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"DEMO_FOLDER={folder}".encode() in path.read_bytes().split(b"\0"):
                found.append(path.with_name("cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # It has ended, or is not ours.
    return [command for command in found if command]


class Visitor:
    """Someone who follows what the demo says."""

    def __init__(self, root: str) -> None:
        self.root, self.session = root.rstrip("/"), requests.Session()

    def read(self, path: str) -> str:
        """Give a page."""
        answer = self.session.get(f"{self.root}{path}", timeout=60)
        answer.raise_for_status()
        return answer.text

    def send(self, path: str, data: dict[str, str]) -> str:
        """Post a form with its token; give the page that follows."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.read(path))
        assert token is not None
        data = {**data, "csrfmiddlewaretoken": token[1]}
        answer = self.session.post(f"{self.root}{path}", data, headers={"Referer": f"{self.root}{path}"}, timeout=60)
        answer.raise_for_status()
        return answer.text


@tag("long")
class DemoTests(TestCase):
    def test_it_starts_runs_tasks_and_ends_all_it_started(self) -> None:
        with tempfile.TemporaryDirectory(prefix="ez-demo-") as folder, Path(folder, "said").open("w+") as said:
            variables = {name: value for name, value in os.environ.items() if not name.startswith("DEMO_")}
            demo = subprocess.Popen(
                [sys.executable, str(PROJECT / "demo.py"), f"--port={free_port()}"],
                env={**variables, "DEMO_FOLDER": folder, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
            try:
                self.look_around(demo, Path(said.name))
                demo.send_signal(signal.SIGINT)
                self.assertEqual(demo.wait(60), 0)
                self.assertEqual(processes_of(folder), [])
                self.assertIn("The demo has ended.", Path(said.name).read_text())
            finally:
                demo.terminate()
                demo.wait(60)

    def look_around(self, demo: subprocess.Popen[bytes], said: Path) -> None:
        wait_until(lambda: "is up:" in said.read_text() or demo.poll() is not None, what="the demo to be up")
        address = re.search(r"is up:\s+(\S+)", said.read_text())
        assert address is not None, said.read_text()
        visitor = Visitor(address[1])
        visitor.send("/admin/login/?next=/admin/", {"username": "admin", "password": "admin"})
        # The one task that the search leaves, so that all links are its own.
        address_of_list = "/admin/eztaskmanager/task/?q=Report+on"
        task = re.search(r"/admin/eztaskmanager/task/(\d+)/change/", visitor.read(address_of_list))
        assert task is not None
        page = visitor.send(address_of_list, {"action": "run_tasks_now", "_selected_action": task[1]})
        newest = max(map(int, re.findall(r"/eztaskmanager/livelogviewer/(\d+)/", page)))
        lines = f"/eztaskmanager/read_loglines/{newest}/"
        wait_until(lambda: '"state": "finished"' in visitor.read(lines), what="the end of the run")
        self.assertIn('"result": "warnings"', visitor.read(lines))
        # The task of each minute is due within one.
        by_schedule = "/admin/eztaskmanager/launchreport/?trigger=schedule&q=Say"
        row = 'class="field-task_name'
        wait_until(lambda: row in visitor.read(by_schedule), what="a run by the schedule", timeout=120)
