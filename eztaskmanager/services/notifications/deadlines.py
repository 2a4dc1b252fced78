"""An end to what waits for a server."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connections

from eztaskmanager.services.notifications.base import DeliveryFailed

# How much longer than the time-out it may all take, with redirects, and with servers that answer byte by byte.
PATIENCE = 3


def patiently(work: Callable[[], object], timeout: float, server: str) -> None:
    """Do something that waits for a server no longer than three times its time-out.

    The time-out of a socket is about each byte, and a server may send one now and then for ever.

    Args:
        work: What is done, in a thread of its own, which is left behind if it does not end.
        timeout: Seconds.
        server: What the error calls it.

    Raises:
        DeliveryFailed: It did not come to an end. Whatever the work raises comes through.
    """
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as exc:  # The edge of the thread; it is raised again in the one that waits.
            failures.append(exc)
        finally:
            # Some mail is sent by way of the database.
            connections.close_all()

    thread = threading.Thread(target=run, name="eztaskmanager call", daemon=True)
    thread.start()
    thread.join(PATIENCE * timeout)
    if thread.is_alive():
        raise DeliveryFailed(f"{server} did not come to an end within {PATIENCE * timeout:g} s.")
    if failures:
        raise failures[0]
