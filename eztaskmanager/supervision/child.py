"""The child: a process that runs one command and says everything through its pipes."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import fcntl
import logging
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

from django.core.cache import caches
from django.db import connections

from eztaskmanager.supervision.capture import captured
from eztaskmanager.supervision.channel import PipeChannel
from eztaskmanager.supervision.commands import run_command
from eztaskmanager.supervision.job import Ending, Job, StopRequested, describe_error
from eztaskmanager.supervision.stopping import Stopper

PR_SET_PDEATHSIG = 1
# Low descriptors are closed by commands that become daemons, and what is opened then takes their numbers.
HIGH_DESCRIPTOR = 4096
KEPT_IGNORED = {signal.SIGPIPE, signal.SIGXFSZ}

_libc = ctypes.CDLL(None, use_errno=True)
# What the parent had open is neither used nor closed here: closing says goodbye to its server on its socket.
_inherited: list[Any] = []


def become_child(supervisor: int, *, is_fork: bool) -> None:
    """Part from the process this one was forked from, but for its death, which is to be this one's too."""
    if is_fork:
        os.setsid()
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor:
        os._exit(1)
    if is_fork:
        signal.set_wakeup_fd(-1)
        _put_signals_back()
        _forget_connections()
        _forget_exit_functions()


def run_child(job: Job, descriptor: int) -> NoReturn:
    """Run the command, descriptors 1 and 2 being pipes already, tell how it ended, and end this process."""
    pid = os.getpid()
    ending = Ending("raised", 1, "The command did not begin.")
    raw = tuple(_duplicate_high(number) for number in (1, 2))
    channel = PipeChannel(_duplicate_high(descriptor), raw)
    os.close(descriptor)
    try:
        ending = _run(job, channel)
    except BaseException as exc:  # A stop that came late, or an error of this package; the process ends either way.
        ending = ending if isinstance(exc, StopRequested) else Ending("raised", 1, describe_error(exc))
    finally:
        # A process that the command forked without exec may come here too.
        if os.getpid() == pid:
            channel.end(ending)
        os._exit(ending.exit_code & 0xFF if ending.exit_code >= 0 else 128 - ending.exit_code)


def _duplicate_high(descriptor: int) -> int:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, min(limit, HIGH_DESCRIPTOR) - 16)
    except OSError:
        return os.dup(descriptor)


def _run(job: Job, channel: PipeChannel) -> Ending:
    stopper = Stopper(channel)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    ending = Ending("terminated", -signal.SIGTERM)
    try:
        with captured(channel, job.log_level):
            stopper.install()
            ending = run_command(job, channel)
            _do_at_exit()
    except StopRequested:
        pass
    finally:
        stopper.uninstall()
    return ending


def _do_at_exit() -> None:
    """Do what the interpreter does at its end, for what the command began; a stop may still come."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for reference in list(logging._handlerList):  # type: ignore[attr-defined]
        handler = reference()
        if handler is not None:
            with contextlib.suppress(OSError, ValueError):
                handler.flush()
    if (sentry := sys.modules.get("sentry_sdk")) is not None:
        # It sends from a thread, which would end with this process.
        sentry.flush(timeout=2)


def _put_signals_back() -> None:
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if number in KEPT_IGNORED:
            continue
        with contextlib.suppress(OSError, ValueError):
            if signal.getsignal(number) not in (signal.SIG_DFL, None):
                default: Any = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
                signal.signal(number, default)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _forget_connections() -> None:
    handlers: tuple[Any, ...] = (connections, caches)
    for handler in handlers:
        for alias in list(handler):
            with contextlib.suppress(AttributeError):
                wrapper = getattr(handler._connections, alias)
                _inherited.append((wrapper, getattr(wrapper, "connection", None)))
                delattr(handler._connections, alias)
                pools = getattr(type(wrapper), "_connection_pools", None)
                if pools:
                    _inherited.append(dict(pools))
                    pools.clear()


def _forget_exit_functions() -> None:
    atexit._clear()
    if "multiprocessing.util" in sys.modules:
        # As multiprocessing does in the processes it forks: the children are the parent's, the end is one's own.
        from multiprocessing import process, util

        process._children = set()  # type: ignore[attr-defined]
        util._finalizer_registry.clear()  # type: ignore[attr-defined]
        exit_function: Callable[[], None] = util._exit_function  # type: ignore[attr-defined]
        atexit.register(exit_function)
