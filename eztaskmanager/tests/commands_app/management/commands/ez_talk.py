"""Says something in each of the ways there are."""

from __future__ import annotations

import ctypes
import logging
import os
import subprocess
import sys
import threading
import time
import warnings
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

logger = logging.getLogger("somebody.elses")


class Command(BaseCommand):
    help = "Says something in each of the ways that are named, in that order."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ways", nargs="*")
        parser.add_argument("--count", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        for way in options["ways"]:
            act: Callable[[int], None] = getattr(self, f"say_{way}")
            act(options["count"])

    def say_self_stdout(self, count: int) -> None:
        self.stdout.write("from self.stdout")

    def say_self_stderr(self, count: int) -> None:
        self.stderr.write("from self.stderr")

    def say_print(self, count: int) -> None:
        print("from", "print")

    def say_sys_stderr(self, count: int) -> None:
        print("from sys.stderr", file=sys.stderr)

    def say_bytes(self, count: int) -> None:
        sys.stdout.buffer.write(b"from the buffer: \xff\n")

    def say_log(self, count: int) -> None:
        logger.warning("from %s", "a logger")

    def say_levels(self, count: int) -> None:
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
            logger.log(level, "at %s", logging.getLevelName(level))

    def say_private(self, count: int) -> None:
        private = logging.getLogger("somebody.private")
        private.warning("from a logger that does not propagate")

    def say_disabled(self, count: int) -> None:
        logging.getLogger("somebody.disabled").warning("from a disabled logger")

    def say_warning(self, count: int) -> None:
        warnings.warn("from warnings", UserWarning, stacklevel=1)

    def say_caught(self, count: int) -> None:
        try:
            raise ValueError("caught")
        except ValueError:
            logger.exception("from an except clause")

    def say_child(self, count: int) -> None:
        subprocess.run(["sh", "-c", "echo from a child; echo from its stderr >&2"], check=True)

    def say_descriptor(self, count: int) -> None:
        os.write(1, b"from descriptor 1\n")

    def say_c(self, count: int) -> None:
        libc = ctypes.CDLL(None)
        libc.puts(b"from C")
        libc.fflush(None)

    def say_fork(self, count: int) -> None:
        pid = os.fork()
        if not pid:
            print("from a fork")
            sys.exit(7)
        os.waitpid(pid, 0)

    def say_thread(self, count: int) -> None:
        thread = threading.Thread(target=self._speak_late)
        thread.start()

    def _speak_late(self) -> None:
        time.sleep(0.2)
        print("from a thread that outlives handle()")

    def say_odd_bytes(self, count: int) -> None:
        os.write(1, b"nul \0, invalid \xff\xfe, cut \xe2\x82")
        time.sleep(0.01)
        os.write(1, b"\xac euro\n")
        print("nul \0 in print, surrogate \udcff")
        logger.warning("nul \0 in a record")

    def say_progress_bar(self, count: int) -> None:
        for percent in range(0, 101, 10):
            sys.stderr.write(f"\r{percent:3d} %")
            sys.stderr.flush()
        sys.stderr.write("\n")

    def say_colour(self, count: int) -> None:
        print("\x1b[31mred\x1b[0m")

    def say_no_end(self, count: int) -> None:
        os.write(2, b"raw without an end")
        sys.stdout.write("text without an end")

    def say_no_end_of_print(self, count: int) -> None:
        print("text without an end", end="")

    def say_long(self, count: int) -> None:
        print("x" * 10_000_000)
        os.write(1, b"y" * 1_000_000 + b"\n")
        logger.warning("z" * 1_000_000)

    def say_many(self, count: int) -> None:
        for number in range(count):
            logger.warning("line %d", number)

    def say_alternating(self, count: int) -> None:
        for number in range(count):
            subprocess.run(["echo", f"child {number}"], check=True)
            logger.warning("record %d", number)
            os.write(2, f"raw {number}\n".encode())
            print(f"print {number}")

    def say_embedded(self, count: int) -> None:
        call_command("ez_talk", "log", "self_stderr", "print")

    def say_logging_error(self, count: int) -> None:
        logger.warning("two %s %s", "few")

    def say_everything(self, count: int) -> None:
        for way in ("self_stdout", "child", "log", "descriptor", "print", "self_stderr", "c", "sys_stderr", "warning"):
            getattr(self, f"say_{way}")(count)
