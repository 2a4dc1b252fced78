"""Lines that wait on a disk that fails: none of them is lost without a word."""

from __future__ import annotations

import contextlib
import marshal
import os
import re
import resource
from collections.abc import Iterator
from unittest import mock

from django.test import SimpleTestCase

from eztaskmanager.output import Line
from eztaskmanager.services import backlog as backlogs
from eztaskmanager.services.backlog import Backlog

BLOCK = 200


def lines(start: int, count: int = BLOCK) -> list[Line]:
    return [Line(1.0, "INFO", "stdout", f"{number:08d} {'x' * 60}") for number in range(start, start + count)]


SIZE = len(marshal.dumps([tuple(line) for line in lines(0)]))


@contextlib.contextmanager
def room_for(size: int) -> Iterator[None]:
    """Have files end there, in the middle of a write too, as on a disk that gets full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class FailingDiskTests(SimpleTestCase):
    def setUp(self) -> None:
        for name, value in (("BLOCK_LINES", BLOCK), ("DISK_AGAIN", 0)):
            patch = mock.patch.object(backlogs, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        self.backlog = Backlog()
        self.addCleanup(self.backlog.close)

    def drain(self) -> list[str]:
        taken = []
        while batch := self.backlog.take():
            taken += [line.message for line in batch]
        return taken

    def numbers(self, messages: list[str]) -> list[int]:
        return [int(message[:8]) for message in messages]

    def file_size(self) -> int:
        assert self.backlog._file is not None
        return os.fstat(self.backlog._file.fileno()).st_size

    def test_a_disk_that_is_full_at_any_byte_loses_nothing(self) -> None:
        for missing in (1, 100, 5000, 8193, SIZE - 1, SIZE):
            with self.subTest(missing=missing):
                self.backlog.put(lines(0))
                with room_for(2 * SIZE - missing):
                    self.backlog.put(lines(BLOCK))
                    self.assertEqual(self.file_size(), SIZE)
                    first = self.backlog.take()
                self.backlog.put(lines(2 * BLOCK))
                messages = [line.message for line in first] + self.drain()
                self.assertEqual(self.numbers(messages), list(range(3 * BLOCK)))

    def test_what_a_full_disk_and_full_memory_cannot_keep_is_told(self) -> None:
        with mock.patch.object(backlogs, "MOST_LINES", 2 * BLOCK), room_for(2 * SIZE - 1):
            for start in range(0, 10 * BLOCK, BLOCK // 2):
                self.backlog.put(lines(start, BLOCK // 2))
            messages = self.drain()
        kept = self.numbers([message for message in messages if "dropped" not in message])
        told = [int(match[1]) for match in map(re.compile(r"(\d+) lines were dropped here").match, messages) if match]
        self.assertEqual(kept, sorted(kept))
        self.assertEqual(len(kept) + sum(told), 10 * BLOCK)

    def test_a_block_that_cannot_be_read_back_is_told_and_the_next_ones_come(self) -> None:
        def make_unreadable(descriptor: int) -> None:
            deaf = os.open(os.devnull, os.O_WRONLY)
            os.dup2(deaf, descriptor)
            os.close(deaf)

        def cut(descriptor: int) -> None:
            os.ftruncate(descriptor, SIZE - 1)

        for break_it in (cut, make_unreadable):
            with self.subTest(break_it.__name__):
                self.backlog.put(lines(0))
                assert self.backlog._file is not None
                break_it(self.backlog._file.fileno())
                self.backlog.put(lines(BLOCK, 5))
                [told, *messages] = self.drain()
                self.assertEqual(told, f"Lines were dropped here ({BLOCK}): they could not be read back from disk.")
                self.assertEqual(self.numbers(messages), list(range(BLOCK, BLOCK + 5)))
