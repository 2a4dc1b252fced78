"""Every error this package raises on purpose, under one root."""

from __future__ import annotations


class EzTaskManagerError(Exception):
    """Root of this package's errors; `str()` of each is a sentence for people."""


class ArgumentsError(EzTaskManagerError):
    """The arguments of a task are not what its command takes."""


class CommandUnavailable(ArgumentsError):
    """The command cannot be found, imported, or asked for its parser."""


class ScheduleError(EzTaskManagerError):
    """A schedule that cannot be followed.

    Args:
        message: What is wrong, what is allowed.
        field: Name of the `Task` field at fault, for a form to show the message there.
    """

    def __init__(self, message: str, *, field: str = "scheduling") -> None:
        super().__init__(message)
        self.field = field


class LaunchRefused(EzTaskManagerError):
    """The task may not be launched: its command is inactive, or closed to this user."""


class StopRefused(EzTaskManagerError):
    """The task, or a run of it, may not be stopped or paused by this user."""


class TaskQueueException(EzTaskManagerError):
    """A queue service could not do what it was asked."""


class QueueUnreachable(TaskQueueException):
    """The engine does not answer; what was asked stays on record and is tried again."""


class ServiceMisconfigured(TaskQueueException):
    """The queue service lacks an extra or a setting."""


class SearchRefused(EzTaskManagerError):
    """A search in a log that means nothing, or takes too long."""


class TaskFileError(EzTaskManagerError):
    """A file of tasks that cannot be read or followed.

    Args:
        problems: A sentence each, with its place in the file.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
