"""The three pipes of a run: descriptors 1 and 2 as bytes, and Python's frames."""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import termios

CAPACITY = 1024 * 1024


class Pipes:
    """Open pipes; both ends are closed on exec, but for what the child is given as its descriptors 1 and 2."""

    def __init__(self) -> None:
        self.stdout_out, self.stdout_in = os.pipe()
        self.stderr_out, self.stderr_in = os.pipe()
        self.frames_out, self.frames_in = os.pipe()
        # Room for bursts; an unprivileged user may have used up what he may have of it.
        with contextlib.suppress(OSError, AttributeError):
            fcntl.fcntl(self.frames_in, fcntl.F_SETPIPE_SZ, CAPACITY)
        self._writing = [self.stdout_in, self.stderr_in, self.frames_in]
        self._reading = [self.stdout_out, self.stderr_out, self.frames_out]

    def become_writer(self) -> None:
        """In the forked child: take 0, 1 and 2 over, and let go of the other ends."""
        devnull = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((devnull, 0), (self.stdout_in, 1), (self.stderr_in, 2)):
            os.dup2(source, target)
        for descriptor in (devnull, self.stdout_in, self.stderr_in, *self._reading):
            if descriptor > 2:
                os.close(descriptor)

    def close_writing_ends(self) -> None:
        """In the supervisor, once the child has them: so that their last holder's end is the pipe's."""
        while self._writing:
            os.close(self._writing.pop())

    def close(self) -> None:
        """Close what is open here."""
        self.close_writing_ends()
        while self._reading:
            os.close(self._reading.pop())


def unread(descriptor: int) -> int:
    """Count the bytes that wait in a pipe."""
    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]
