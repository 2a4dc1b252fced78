"""Commands may close and reuse descriptors: their files stay theirs, and their words are kept as far as can be."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path
from unittest import mock

from django.test import SimpleTestCase

from eztaskmanager.output.frames import STDOUT
from eztaskmanager.supervision import Job, Outcome, channel as channels, supervise
from eztaskmanager.supervision.channel import CLOSED, PipeChannel
from eztaskmanager.tests.test_supervision import ListJournal, is_alive

ISOLATIONS = ("fork", "spawn")


class DescriptorCase(SimpleTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.own = Path(folder.name) / "own"

    def supervise(self, isolation: str, *argv: str) -> Outcome:
        self.journal = ListJournal()
        job = Job("ez_daemon", (*argv, f"--folder={self.own.parent}"), isolation=isolation, log_level=10)
        return supervise(job, journal=self.journal, should_stop=lambda: False)

    def told(self) -> list[tuple[str, str, str]]:
        return [(line.level, line.stream, line.message.split("\nTraceback")[0]) for line in self.journal.lines]


class ClosedDescriptorTests(DescriptorCase):
    def test_what_closes_the_low_descriptors_is_heard_as_before(self) -> None:
        for isolation in ISOLATIONS:
            with self.subTest(isolation=isolation):
                outcome = self.supervise(isolation, "close", "--end=256")
                self.assertEqual(self.own.read_text(), "its own words")
                expected = [
                    ("INFO", "stdout", "before"),
                    ("INFO", "stdout", "from print"),
                    ("ERROR", "log", "from a\nlogger"),
                    ("INFO", "group", "a group"),
                    ("WARNING", "stderr", "z" * 10_000),
                    ("INFO", "end", "a group"),
                    ("ERROR", "log", "ValueError: a reason"),
                ]
                self.assertEqual(self.told(), expected)
                self.assertEqual(self.journal.progresses, [(1.0, 2.0, "half")])
                self.assertEqual((outcome.end, outcome.error), ("raised", "ValueError: a reason"))

    def test_what_closes_all_descriptors_is_heard_as_plain_text(self) -> None:
        for isolation in ISOLATIONS:
            with self.subTest(isolation=isolation):
                outcome = self.supervise(isolation, "close", "--end=5000")
                self.assertEqual(self.own.read_text(), "its own words")
                words = ["before", CLOSED, "from print", "from a", "logger", "a group", "z" * 10_000]
                messages = [message for _, _, message in self.told()]
                self.assertEqual(messages[: len(words) + 1], [*words, "ValueError: a reason"])
                self.assertIn("ValueError: a reason", messages)
                self.assertEqual({stream for _, stream, _ in self.told()[1:]}, {"stderr"})
                self.assertEqual((outcome.end, outcome.exit_code), ("exited", 1))

    def test_what_has_files_behind_1_and_2_too_has_them_for_itself(self) -> None:
        for isolation in ISOLATIONS:
            with self.subTest(isolation=isolation):
                self.supervise(isolation, "close", "--first=1", "--end=5000")
                self.assertEqual(self.own.read_text(), "its own words")
                self.assertEqual(self.told(), [("INFO", "stdout", "before")])


class RawDescriptorTests(SimpleTestCase):
    def pipe(self) -> tuple[int, int]:
        ends = os.pipe()
        for end in ends:
            self.addCleanup(os.close, end)
        return ends

    def test_a_pipe_of_the_commands_own_is_not_waited_for(self) -> None:
        reader, writer = self.pipe()
        (_, raw), (_, other) = self.pipe(), self.pipe()
        channel = PipeChannel(writer, (raw,))
        os.write(other, b"nobody reads this")
        os.dup2(other, raw)
        with mock.patch.object(channels.time, "sleep", side_effect=AssertionError("It waits.")):
            channel.text(STDOUT, b"a line\n")
        self.assertIn(b"a line\n", os.read(reader, 4096))


class BackgroundTests(DescriptorCase):
    def test_a_process_that_holds_nothing_of_the_run_outlives_it(self) -> None:
        for isolation in ISOLATIONS:
            with self.subTest(isolation=isolation):
                self.supervise(isolation, "background")
                pid = int(self.journal.messages[0])
                try:
                    self.assertTrue(is_alive(pid))
                finally:
                    os.kill(pid, signal.SIGKILL)
