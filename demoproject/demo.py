#!/usr/bin/env python
"""The demo: a database, workers, the scheduler and a web server, until Ctrl-C. See `make demo`."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import IO

HERE = Path(__file__).resolve().parent
VAR = Path(os.environ.get("DEMO_FOLDER", HERE / "var"))
PORTS_TRIED = 20
GRACE = 5.0


class CannotStart(Exception):
    """What is missing, and what to do."""


@dataclass
class Started:
    """A process of the demo, and where it speaks."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


def find_port(wanted: int) -> int:
    """Give the wanted port, or the next that is free."""
    for port in range(wanted, wanted + PORTS_TRIED):
        with socket.socket() as probe:
            # As the web server does, so that a port it could take does not look busy.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise CannotStart(f"The ports {wanted} to {wanted + PORTS_TRIED - 1} are all busy; try make demo PORT=9000.")


def check_queue(queue: str) -> None:
    """Refuse a queue that could not work, and say what it lacks."""
    needed = {"tasks": "django_tasks_db", "rq": "django_rq", "celery": "celery"}[queue]
    if find_spec(needed) is None:
        raise CannotStart(f"QUEUE={queue} needs the package {needed}, which is not installed; run make install.")
    broker = os.environ.get("DEMO_BROKER_URL", "")
    if queue == "rq" or (queue == "celery" and not broker):
        import redis  # Only here: QUEUE=tasks goes without.

        url = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
        try:
            redis.Redis.from_url(url, socket_timeout=5).ping()
        except redis.RedisError as exc:
            raise CannotStart(
                f"QUEUE={queue} needs Redis, and none answers at {url} ({exc}).\n"
                "Start one (Debian: apt-get install redis-server), or set REDIS_URL to where one is,\n"
                "or leave QUEUE out: plain make demo needs no broker."
            ) from exc


def get_commands(queue: str, port: int) -> dict[str, list[str]]:
    """Give the commands of all processes by name."""
    manage = [sys.executable, str(HERE / "manage.py")]
    worker = {
        "tasks": [*manage, "db_worker", "--interval=0.2", "--no-startup-delay", "--no-reload"],
        "rq": [*manage, "rqworker", "default"],
        "celery": [sys.executable, "-m", "celery", "--app=demoproject", "worker", "--concurrency=1", "--pool=prefork"],
    }[queue]
    return {
        "worker-1": [*worker, *(["--hostname=one@%h"] if queue == "celery" else [])],
        "worker-2": [*worker, *(["--hostname=two@%h"] if queue == "celery" else [])],
        "scheduler": [*manage, "eztaskscheduler", "--interval=5"],
        # Without DEBUG it serves static files only if told to.
        "web": [*manage, "runserver", "--noreload", "--insecure", f"127.0.0.1:{port}"],
    }


def prepare() -> None:
    """Make the database and what is in it."""
    import django  # Only now: the environment, which the settings read, is complete.

    sys.path[:0] = [str(HERE), str(HERE.parent)]
    django.setup()

    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectcommands", "--excludecore", verbosity=0)

    from demoapp.seeding import seed

    seed()


@contextlib.contextmanager
def running(commands: dict[str, list[str]]) -> Iterator[list[Started]]:
    """Run the processes, each in a group of its own; end them all at the end."""
    all_started: list[Started] = []
    files: list[IO[bytes]] = []
    try:
        for name, command in commands.items():
            log = VAR / f"{name}.log"
            files.append(log.open("wb"))
            process = subprocess.Popen(
                command,
                cwd=HERE,
                stdin=subprocess.DEVNULL,
                stdout=files[-1],
                stderr=subprocess.STDOUT,
                # Ctrl-C is for this process alone, which ends the others in its own way.
                start_new_session=True,
            )
            all_started.append(Started(name, process, log))
        yield all_started
    finally:
        end(all_started)
        for file in files:
            file.close()


def end(all_started: list[Started]) -> None:
    """Ask, ask again, and kill: a worker first waits for its task, then drops it."""
    deadline = time.monotonic() + GRACE
    for signum, until in ((signal.SIGTERM, deadline - GRACE / 2), (signal.SIGTERM, deadline), (signal.SIGKILL, None)):
        for started in all_started:
            if started.process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(started.process.pid, signum)
        for started in all_started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                started.process.wait(None if until is None else max(0.0, until - time.monotonic()))


def wait_for_answer(url: str, all_started: list[Started]) -> None:
    """Wait until the web server answers."""
    for _ in range(600):
        check_alive(all_started)
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=5).close()
            return
        time.sleep(0.1)
    raise CannotStart(f"The web server does not answer at {url}; see {VAR / 'web.log'}.")


def check_alive(all_started: list[Started]) -> None:
    """Complain about a process that has ended by itself."""
    for started in all_started:
        code = started.process.poll()
        if code is not None:
            tail = "\n".join(started.log.read_text(errors="replace").splitlines()[-15:])
            raise CannotStart(f"The {started.name} ended by itself, with {code}. Its last words:\n{tail}")


def explain(url: str, queue: str) -> None:
    """Say where it is and what to click."""
    engine = {"tasks": "Django Tasks in the database", "rq": "RQ", "celery": "Celery"}[queue]
    print(
        f"""
  The demo is up:  {url}
  Log in as        admin / admin
  Queue            {engine}; two workers and the scheduler are running

  What to try
    1. Open "Count slowly" and press Start, then follow the log link: it comes in live.
    2. Press Stop on its page: it ends at once, and the side of its log says who stopped it.
    3. "Ask the partner" fails: its log has the traceback; the mail about it is in {VAR}/mail.
    4. "Say the time each minute" runs by itself; see its next ride in the list.
    5. Tick several tasks in the list, and choose the action that launches them.

  Ctrl-C ends it all. What the processes say: {VAR}/*.log
""",
        flush=True,
    )


def main() -> int:
    """Run the demo; give the exit code."""
    parser = argparse.ArgumentParser(description="Run the demo until Ctrl-C.")
    parser.add_argument("--queue", choices=["tasks", "rq", "celery"], default="tasks", help="what carries the tasks")
    parser.add_argument("--port", type=int, default=8000, help="where to listen; a busy port gives way to the next")
    options = parser.parse_args()

    def leave(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    # Ctrl-C too: whoever is started in the background by a shell is born deaf to it.
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, leave)
    try:
        check_queue(options.queue)
        port = find_port(options.port)
        if port != options.port:
            print(f"Port {options.port} is busy; {port} is taken instead.")
        url = f"http://127.0.0.1:{port}/"
        VAR.mkdir(parents=True, exist_ok=True)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "demoproject.settings",
            "DEMO_DATABASE": "sqlite",
            "DEMO_DATABASE_NAME": f"demo-{options.queue}",
            "DEMO_QUEUE": options.queue,
            "DEMO_BASE_URL": url.rstrip("/"),
            "DEMO_MAIL": str(VAR / "mail"),
            "DEMO_WITHOUT_TESTS": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")])),
        }
        print("Making the database …", flush=True)
        prepare()
        with running(get_commands(options.queue, port)) as all_started:
            wait_for_answer(f"{url}admin/login/", all_started)
            explain(url, options.queue)
            while True:
                check_alive(all_started)
                time.sleep(0.5)
    except CannotStart as exc:
        print(exc, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nThe demo has ended.")
        return 0


if __name__ == "__main__":
    sys.exit(main())
