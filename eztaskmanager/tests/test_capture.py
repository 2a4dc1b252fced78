"""What Python says goes into the log once, whatever the host's configuration, which is as before afterwards."""

from __future__ import annotations

import contextlib
import io
import logging
import logging.config
import logging.handlers
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from django.core.management import call_command
from django.core.management.base import OutputWrapper
from django.test import SimpleTestCase

from eztaskmanager.output import Line
from eztaskmanager.supervision.capture import captured
from eztaskmanager.supervision.channel import InlineChannel, current_channel
from eztaskmanager.tests.runner import restore_logging, snapshot_logging

CONSOLE = {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}
HOSTS: dict[str, dict[str, Any]] = {
    "nothing at all": {},
    "console on root": {"handlers": {"console": CONSOLE}, "root": {"handlers": ["console"], "level": "WARNING"}},
    "console on stdout": {
        "handlers": {"console": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"}},
        "root": {"handlers": ["console"], "level": "DEBUG"},
    },
    "a logger that does not propagate": {
        "handlers": {"console": CONSOLE},
        "loggers": {"host": {"handlers": ["console"], "propagate": False}},
        "root": {"handlers": ["console"]},
    },
    "console on logger and root": {
        "handlers": {"console": CONSOLE},
        "loggers": {"host": {"handlers": ["console"]}, "host.part": {"handlers": ["console"]}},
        "root": {"handlers": ["console"]},
    },
    "loggers disabled": {"disable_existing_loggers": True, "root": {"level": "ERROR"}},
    "a deaf logger": {"loggers": {"host": {"level": "CRITICAL"}}, "root": {"level": "CRITICAL"}},
    "console behind memory": {
        "handlers": {
            "console": CONSOLE,
            "memory": {"class": "logging.handlers.MemoryHandler", "capacity": 1, "target": "console"},
        },
        "root": {"handlers": ["memory"], "level": "DEBUG"},
    },
}


class NoJournal:
    """Keeps nothing."""

    def write(self, lines: object) -> None: ...

    def progress(self, *progress: object) -> None: ...


class CaptureCase(SimpleTestCase):
    def setUp(self) -> None:
        for name in ("host", "host.part", "host.quiet", "host.chatty", "host.disabled", "noisy", "other"):
            logging.getLogger(name)
        self.before = snapshot_logging()
        self.addCleanup(restore_logging, self.before)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.lines: list[Line] = []

    def capture(self, level: int = logging.DEBUG) -> contextlib.AbstractContextManager[None]:
        return captured(InlineChannel(self.lines.extend, NoJournal(), lambda: False), level)

    @property
    def messages(self) -> list[str]:
        return [line.message for line in self.lines]

    @contextlib.contextmanager
    def console(self) -> Iterator[io.StringIO]:
        """Stand in for the terminal that the worker was started from."""
        with (
            contextlib.redirect_stderr(io.StringIO()) as console,
            contextlib.redirect_stdout(console),
        ):
            yield console

    def configure(self, host: dict[str, Any]) -> None:
        logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, **host})


class HostConfigurationTests(CaptureCase):
    def test_each_record_is_kept_once_and_the_console_says_nothing(self) -> None:
        for name, host in HOSTS.items():
            with self.subTest(host=name), self.console() as console:
                self.configure(host)
                self.lines.clear()
                with self.capture():
                    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
                        logging.getLogger("host.part").log(level, "at %s", level)
                    print("plain")
                self.assertEqual(self.messages, ["at 10", "at 20", "at 30", "at 40", "plain"])
                self.assertEqual(console.getvalue(), "")
                restore_logging(self.before)

    def test_all_is_as_it_was_afterwards(self) -> None:
        def state() -> dict[str, Any]:
            handlers = logging._handlerList  # type: ignore[attr-defined]
            streams = [(getattr(handler(), "stream", None), handler().level) for handler in handlers]
            return {
                "loggers": snapshot_logging(),
                "streams": streams,
                "disable": logging.root.manager.disable,
                "patched": (logging.Logger.callHandlers, logging.Handler.handleError, logging.lastResort),
                "sys": (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__, warnings.showwarning),
                "wrapper": OutputWrapper.__init__,
                "channel": current_channel(),
            }

        for name, host in HOSTS.items():
            with self.subTest(host=name), self.console():
                self.configure(host)
                logging.disable(logging.INFO)
                before = state()
                with contextlib.suppress(ZeroDivisionError), self.capture():
                    logging.getLogger("host.part").warning("something")
                    raise ZeroDivisionError
                self.assertEqual(state(), before)
                self.assertFalse(logging.getLogger("host.part").isEnabledFor(logging.INFO))
                restore_logging(self.before)

    def test_a_handler_bound_to_an_earlier_stderr_says_nothing(self) -> None:
        handler = logging.StreamHandler(sys.__stderr__)
        self.assertIs(handler.stream, sys.__stderr__)
        logging.getLogger("host").addHandler(handler)
        handler.emit = lambda record: self.assertIsNot(handler.stream, sys.__stderr__)  # type: ignore[method-assign]
        with self.capture():
            logging.getLogger("host").warning("once")
        self.assertEqual(self.messages, ["once"])

    def test_a_file_gets_what_it_would_have_got_and_no_more(self) -> None:
        with tempfile.NamedTemporaryFile("r") as file:
            self.configure(
                {
                    "handlers": {"file": {"class": "logging.FileHandler", "filename": file.name, "level": "WARNING"}},
                    "loggers": {"host.quiet": {"level": "ERROR"}, "host.chatty": {"level": "DEBUG"}},
                    "root": {"handlers": ["file"], "level": "INFO"},
                }
            )
            with self.capture():
                for name in ("host", "host.quiet", "host.chatty"):
                    for level in (logging.INFO, logging.WARNING, logging.ERROR):
                        logging.getLogger(name).log(level, "%s %s", name, level)
            wanted = ["host 30", "host 40", "host.quiet 40", "host.chatty 30", "host.chatty 40"]
            self.assertEqual(file.read().split("\n"), [*wanted, ""])
            for handler in logging.getLogger().handlers:
                handler.close()
        self.assertEqual(len(self.lines), 9)

    def test_what_the_host_disabled_stays_out_of_its_files(self) -> None:
        seen: list[str] = []
        handler = logging.Handler()
        handler.emit = lambda record: seen.append(record.getMessage())  # type: ignore[method-assign]
        logging.getLogger().addHandler(handler)
        disabled = logging.getLogger("host.disabled")
        disabled.disabled = True
        with self.capture():
            disabled.error("disabled")
            logging.getLogger("host").error("enabled")
        self.assertEqual((seen, self.messages), (["enabled"], ["disabled", "enabled"]))

    def test_a_command_may_set_levels_and_they_hold(self) -> None:
        with self.capture(logging.INFO):
            logging.getLogger("noisy").setLevel(logging.ERROR)
            logging.getLogger("noisy").warning("too much")
            logging.getLogger("noisy").error("enough")
        self.assertEqual(self.messages, ["enough"])

    def test_records_below_the_level_of_the_run_are_not_kept(self) -> None:
        logging.getLogger("host.chatty").setLevel(logging.DEBUG)
        with self.capture(logging.WARNING):
            logging.getLogger("host.chatty").info("too much")
            logging.getLogger("host").warning("enough")
            print("plain output always is")
        self.assertEqual(self.messages, ["enough", "plain output always is"])

    def test_whoever_patches_logging_still_sees_each_record(self) -> None:
        seen: list[str] = []
        original = logging.Logger.callHandlers

        def spy(self: logging.Logger, record: logging.LogRecord) -> None:
            seen.append(record.getMessage())
            original(self, record)

        logging.Logger.callHandlers = spy  # type: ignore[method-assign]
        self.addCleanup(setattr, logging.Logger, "callHandlers", original)
        with self.capture():
            logging.getLogger("host").warning("seen")
        self.assertEqual((seen, self.messages), (["seen"], ["seen"]))


class EchoTests(CaptureCase):
    def add_handler(self, emit: Callable[[logging.LogRecord], None]) -> logging.Handler:
        handler = logging.Handler()
        handler.emit = emit  # type: ignore[method-assign]
        logging.getLogger("host").addHandler(handler)
        return handler

    def test_what_a_handler_prints_is_no_second_line(self) -> None:
        self.add_handler(lambda record: print(f"{record.levelname}: {record.getMessage()}"))
        with self.capture():
            logging.getLogger("host").warning("once")
            print("once more")
        self.assertEqual(self.messages, ["once", "once more"])

    def test_what_a_handler_logs_itself_is_kept(self) -> None:
        self.add_handler(lambda record: logging.getLogger("other").error("cannot send"))
        with self.capture():
            logging.getLogger("host").warning("to be sent")
        self.assertEqual(self.messages, ["to be sent", "cannot send"])

    def test_loggings_own_error_report_is_kept(self) -> None:
        def fail(record: logging.LogRecord) -> None:
            try:
                raise OSError("the disk is full")
            except OSError:
                handler.handleError(record)

        handler = self.add_handler(fail)
        with self.capture():
            logging.getLogger("host").warning("a record")
        self.assertEqual(self.messages[:2], ["a record", "--- Logging error ---"])
        self.assertIn("OSError: the disk is full", self.messages)


class RecordTests(CaptureCase):
    def test_a_traceback_is_part_of_its_record(self) -> None:
        with self.capture():
            try:
                raise ValueError("a reason")
            except ValueError:
                logging.getLogger("host").exception("it failed")
        [line] = self.lines
        self.assertEqual((line.level, line.stream), ("ERROR", "log"))
        self.assertRegex(
            line.message, r"^it failed\nTraceback \(most recent call last\):\n(.*\n)+ValueError: a reason$"
        )

    def test_the_hosts_formatter_still_writes_the_traceback_its_own_way(self) -> None:
        class Short(logging.Formatter):
            def formatException(self, ei: Any) -> str:
                return "SHORT"

        seen: list[str] = []
        handler = logging.Handler()
        handler.emit = lambda record: seen.append(Short("%(message)s").format(record))  # type: ignore[method-assign]
        logging.getLogger("host").addHandler(handler)
        with self.capture():
            try:
                raise ValueError("a reason")
            except ValueError:
                logging.getLogger("host").exception("it failed")
        self.assertEqual(seen, ["it failed\nSHORT"])

    def test_a_record_whose_arguments_do_not_fit_is_kept_as_it_is(self) -> None:
        with self.capture():
            logging.getLogger("host").warning("two %s %s", "few")
        self.assertIn("'two %s %s' with arguments ('few',)", self.messages[0])

    def test_warnings_are_warnings(self) -> None:
        with self.capture(), warnings.catch_warnings():
            warnings.simplefilter("always")
            # catch_warnings() has taken what the capture had put there.
            logging.captureWarnings(True)
            warnings.warn("mind this", UserWarning, stacklevel=1)
        [line] = self.lines
        self.assertEqual((line.level, line.stream), ("WARNING", "log"))
        self.assertIn("UserWarning: mind this", line.message)


class StreamTests(CaptureCase):
    def test_each_stream_has_its_level(self) -> None:
        with self.capture(logging.CRITICAL):
            call_command("ez_talk", "self_stdout", "self_stderr", "print", "sys_stderr", "bytes", "embedded")
        told = [(line.level, line.stream, line.message) for line in self.lines]
        expected = [
            ("INFO", "stdout", "from self.stdout"),
            ("WARNING", "stderr", "from self.stderr"),
            ("INFO", "stdout", "from print"),
            ("INFO", "stderr", "from sys.stderr"),
            ("INFO", "stdout", "from the buffer: �"),
            ("WARNING", "stderr", "from self.stderr"),
            ("INFO", "stdout", "from print"),
        ]
        self.assertEqual(told, expected)

    def test_the_streams_are_as_good_as_real_ones_and_no_terminals(self) -> None:
        with self.capture():
            for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
                self.assertIs(stream.isatty(), False)
                self.assertEqual(stream.fileno(), number)
                self.assertTrue(stream.writable())
                self.assertEqual(stream.write("four"), 4)
                self.assertEqual(stream.encoding, "utf-8")
                stream.writelines(["a", "b\n"])
                stream.reconfigure(line_buffering=False)  # type: ignore[union-attr]
                stream.close()
                print("still open", file=stream)
                with self.assertRaises(TypeError):
                    stream.write(b"bytes")  # type: ignore[arg-type]
        self.assertEqual(self.messages, ["fourab", "still open"] * 2)

    def test_threads_do_not_get_into_each_others_lines(self) -> None:
        barrier = threading.Barrier(2, timeout=60)

        def speak(letter: str) -> None:
            for _ in range(20):
                sys.stdout.write(letter)
                barrier.wait()
                sys.stdout.write(f"{letter}\n")

        with self.capture():
            threads = [threading.Thread(target=speak, args=(letter,)) for letter in "ab"]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertCountEqual(self.messages, ["aa", "bb"] * 20)

    def test_a_line_that_was_begun_is_sent_by_flush_and_at_the_end(self) -> None:
        with self.capture():
            sys.stdout.write("begun")
            sys.stdout.flush()
            sys.stdout.write(" and ended\nbegun again")
        self.assertEqual(self.messages, ["begun and ended"])
