"""Starts the process of a run, and watches over it as a process."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from resource import struct_rusage

from django.conf import settings
from django.db import connections

from eztaskmanager.supervision.child import become_child, run_child
from eztaskmanager.supervision.job import Job
from eztaskmanager.supervision.pipes import Pipes
from eztaskmanager.supervision.spawned import BOOTSTRAP


def choose_isolation(wanted: str) -> str:
    """Turn 'auto' into 'fork' where only this thread would be lost, else into 'spawn'."""
    if wanted in ("fork", "spawn", "inline"):
        return wanted
    if wanted != "auto":
        raise ValueError(f"Isolation {wanted!r} is not known; there are 'auto', 'fork', 'spawn' and 'inline'.")
    return "fork" if _is_single_threaded() or not _can_spawn() else "spawn"


def _is_single_threaded() -> bool:
    if threading.active_count() > 1 or "gevent.monkey" in sys.modules or "eventlet.patcher" in sys.modules:
        return False
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return True


def _can_spawn() -> bool:
    # Settings made by hand are in no module that a fresh interpreter could import.
    return settings.configured and bool(os.environ.get("DJANGO_SETTINGS_MODULE"))


@dataclass
class Process:
    """The process of a run, leader of its own group."""

    pid: int
    pidfd: int | None
    popen: subprocess.Popen[bytes] | None = None

    def has_ended(self) -> bool:
        """Tell whether it is over, without taking leave of it yet: its group's number stays taken."""
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def signal_group(self, number: int) -> None:
        """Signal it and all its descendants that have not parted from it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:
                # In its first moment it does not lead a group yet.
                os.kill(self.pid, number)

    def reap(self) -> tuple[int | None, struct_rusage | None]:
        """Wait for its end and return its exit code, negative for a signal, and what it used.

        Both are None where the host has the kernel reap children by itself.
        """
        try:
            _, status, usage = os.wait4(self.pid, 0)
        except ChildProcessError:
            code, usage = None, None
        else:
            code = os.waitstatus_to_exitcode(status)
        if self.pidfd is not None:
            os.close(self.pidfd)
        if self.popen is not None:
            self.popen.returncode = code or 0
        return code, usage


def start(job: Job, isolation: str, pipes: Pipes) -> Process:
    """Start the process of a job; of the pipes it has the writing ends, this process the reading ones."""
    process = _fork(job, pipes) if isolation == "fork" else _spawn(job, pipes)
    pipes.close_writing_ends()
    return process


def _fork(job: Job, pipes: Pipes) -> Process:
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        # What is still in their buffers would be written by both processes.
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()  # type: ignore[union-attr]
    supervisor = os.getpid()
    pid = os.fork()
    if pid:
        return Process(pid, _pidfd(pid))
    try:
        become_child(supervisor, is_fork=True)
        pipes.become_writer()
        run_child(job, pipes.frames_in)
    finally:
        os._exit(1)


def _spawn(job: Job, pipes: Pipes) -> Process:
    order = {
        "job": asdict(job),
        "path": sys.path,
        "settings": os.environ["DJANGO_SETTINGS_MODULE"],
        "supervisor": os.getpid(),
        "descriptor": pipes.frames_in,
        # Those in use, which in a test are not those of the settings.
        "databases": {alias: str(connections.settings[alias]["NAME"]) for alias in connections},
    }
    popen = subprocess.Popen(  # nosec B603
        [sys.executable, *subprocess._args_from_interpreter_flags(), "-c", BOOTSTRAP],  # type: ignore[attr-defined]
        stdin=subprocess.PIPE,
        stdout=pipes.stdout_in,
        stderr=pipes.stderr_in,
        pass_fds=(pipes.frames_in,),
        start_new_session=True,
    )
    assert popen.stdin is not None
    with contextlib.suppress(BrokenPipeError), popen.stdin:
        popen.stdin.write(json.dumps(order).encode())
    return Process(popen.pid, _pidfd(popen.pid), popen)


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
