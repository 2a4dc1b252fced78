"""Ends in each of the ways there are."""

from __future__ import annotations

import atexit
import ctypes
import os
import resource
import signal
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Trouble(Exception):
    """What a command raises of its own."""


class Speechless(Exception):
    """Cannot even say what it is."""

    def __str__(self) -> str:
        raise Trouble("no words")


class Command(BaseCommand):
    help = "Ends in the way that is named, after having said so."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("way")

    def handle(self, *args: Any, **options: Any) -> None:
        print(f"ending by {options['way']}")
        getattr(self, f"end_by_{options['way']}")()

    def end_by_return(self) -> None: ...

    def end_by_exception(self) -> None:
        raise Trouble("with a reason")

    def end_by_command_error(self) -> None:
        raise CommandError("this cannot be done", returncode=4)

    def end_by_exit_0(self) -> None:
        sys.exit(0)

    def end_by_exit_3(self) -> None:
        sys.exit(3)

    def end_by_exit_text(self) -> None:
        sys.exit("a sentence")

    def end_by_exit_huge(self) -> None:
        sys.exit(2**80)

    def end_by_exit_odd_text(self) -> None:
        sys.exit("a\0b")

    def end_by_odd_name(self) -> None:
        # As os.listdir() gives a name that is no UTF-8.
        raise CommandError("cannot read caf\udce9.csv", returncode=2**40)

    def end_by_nul(self) -> None:
        raise Trouble("with a \0 inside")

    def end_by_speechless(self) -> None:
        raise Speechless

    def end_by_os_exit(self) -> None:
        os._exit(5)

    def end_by_sigkill(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def end_by_segfault(self) -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        ctypes.string_at(0)

    def end_by_memory(self) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + 256 * 1024**2
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        hoard = []
        while True:
            hoard.append(bytearray(16 * 1024**2))

    def end_by_atexit(self) -> None:
        atexit.register(print, "said at exit")

    def end_by_leaving_a_child(self) -> None:
        child = subprocess.Popen(["sh", "-c", "echo left behind; exec sleep 600"], start_new_session=False)
        print(f"child {child.pid}")

    def end_by_keyboard_interrupt(self) -> None:
        raise KeyboardInterrupt

    def end_by_prompt(self) -> None:
        input("Sure? ")

    def end_by_telling(self) -> None:
        print(f"leads its session: {os.getsid(0) == os.getpgid(0) == os.getpid()}")
        print(f"SIGUSR1 is default: {signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL}")
        print(f"stdin: {sys.stdin.read()!r}")
