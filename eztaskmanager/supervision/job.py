"""What is to be run, how it ended, and to whom it is told."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.translation import gettext

from eztaskmanager.log_extra import Extra, about_ids
from eztaskmanager.output import Line

# Characters of an error that are kept.
LONGEST_ERROR = 10_000
Progress = tuple["float | None", "float | None", str]


class StopRequested(KeyboardInterrupt):
    """Raised in a command that is asked to stop.

    It is a `KeyboardInterrupt`, for that is what asyncio lets through its callbacks, what makes psycopg cancel the
    query on the server before it lets go, and what commands that end well on Ctrl-C are made for.
    """


@dataclass(frozen=True)
class Job:
    """One command to run.

    Attributes:
        command: Name of a management command.
        argv: Its arguments, as a shell would give them.
        launch_report_id: Handed to commands that take `--launch_report_id`.
        log_level: Log records below this level are not kept; plain output always is.
        isolation: 'auto', 'fork', 'spawn' or 'inline'.
        mirror: Whether to repeat each line on the worker's standard error.
        task_id: The task's, for log records about trouble.
    """

    command: str
    argv: tuple[str, ...] = ()
    launch_report_id: int | None = None
    log_level: int = 30
    isolation: str = "auto"
    mirror: bool = False
    task_id: int | None = None

    @property
    def log_extra(self) -> Extra:
        """What log records about it carry."""
        return about_ids(self.task_id, self.launch_report_id)


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        end: 'returned', 'raised', 'exited', 'killed', 'stopped' or 'timeout'.
        exit_code: As a shell or `subprocess` would tell it: negative for the signal that killed it.
        error: Class and message of what was raised, or a sentence; empty when all went well.
        cpu_seconds: User and system time of the process and the children it waited for.
        max_rss: Peak memory in bytes.
    """

    end: str
    exit_code: int | None = None
    error: str = ""
    cpu_seconds: float = 0.0
    max_rss: int = 0


class Journal(Protocol):
    """Keeps what a run says; its methods never wait."""

    def write(self, lines: Sequence[Line]) -> None:
        """Keep lines, in this order."""

    def progress(self, current: float | None, total: float | None, text: str) -> None:
        """Keep how far the command says it has come."""


@dataclass(frozen=True)
class Ending:
    """How a command itself ended, as far as its own process can tell; no longer and no larger than databases take."""

    end: str
    exit_code: int = 0
    error: str = ""

    def __post_init__(self) -> None:
        code = self.exit_code if isinstance(self.exit_code, int) else 1
        # The system itself keeps eight bits of it.
        object.__setattr__(self, "exit_code", code if abs(code) <= 255 else code & 0xFF)
        object.__setattr__(self, "error", self.error[:LONGEST_ERROR])

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Ending:
        """Read what `Channel.end` wrote."""
        return cls(content["end"], content["exit_code"], content["error"])


def describe_error(error: BaseException) -> str:
    """Say class and message, as far as the error itself can."""
    try:
        message = str(error)
    except Exception as trouble:  # Of whoever wrote the class.
        message = f"(its message cannot be had: {type(trouble).__name__})"
    return f"{type(error).__name__}: {message}".rstrip(": ")[:LONGEST_ERROR]


def describe_signal(number: int) -> str:
    """Say which signal killed a process, and what often is behind it."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if number == signal.SIGKILL:
        return gettext("Killed by %(signal)s, perhaps because memory ran out.") % {"signal": name}
    return gettext("Killed by %(signal)s.") % {"signal": name}
