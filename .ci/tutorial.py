"""Follow docs/tutorial.rst from an empty folder, with the wheel that was built: each command, each file, each click."""

from __future__ import annotations

import http.cookiejar
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

TUTORIAL = Path(__file__).resolve().parent.parent / "docs" / "tutorial.rst"
SERVERS = ("runserver", "db_worker", "eztaskscheduler")
PORT = int(os.environ.get("TUTORIAL_PORT", "8765"))
PATIENCE = 150.0


@dataclass(frozen=True)
class Block:
    """A block of the tutorial: commands, or the text of a file."""

    section: str
    language: str
    caption: str
    text: str


def read_blocks() -> Iterator[Block]:
    """Give the blocks in their order; a section without one gives an empty block."""
    text = TUTORIAL.read_text(encoding="utf-8")
    for part in re.split(r"\n(?=[^\n]+\n-{4,}\n)", text):
        section = part.partition("\n")[0]
        found = re.finditer(
            r"^\.\. code-block:: (\w+)\n(?:   :caption: (.*)\n)?\n((?:(?:   .*)?\n)+)", part, re.MULTILINE
        )
        blocks = [Block(section, m[1], m[2] or "", re.sub(r"^   ", "", m[3], flags=re.MULTILINE)) for m in found]
        yield from blocks or [Block(section, "", "", "")]
        yield Block(section, "end", "", "")


class Browser:
    """Someone in the admin."""

    def __init__(self) -> None:
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        self.root = f"http://127.0.0.1:{PORT}"

    def get(self, path: str) -> str:
        """Read a page."""
        return self._open(path)

    def _open(self, path: str, data: bytes | None = None) -> str:
        until = time.monotonic() + 30
        while True:
            try:
                with self.opener.open(f"{self.root}{path}", data, timeout=30) as answer:
                    text: str = answer.read().decode()
                return text
            except urllib.error.URLError as exc:
                # The web server starts again when the settings have changed.
                if not isinstance(exc.reason, ConnectionRefusedError) or time.monotonic() > until:
                    raise
            time.sleep(0.5)

    def post(self, path: str, **fields: str) -> str:
        """Fill in the form of a page with its own values and these, and send it; give the page that follows."""
        page = self.get(path)
        form = {**dict(_inputs(page)), **fields}
        for name in [name for name, value in form.items() if value is None]:
            del form[name]
        text = self._open(path, urllib.parse.urlencode(form).encode())
        if "errornote" in text and "errorlist" in text:
            sys.exit(f"The form at {path} was refused:\n{re.findall(r'errorlist.*?</ul>', text, re.DOTALL)}")
        return text


def _inputs(page: str) -> Iterator[tuple[str, str]]:
    for tag in re.findall(r"<input\b[^>]*>", page):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" in attributes and attributes.get("type") not in ("submit", "checkbox", "radio", "search"):
            yield attributes["name"], attributes.get("value", "")
    for name, body in re.findall(r'<select\b[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        yield name, chosen[1] if chosen else ""
    for name, body in re.findall(r'<textarea\b[^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL):
        yield name, body


class Follower:
    """Does what the tutorial says, in a folder."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder, self.wheel = folder, wheel
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTHONPATH"))},
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PYTHONUNBUFFERED": "1",
        }
        self.servers: dict[str, subprocess.Popen[bytes]] = {}
        self.browser = Browser()
        self.task = ""

    def follow(self) -> None:
        """Go through it."""
        clicks: dict[str, Callable[[], None]] = {
            "A task": self.make_the_task,
            "A schedule": self.schedule_it,
            "An alert": self.see_it_fail,
        }
        for block in read_blocks():
            if block.language == "console":
                for line in re.findall(r"^\$ (.*)$", block.text, re.MULTILINE):
                    self.command(line)
            elif block.language == "python":
                self.write(block)
            elif block.language == "end" and block.section in clicks:
                print(f"({block.section})", flush=True)
                clicks.pop(block.section)()
        if clicks:
            sys.exit(f"The tutorial no longer has the sections {', '.join(clicks)}.")

    def command(self, line: str) -> None:
        """Run a command line; servers go on."""
        print(f"$ {line}", flush=True)
        words = shlex.split(line)
        if words[0] == "cd":
            self.folder /= words[1]
        elif words[:2] == [".", "venv/bin/activate"]:
            self.environment["PATH"] = f"{self.folder / 'venv' / 'bin'}:{self.environment['PATH']}"
            self.environment["VIRTUAL_ENV"] = str(self.folder / "venv")
        elif words[-1].startswith("django-eztaskmanager"):
            words[-1] = f"{self.wheel}{words[-1].removeprefix('django-eztaskmanager')}"
            subprocess.run([*words, "--quiet"], cwd=self.folder, env=self.environment, check=True)
        elif any(server in words for server in SERVERS):
            self.serve(line.replace(" 8000", f" {PORT}"))
        else:
            subprocess.run(line, shell=True, cwd=self.folder, env=self.environment, check=True)

    def serve(self, line: str) -> None:
        """Start a process that goes on, or start it again."""
        if line in self.servers:
            self.end(self.servers.pop(line))
        self.servers[line] = subprocess.Popen(
            f"exec {line}",
            shell=True,
            cwd=self.folder,
            env=self.environment,
            start_new_session=True,
            # A shell that runs something in the background has it ignore Ctrl-C, and so its children.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def write(self, block: Block) -> None:
        """Write a file, or more of it."""
        name, _, where = block.caption.partition(", ")
        if "Django 5.2" in where and not self.has_django_5():
            return
        path = self.folder / name
        print(f"writing {block.caption}", flush=True)
        with path.open("a" if where else "w", encoding="utf-8") as file:
            file.write(f"\n{block.text}" if where else block.text)

    def has_django_5(self) -> bool:
        """Tell which Django pip chose."""
        command = [str(self.folder / "venv" / "bin" / "python"), "-c", "import django; print(django.VERSION[0])"]
        return subprocess.check_output(command, text=True).strip() == "5"

    def make_the_task(self) -> None:
        """Log in, make the task, start it, and read its log."""
        wait_for("the web server", lambda: "csrfmiddlewaretoken" in self.browser.get("/admin/login/"))
        self.browser.post("/admin/login/?next=/admin/", username="admin", password="admin")
        page = self.browser.get("/admin/eztaskmanager/task/add/")
        command = re.search(r'<option value="(\d+)"[^>]*>shop: count_stock<', page)
        if command is None:
            sys.exit("The command is not offered.")
        self.browser.post("/admin/eztaskmanager/task/add/", name="Count the stock", command=command[1], _save="Save")
        found = re.search(r"/admin/eztaskmanager/task/(\d+)/change/", self.browser.get("/admin/eztaskmanager/task/"))
        if found is None:
            sys.exit("The task is not in the list.")
        self.task = found[0]
        page = self.browser.post(self.task, **{"_start-task": ""})
        log = re.search(r"/eztaskmanager/livelogviewer/(\d+)/", page)
        if log is None:
            sys.exit("The page does not lead to the log.")
        raw = log[0].replace("livelogviewer", "logviewer")
        wait_for("the end of the run", lambda: "Shelf 20 is well filled." in self.browser.get(raw))

    def schedule_it(self) -> None:
        """Write the cron expression, and wait for a run."""
        self.browser.post(self.task, cron="* * * * *", _save="Save")
        wait_for("a run by the schedule", lambda: "schedule" in self.origins())

    def origins(self) -> str:
        """Read from the list what launched each run."""
        return self.browser.get("/admin/eztaskmanager/launchreport/?trigger=schedule").partition("result_list")[2]

    def see_it_fail(self) -> None:
        """Restart the servers, give the argument, and wait for the mail."""
        mails = self.folder / "mails"
        if not any(mails.iterdir()):
            sys.exit("The test of the notification wrote no mail.")
        for line in list(self.servers):
            if "runserver" not in line:
                self.serve(line)
        self.browser.post(self.task, arguments="--empty 7", _save="Save")
        wait_for("the mail", lambda: any("Shelf 7 is empty" in file.read_text() for file in mails.iterdir()))

    def end(self, server: subprocess.Popen[bytes]) -> None:
        """End a server as Ctrl-C does."""
        server.send_signal(signal.SIGINT)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def wait_for(what: str, condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, or fail."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            if condition():
                return
        except OSError:
            pass  # Not up yet.
        time.sleep(0.5)
    sys.exit(f"In vain: {what}.")


def main(wheel: Path) -> None:
    """Follow the tutorial in a throw-away folder."""
    with tempfile.TemporaryDirectory(prefix="tutorial-") as folder:
        follower = Follower(Path(folder), wheel)
        try:
            follower.follow()
        finally:
            for server in follower.servers.values():
                follower.end(server)
    print("The tutorial holds.")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
