"""Everything a command says in Python, on its way to the channel, for as long as the command runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.core.management import base

from eztaskmanager.output.frames import COMMAND_STDERR, STDERR, STDOUT
from eztaskmanager.supervision.channel import Channel, current_channel, set_current_channel
from eztaskmanager.supervision.records import Echoes, captured_records
from eztaskmanager.supervision.streams import Bytes, Text


@contextmanager
def captured(channel: Channel, level: int) -> Iterator[None]:
    """Send records, `print`, `self.stdout`, `self.stderr` and warnings to the channel; undo all of it at the end."""
    echoes = Echoes()
    stdout = Text(Bytes(channel, STDOUT, 1, echoes), "<stdout>")
    stderr = Text(Bytes(channel, STDERR, 2, echoes), "<stderr>")
    commands_stderr = Text(Bytes(channel, COMMAND_STDERR, 2, echoes), "<stderr>")
    hosts_init = base.OutputWrapper.__init__

    def init(self: base.OutputWrapper, out: Any, *args: Any, **kwargs: Any) -> None:
        # A command's own stderr, that of an embedded one too, is told from what others print there.
        target: Any = commands_stderr if out is stderr else out
        hosts_init(self, target, *args, **kwargs)

    with ExitStack() as undo:
        undo.callback(set_current_channel, current_channel())
        set_current_channel(channel)
        # Before the streams are replaced: the host's console handlers are known by the old ones.
        undo.enter_context(captured_records(channel, level, echoes))
        for name, stream in (("stdout", stdout), ("stderr", stderr), ("__stdout__", stdout), ("__stderr__", stderr)):
            undo.callback(setattr, sys, name, getattr(sys, name))
            setattr(sys, name, stream)
        undo.callback(setattr, base.OutputWrapper, "__init__", hosts_init)
        base.OutputWrapper.__init__ = init  # type: ignore[method-assign]
        try:
            yield
        finally:
            for captured_stream in (stdout, stderr, commands_stderr):
                captured_stream.buffer.flush_all()
