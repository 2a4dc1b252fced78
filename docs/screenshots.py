"""Take the pictures of the tour from a throw-away demo: `make screenshots`."""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "_static" / "screenshots"
sys.path[:0] = [str(ROOT / "bench")]

from lines import write_lines  # noqa: E402  The path comes first.
from surroundings import database, live_server  # noqa: E402

SIZE = 1_000_000
PATIENCE = 60_000
LOOKS = {
    "light": {"viewport": {"width": 1440, "height": 960}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1440, "height": 960}, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 390, "height": 760}, "color_scheme": "light"},
}
# Pages that are shown from top to end, once their scripts have fetched and drawn what they do.
WHOLE = ("overview", "task", "launch")
SETTLED = 2500
# All lines in view have come, and where there is a group, its end has gone out of sight.
IS_SHOWN = """() => {
  const lines = [...document.querySelectorAll('#ez-lines > .ez-line')];
  const texts = lines.map(line => line.querySelector('.ez-message')?.textContent);
  return lines.length > 3 && !document.querySelector('#ez-lines .ez-placeholder')
    && texts.filter(text => text === 'Check the rows').length <= 1;
}"""
TRACEBACK = """The partner does not answer.
Traceback (most recent call last):
  File "sync_partners.py", line 31, in handle
    orders = partner.fetch("orders")
  File "partner.py", line 12, in fetch
    raise ConnectionError(f"no answer from {self.host}")
ConnectionError: no answer from partner.example.org"""


def main() -> None:
    """Make the demo, and take all pictures."""
    os.environ.update(DEMO_DATABASE="sqlite", DEMO_DATABASE_NAME="screenshots", DEMO_QUEUE="memory")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with database():
        from playwright.sync_api import sync_playwright

        from eztaskmanager.tests.services import browser_path

        addresses = _fill()
        with live_server() as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox", "--disable-gpu"])
            for look, options in LOOKS.items():
                page = _log_in(browser, url, options)
                for name, address in addresses.items():
                    page.goto(f"{url}{address}")
                    if name.startswith("viewer"):
                        page.wait_for_function(IS_SHOWN)
                    if name == "viewer-running":
                        page.keyboard.press("g")
                        page.locator("#ez-lines .ez-group").wait_for()
                    if name == "viewer-million":
                        page.keyboard.press("/")
                        page.keyboard.type("row 654321 ")
                        page.locator("#ez-lines mark").first.wait_for()
                    if name.startswith("viewer"):
                        page.wait_for_function(IS_SHOWN)
                    if name in WHOLE:
                        page.wait_for_timeout(SETTLED)
                    page.screenshot(path=FOLDER / f"{name}-{look}.png", full_page=name in WHOLE)
            browser.close()


def _log_in(browser: Any, url: str, options: dict[str, Any]) -> Any:
    from django.test import Client

    client = Client()
    client.login(username="admin", password="admin")
    context = browser.new_context(locale="en-US", **options)
    context.set_default_timeout(PATIENCE)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}])
    return context.new_page()


def _fill() -> dict[str, str]:
    """Make the tasks and their runs; give the addresses of what is shown."""
    from demoapp.seeding import seed
    from django.core.management import call_command
    from django.urls import reverse
    from django.utils import timezone

    from eztaskmanager.models import LaunchReport, Task, TickerBeat

    call_command("collectcommands", "--excludecore", verbosity=0)
    seed()
    # What the demo launches has no worker here.
    LaunchReport.objects.busy().delete()
    now = timezone.now()

    def begin(name: str, minutes: int) -> LaunchReport:
        task = Task.objects.get(name=name)
        return LaunchReport.objects.create(
            task=task,
            command=task.command.name,
            arguments=task.arguments,
            state="started",
            started_at=now - dt.timedelta(minutes=minutes),
            heartbeat_at=now,
            trigger=LaunchReport.Trigger.MANUAL,
            launched_by_name="admin",
            host="worker-1",
            pid=4711,
        )

    large = begin("Import all prices at night", 42)
    write_lines(large, SIZE)
    large.finish(None, exit_code=0, cpu_seconds=1310.0, max_rss=180 << 20)
    failed = begin("Ask the partner", 3)
    _say(failed, "log", "Asking partner.example.org for orders.", "Retrying in 2 s.")
    _say(failed, "log", TRACEBACK, level="ERROR")
    _say(failed, "stdout", "Nothing was changed.")
    failed.finish(LaunchReport.RESULT_FAILED, exit_code=1, error="ConnectionError: no answer from partner.example.org")
    done = begin("Report on this machine", 2)
    _say(done, "stdout", "All is well.")
    done.finish(LaunchReport.RESULT_OK, exit_code=0)
    running = begin("Import the prices of the north", 1)
    _say(running, "log", "Reading https://example.org/prices/north.csv")
    _say(running, "group", "Check the rows")
    _say(running, "stdout", "\x1b[32mok\x1b[0m 398 rows", "\x1b[1;31mbad\x1b[0m 2 rows", "100 %")
    _say(running, "end", "Check the rows")
    _say(running, "log", "Row 17 has no price.", level="WARNING")
    _say(running, "stdout", *(f"{n} rows are in" for n in range(20, 241, 20)))
    LaunchReport.objects.filter(pk=running.pk).update(progress_current=240, progress_total=400, progress_text="rows")
    Task.objects.filter(pk=running.task_id).derive()
    TickerBeat.objects.beat("eztaskscheduler", 15)
    viewer = "eztaskmanager:live_log_viewer"
    return {
        "overview": reverse("admin:eztaskmanager_overview"),
        "tasks": reverse("admin:eztaskmanager_task_changelist"),
        "task": reverse("admin:eztaskmanager_task_change", args=[large.task_id]),
        "launch": reverse("admin:eztaskmanager_task_launch", args=[large.task_id]),
        "reports": reverse("admin:eztaskmanager_launchreport_changelist"),
        "report": reverse("admin:eztaskmanager_launchreport_change", args=[failed.pk]),
        "command": reverse("admin:eztaskmanager_appcommand_change", args=[large.task.command_id]),
        "viewer-running": reverse(viewer, args=[running.pk]),
        "viewer-failed": reverse(viewer, args=[failed.pk]),
        "viewer-million": reverse(viewer, args=[large.pk]),
    }


def _say(report: Any, stream: str, *messages: str, level: str = "INFO") -> None:
    from eztaskmanager.output import Line
    from eztaskmanager.services.log_writer import LogWriter

    LogWriter(report.pk).write([Line(time.time(), level, stream, message) for message in messages])


if __name__ == "__main__":
    main()
