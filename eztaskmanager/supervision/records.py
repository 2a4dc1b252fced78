"""Takes each record of Python's `logging` once, whatever the host's configuration, and puts all back afterwards."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from eztaskmanager.supervision.channel import Channel

CONSOLE = (1, 2)
SILENCE = 1_000_000


def text_of(record: logging.LogRecord) -> str:
    """Put together message, traceback and stack, leaving the record as the host's handlers expect it."""
    try:
        text = record.getMessage()
    except Exception as exc:  # Arguments that do not fit the message, or whose str() fails, are the caller's fault.
        text = f"{record.msg!r} with arguments {record.args!r} could not be formatted: {exc!r}"
    if record.exc_text:
        text = f"{text}\n{record.exc_text}"
    elif isinstance(record.exc_info, tuple) and record.exc_info[0] is not None:
        text = f"{text}\n{''.join(traceback.format_exception(*record.exc_info)).rstrip()}"
    if record.stack_info:
        text = f"{text}\n{record.stack_info}"
    return text


class Echoes:
    """Knows which threads are in a host's handler, whose printing only repeats what is kept already."""

    def __init__(self) -> None:
        self._threads: set[int] = set()

    def __call__(self) -> bool:
        """Tell whether this thread is in a handler."""
        return bool(self._threads) and threading.get_ident() in self._threads

    def call(self, is_handling: bool, function: Callable[[Any, logging.LogRecord], Any], *args: Any) -> None:
        """Call a function as part of a handler's work, or as not part of it."""
        threads, ident = self._threads, threading.get_ident()
        was_handling = ident in threads
        (threads.add if is_handling else threads.discard)(ident)
        try:
            function(*args)
        finally:
            (threads.add if was_handling else threads.discard)(ident)


class _Nowhere:
    """Stands in for the console that a host's handler was bound to."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None: ...


def _all_loggers() -> Iterator[logging.Logger]:
    yield logging.getLogger()
    for logger in list(logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            yield logger


class _Levels:
    """Lets every record of the run's level be made, and remembers which of them the host would have had."""

    def __init__(self, level: int) -> None:
        self._run_level = level
        self._hosts: dict[logging.Logger, tuple[int, bool]] = {}
        self._disable = logging.Logger.manager.disable
        for logger in _all_loggers():
            if logger.disabled or logger.level > level:
                self._hosts[logger] = (logger.level, logger.disabled)
                logger.disabled = False
                if logger.level > level:
                    logger.setLevel(level)
        logging.disable(logging.NOTSET)

    def wanted_by_host(self, logger: logging.Logger, level: int) -> bool:
        if level <= self._disable:
            return False
        if logger in self._hosts and self._hosts[logger][1]:
            return False
        at: logging.Logger | None = logger
        while at is not None:
            own = at.level
            # One that the command has set since is the command's word.
            if own == self._run_level and at in self._hosts:
                own = self._hosts[at][0]
            if own:
                return level >= own
            at = at.parent
        return True

    def restore(self) -> None:
        for logger, (level, disabled) in self._hosts.items():
            logger.disabled = disabled
            if logger.level == self._run_level:
                logger.setLevel(level)
        logging.disable(self._disable)


@contextmanager
def captured_records(channel: Channel, level: int, echoes: Echoes) -> Iterator[None]:
    """Send each record from the level up to the channel; the host's handlers go on, but for those of the console."""
    with ExitStack() as undo:
        levels = _Levels(level)
        undo.callback(levels.restore)
        for handler in _console_handlers():
            undo.callback(_rebind, handler, handler.stream, handler.level)
            # The level spares the formatting; the stream is for those who hand records on without looking at levels.
            _rebind(handler, _Nowhere(), SILENCE)
        if logging._warnings_showwarning is None:  # type: ignore[attr-defined]
            logging.captureWarnings(True)
            undo.callback(logging.captureWarnings, False)
        hosts_call = logging.Logger.callHandlers
        hosts_error = logging.Handler.handleError
        hosts_last = logging.lastResort
        # Others, such as Sentry, patch it in their turn, and want each record.
        is_plain = hosts_call.__module__ == "logging"

        def call_handlers(self: logging.Logger, record: logging.LogRecord) -> None:
            if record.levelno >= level:
                text = text_of(record)
                channel.record(record.levelno, text.rstrip("\n") if record.name == "py.warnings" else text)
            if not (is_plain and not self.hasHandlers()) and levels.wanted_by_host(self, record.levelno):
                echoes.call(True, hosts_call, self, record)

        def handle_error(self: logging.Handler, record: logging.LogRecord) -> None:
            echoes.call(False, hosts_error, self, record)

        _patch(undo, logging.Logger, "callHandlers", call_handlers)
        _patch(undo, logging.Handler, "handleError", handle_error)
        _patch(undo, logging, "lastResort", hosts_last and logging.NullHandler())
        yield


def _patch(undo: ExitStack, owner: Any, name: str, value: Callable[..., None] | logging.Handler | None) -> None:
    undo.callback(setattr, owner, name, getattr(owner, name))
    setattr(owner, name, value)


def _rebind(handler: logging.StreamHandler[Any], stream: Any, level: int) -> None:
    # Not setStream(), which flushes the old one and takes a lock that a thread lost in a fork may have held.
    handler.stream = stream
    handler.level = level


def _console_handlers() -> Iterator[logging.StreamHandler[Any]]:
    # Those behind a QueueHandler or a MemoryHandler too, which hang on no logger, and those that hang on loggers only,
    # for a configuration that is loaded makes logging forget the handlers made before it.
    found = [reference() for reference in list(logging._handlerList)]  # type: ignore[attr-defined]
    for logger in _all_loggers():
        found.extend(logger.handlers)
    for handler in dict.fromkeys(found):
        if isinstance(handler, logging.StreamHandler) and _is_console(getattr(handler, "stream", None)):
            yield handler


def _is_console(stream: Any) -> bool:
    if stream is None:
        return False
    if stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        return True
    try:
        return stream.fileno() in CONSOLE
    except (AttributeError, OSError, ValueError):
        return False
