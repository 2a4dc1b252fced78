"""Real child processes: what they say arrives in order, and they end when and as they must."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from django.db import connection
from django.test import SimpleTestCase, TransactionTestCase, tag

from eztaskmanager.output import Line
from eztaskmanager.supervision import Job, Outcome, supervise
from eztaskmanager.supervision.processes import choose_isolation
from eztaskmanager.tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
LONG = 600.0

# A worker of its own, in an interpreter of its own, that supervises one command and prints its process id and words.
WORKER = """
import sys
sys.path[:0] = [{root!r}, {project!r}]
import django
django.setup()
from eztaskmanager.supervision import Job, supervise

class Journal:
    def write(self, lines):
        for line in lines:
            print(line.message, flush=True)

    def progress(self, *progress): pass

supervise(
    Job("ez_wait", ({way!r},), isolation={isolation!r}), journal=Journal(), should_stop=lambda: False,
    started=lambda pid: print(pid, flush=True),
)
"""


class ListJournal:
    """Keeps all in memory, and can be asked from another thread."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.progresses: list[tuple[float | None, float | None, str]] = []

    def write(self, lines: Sequence[Line]) -> None:
        self.lines.extend(lines)

    def progress(self, current: float | None, total: float | None, text: str) -> None:
        self.progresses.append((current, total, text))

    @property
    def messages(self) -> list[str]:
        return [line.message for line in self.lines]


def is_alive(pid: int) -> bool:
    """Tell whether the process runs; one that only waits to be taken leave of does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


class SupervisionCase(SimpleTestCase):
    isolation = "fork"

    def supervise(self, command: str, *argv: str, stop_when: str = "", **options: Any) -> Outcome:
        """Supervise a command; stop it once it has said `stop_when`."""
        self.journal = ListJournal()
        job = Job(
            command,
            argv,
            log_level=options.pop("log_level", 10),
            isolation=options.pop("isolation", self.isolation),
            mirror=options.pop("mirror", False),
        )
        should_stop: Callable[[], bool] = lambda: bool(stop_when) and stop_when in self.journal.messages  # noqa: E731
        return supervise(job, journal=self.journal, should_stop=should_stop, **options)

    @property
    def messages(self) -> list[str]:
        return self.journal.messages

    def told(self) -> list[tuple[str, str, str]]:
        return [(line.level, line.stream, line.message) for line in self.journal.lines]


class OutputTests(SupervisionCase):
    def test_everything_is_kept_in_order_with_level_and_stream(self) -> None:
        expected = [
            ("INFO", "stdout", "from self.stdout"),
            ("INFO", "stdout", "from a child"),
            ("INFO", "stderr", "from its stderr"),
            ("WARNING", "log", "from a logger"),
            ("INFO", "stdout", "from descriptor 1"),
            ("INFO", "stdout", "from print"),
            ("WARNING", "stderr", "from self.stderr"),
            ("INFO", "stdout", "from C"),
            ("INFO", "stderr", "from sys.stderr"),
        ]
        for isolation in ("fork", "spawn"):
            with self.subTest(isolation=isolation):
                outcome = self.supervise("ez_talk", "everything", isolation=isolation)
                *lines, (level, stream, warning) = self.told()
                # Two descriptors that a child wrote to are two pipes, between which there is no order.
                self.assertEqual(sorted(lines[1:3]), sorted(expected[1:3]))
                self.assertEqual(lines[:1] + lines[3:], expected[:1] + expected[3:])
                self.assertEqual((level, stream), ("WARNING", "log"))
                self.assertIn("UserWarning: from warnings", warning)
                self.assertEqual((outcome.end, outcome.exit_code, outcome.error), ("returned", 0, ""))

    def test_subprocesses_and_records_alternate_as_they_were_written(self) -> None:
        self.supervise("ez_talk", "alternating", "--count", "30")
        words = ("child", "record", "raw", "print")
        self.assertEqual(self.messages, [f"{word} {number}" for number in range(30) for word in words])

    def test_odd_bytes_long_lines_bars_colours_and_ends_that_lack(self) -> None:
        self.supervise("ez_talk", "odd_bytes", "progress_bar", "colour", "long", "no_end")
        messages = [message if len(message) < 100 else f"{message[0]} {len(message)}" for message in self.messages]
        expected = ["nul ␀, invalid ��, cut € euro", "nul ␀ in print, surrogate �", "nul ␀ in a record", "100 %"]
        expected += ["\x1b[31mred\x1b[0m", "x 10000000", "y 1000000", "z 1000000"]
        self.assertEqual(messages[:-2], expected)
        self.assertCountEqual(messages[-2:], ["raw without an end", "text without an end"])

    def test_forks_threads_and_exit_functions_are_heard_too(self) -> None:
        outcome = self.supervise("ez_talk", "fork", "thread", "print")
        self.assertEqual(self.messages, ["from a fork", "from print", "from a thread that outlives handle()"])
        self.assertEqual((outcome.end, outcome.exit_code), ("returned", 0))
        self.supervise("ez_end", "atexit")
        self.assertEqual(self.messages, ["ending by atexit", "said at exit"])

    def test_many_lines_arrive_all_and_once(self) -> None:
        self.supervise("ez_talk", "many", "--count", "20000")
        self.assertEqual(self.messages, [f"line {number}" for number in range(20_000)])

    def test_the_level_of_the_run_holds_for_records(self) -> None:
        self.supervise("ez_talk", "levels", "print", log_level=30)
        self.assertEqual(self.messages, ["at WARNING", "at ERROR", "at CRITICAL", "from print"])

    def test_three_runs_keep_to_themselves(self) -> None:
        for way, word in (("print", "from print"), ("log", "from a logger"), ("self_stdout", "from self.stdout")):
            self.supervise("ez_talk", way)
            self.assertEqual(self.messages, [word])

    def test_a_prompt_gets_no_answer_and_ends(self) -> None:
        outcome = self.supervise("ez_end", "prompt")
        self.assertEqual((outcome.end, outcome.error), ("raised", "EOFError: EOF when reading a line"))
        self.assertIn("Sure? ", self.messages)

    def test_progress_is_told(self) -> None:
        self.supervise("ez_work", "progress")
        self.assertEqual(self.journal.progresses, [(1.0, 2.0, "half")])

    def test_the_workers_stderr_shows_the_lines_too(self) -> None:
        reader, writer = os.pipe()
        try:
            with mock.patch.object(sys, "stderr", open(writer, "w")):
                self.supervise("ez_talk", "print", "log", mirror=True)
                sys.stderr.close()
            shown = os.read(reader, 10_000).decode()
        finally:
            os.close(reader)
        self.assertEqual(shown, "INFO ez_talk: from print\nWARNING ez_talk: from a logger\n")

    def test_a_stderr_that_nobody_reads_stops_nothing(self) -> None:
        reader, writer = os.pipe()
        try:
            with mock.patch.object(sys, "stderr", open(writer, "w")):
                self.supervise("ez_talk", "many", "--count", "20000", mirror=True)
                sys.stderr.close()
        finally:
            os.close(reader)
        self.assertEqual(len(self.messages), 20_000)


class EndTests(SupervisionCase):
    def assert_ends(self, way: str, end: str, exit_code: int, error: str = "") -> None:
        with self.subTest(way=way, isolation=self.isolation):
            outcome = self.supervise("ez_end", way)
            self.assertEqual((outcome.end, outcome.exit_code, outcome.error), (end, exit_code, error))
            self.assertEqual(self.messages[0], f"ending by {way}")

    def test_each_way_to_end_is_told_apart(self) -> None:
        self.assert_ends("return", "returned", 0)
        self.assert_ends("exit_0", "exited", 0)
        self.assert_ends("exit_3", "exited", 3)
        self.assert_ends("exit_text", "exited", 1, "a sentence")
        self.assertEqual(self.told()[-1], ("ERROR", "log", "a sentence"))
        self.assert_ends("os_exit", "exited", 5)
        self.assert_ends("sigkill", "killed", -9, "Killed by SIGKILL, perhaps because memory ran out.")
        self.assert_ends("segfault", "killed", -11, "Killed by SIGSEGV.")
        self.assert_ends("keyboard_interrupt", "raised", 1, "KeyboardInterrupt")

    def test_a_command_error_is_one_error_without_traceback(self) -> None:
        self.assert_ends("command_error", "raised", 4, "CommandError: this cannot be done")
        self.assertEqual(self.told()[1:], [("ERROR", "log", "this cannot be done")])

    def test_an_exception_is_one_error_with_its_traceback(self) -> None:
        for isolation in ("fork", "spawn", "inline"):
            self.isolation = isolation
            self.assert_ends("exception", "raised", 1, "Trouble: with a reason")
            [(level, stream, message)] = self.told()[1:]
            self.assertEqual((level, stream), ("ERROR", "log"))
            self.assertTrue(message.startswith("Trouble: with a reason\nTraceback (most recent call last):"), message)
            self.assertIn("end_by_exception", message)
            self.assertNotIn("run_command", message)

    def test_out_of_memory_is_an_error_like_others(self) -> None:
        self.assert_ends("memory", "raised", 1, "MemoryError")
        self.assertIn("end_by_memory", self.messages[1])

    def test_an_unknown_command_and_wrong_arguments_are_told(self) -> None:
        self.assertEqual(self.supervise("ez_unknown").error, "CommandError: Unknown command: 'ez_unknown'")
        self.assertIn("the following arguments are required: way", self.supervise("ez_end").error)

    def test_what_it_cost_is_told(self) -> None:
        outcome = self.supervise("ez_end", "return")
        self.assertGreater(outcome.cpu_seconds, 0)
        self.assertGreater(outcome.max_rss, 1_000_000)

    def test_a_descendant_that_stays_behind_does_not_hold_the_run_up(self) -> None:
        outcome = self.supervise("ez_end", "leaving_a_child")
        self.assertEqual(outcome.end, "returned")
        self.assertIn("left behind", self.messages)
        [pid] = [int(message.split()[1]) for message in self.messages if re.match(r"child \d+$", message)]
        wait_until(lambda: not is_alive(pid), what="the descendant to be killed")


class StopTests(SupervisionCase):
    def test_each_way_to_wait_is_ended_and_finally_runs(self) -> None:
        for way in ("asleep", "busy", "for_child", "asyncio"):
            with self.subTest(way=way):
                outcome = self.supervise("ez_wait", way, stop_when="waiting", stop_grace=LONG)
                self.assertEqual((outcome.end, outcome.exit_code, outcome.error), ("stopped", -15, ""))
                self.assertIn("cleaned up", self.messages)

    def test_a_fresh_interpreter_is_stopped_too(self) -> None:
        outcome = self.supervise("ez_wait", "for_child", stop_when="waiting", stop_grace=LONG, isolation="spawn")
        self.assertEqual((outcome.end, outcome.exit_code), ("stopped", -15))
        self.assertIn("cleaned up", self.messages)

    def test_one_that_does_not_listen_is_killed_after_the_grace(self) -> None:
        outcome = self.supervise("ez_wait", "deaf", stop_when="deaf", stop_grace=0.5)
        self.assertEqual((outcome.end, outcome.exit_code), ("stopped", -9))

    def test_the_time_limit_ends_it_in_the_same_way(self) -> None:
        outcome = self.supervise("ez_wait", "asleep", time_limit=3, stop_grace=LONG)
        self.assertEqual((outcome.end, outcome.exit_code), ("timeout", -15))
        self.assertEqual(self.messages, ["waiting", "cleaned up"])

    def test_a_flood_of_output_does_not_keep_it_from_ending(self) -> None:
        outcome = self.supervise("ez_wait", "flood", stop_when="flood", stop_grace=LONG)
        self.assertEqual(outcome.end, "stopped")
        self.assertIn("cleaned up", self.messages)

    def test_a_command_may_ask_whether_to_stop(self) -> None:
        self.journal = journal = ListJournal()
        outcome = supervise(
            Job("ez_work", ("until_asked",), isolation="fork"),
            journal=journal,
            should_stop=lambda: bool(journal.progresses),
            stop_grace=LONG,
        )
        self.assertEqual((outcome.end, self.messages), ("stopped", ["asked: True"]))

    def test_a_signal_from_elsewhere_is_no_stop_of_ours(self) -> None:
        outcome = self.supervise(
            "ez_wait", "asleep", started=lambda pid: self._terminate_when_it_waits(pid), stop_grace=LONG
        )
        self.assertEqual((outcome.end, outcome.exit_code, outcome.error), ("killed", -15, "Killed by SIGTERM."))

    def test_a_worker_that_is_interrupted_takes_its_command_with_it(self) -> None:
        pids: list[int] = []

        def interrupt(pid: int) -> None:
            pids.append(pid)
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            self.supervise("ez_wait", "asleep", started=interrupt)
        self.assertFalse(is_alive(pids[0]))

    def _terminate_when_it_waits(self, pid: int) -> None:
        def terminate() -> None:
            wait_until(lambda: "waiting" in self.messages)
            os.kill(pid, signal.SIGTERM)

        thread = threading.Thread(target=terminate)
        thread.start()
        self.addCleanup(thread.join)


@tag("databases")
class DatabaseTests(TransactionTestCase):
    def test_the_query_of_a_stopped_command_is_cancelled_and_its_connection_stays_usable(self) -> None:
        for isolation in ("fork", "spawn"):
            with self.subTest(isolation=isolation):
                journal = ListJournal()
                outcome = supervise(
                    Job("ez_wait", ("database",), isolation=isolation),
                    journal=journal,
                    should_stop=self._is_the_query_running(journal),
                    stop_grace=LONG,
                )
                self.assertEqual((outcome.end, outcome.exit_code), ("stopped", -15), journal.messages)
                self.assertEqual(journal.messages, ["waiting", "the connection still works: 42", "cleaned up"])
                self.assertEqual(self._n_running(), 0)

    def test_the_parents_connection_outlives_the_child(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        before = connection.connection
        journal = ListJournal()
        supervise(Job("ez_work", ("transaction",), isolation="fork"), journal=journal, should_stop=lambda: False)
        self.assertEqual(journal.messages, ["inside a transaction", "after the rollback"])
        with connection.cursor() as cursor:
            cursor.execute("SELECT 2")
            self.assertEqual(cursor.fetchone(), (2,))
        self.assertIs(connection.connection, before)

    def test_a_child_within_the_parents_transaction_sees_only_what_is_committed(self) -> None:
        journal = ListJournal()
        supervise(Job("ez_work", ("log",), isolation="fork"), journal=journal, should_stop=lambda: False)
        self.assertEqual(journal.messages, ["a warning record", "an error record"])

    def _is_the_query_running(self, journal: ListJournal) -> Callable[[], bool]:
        if connection.vendor == "sqlite":
            # Nobody can be asked; it is between the word and the query for a moment only.
            return lambda: "waiting" in journal.messages and time.sleep(0.3) is None
        return lambda: "waiting" in journal.messages and self._n_running() > 0

    def _n_running(self) -> int:
        queries = {
            "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query ~ '^SELECT pg_sl'",
            "mysql": "SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%%'",
        }
        if connection.vendor not in queries:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(queries[connection.vendor])
            return int(cursor.fetchone()[0])


class DeathTests(SimpleTestCase):
    def test_the_command_dies_with_its_worker(self) -> None:
        for isolation, way in (("fork", "asleep"), ("spawn", "busy")):
            with self.subTest(isolation=isolation):
                code = WORKER.format(root=str(ROOT), project=str(ROOT / "demoproject"), way=way, isolation=isolation)
                worker = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
                try:
                    assert worker.stdout is not None
                    pid = int(worker.stdout.readline())
                    self.assertEqual(worker.stdout.readline(), "waiting\n")
                    self.assertTrue(is_alive(pid))
                finally:
                    worker.kill()
                    worker.communicate()
                wait_until(lambda: not is_alive(pid), what="the command to die with its worker")


class IsolationTests(SimpleTestCase):
    def test_a_worker_with_threads_gets_a_fresh_interpreter(self) -> None:
        done = threading.Event()
        thread = threading.Thread(target=done.wait)
        thread.start()
        try:
            self.assertEqual(choose_isolation("auto"), "spawn")
        finally:
            done.set()
            thread.join()

    def test_what_is_named_is_taken_and_what_is_unknown_refused(self) -> None:
        for isolation in ("fork", "spawn", "inline"):
            self.assertEqual(choose_isolation(isolation), isolation)
        with self.assertRaisesMessage(ValueError, "Isolation 'container' is not known"):
            choose_isolation("container")

    def test_the_child_is_a_session_of_its_own_with_default_signals(self) -> None:
        before = signal.signal(signal.SIGUSR1, lambda *args: None)
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        journal = ListJournal()
        supervise(Job("ez_end", ("telling",), isolation="fork"), journal=journal, should_stop=lambda: False)
        self.assertEqual(journal.messages[1:], ["leads its session: True", "SIGUSR1 is default: True", "stdin: ''"])

    def test_inline_needs_no_process_and_puts_all_back(self) -> None:
        before = (sys.stdout, sys.stderr)
        journal = ListJournal()
        outcome = supervise(
            Job("ez_talk", ("print", "log", "no_end_of_print"), isolation="inline"),
            journal=journal,
            should_stop=lambda: False,
        )
        self.assertEqual((outcome.end, outcome.exit_code), ("returned", 0))
        self.assertEqual(journal.messages, ["from print", "from a logger", "text without an end"])
        self.assertEqual((sys.stdout, sys.stderr), before)

    def test_inline_a_stderr_that_is_no_file_shows_each_line_once(self) -> None:
        shown = io.StringIO()
        with contextlib.redirect_stderr(shown):
            supervise(
                Job("ez_talk", ("print", "sys_stderr"), isolation="inline", mirror=True),
                journal=ListJournal(),
                should_stop=lambda: False,
            )
        self.assertEqual(shown.getvalue(), "INFO ez_talk: from print\nINFO ez_talk: from sys.stderr\n")

    def test_inline_a_stop_reaches_a_command_that_tells_progress(self) -> None:
        journal = ListJournal()
        outcome = supervise(
            Job("ez_work", ("progress",), isolation="inline"), journal=journal, should_stop=lambda: True
        )
        self.assertEqual(outcome.end, "stopped")
