"""Ends a command that is asked to stop, and cancels on its server the query that it waits for.

psycopg 3 cancels by itself when a `KeyboardInterrupt` reaches it. Other drivers wait in C, where no signal handler of
Python's runs before the query is over; for them a thread listens, and the command is interrupted once the driver has
taken the server's answer, so that the connection can still be used to clean up.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from eztaskmanager.supervision.channel import Channel
from eztaskmanager.supervision.job import StopRequested

GRACE = 0.05
AGAIN = 0.25


class Stopper:
    """Raises `StopRequested` in the main thread on SIGTERM, once."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._is_raised = False
        self._n_queries = 0
        self._cancel: dict[int, Callable[[], None]] = {}

    def install(self) -> None:
        """Take the signal, and every connection that this thread opens from now on."""
        signal.signal(signal.SIGTERM, self._handle)
        connection_created.connect(self._note)

    def uninstall(self) -> None:
        """Be deaf to further requests; the end is near."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._is_raised = True

    def _handle(self, signal_number: int, frame: FrameType | None) -> None:
        if self._channel.is_stopping:
            return
        self._channel.is_stopping = True
        if not self._n_queries:
            self._raise()

    def _raise(self) -> None:
        self._is_raised = True
        raise StopRequested("The run was asked to stop.")

    def _note(self, connection: BaseDatabaseWrapper, **kwargs: object) -> None:
        cancel = _canceller(connection)
        if cancel is None or threading.current_thread() is not threading.main_thread():
            return
        if not self._cancel:
            reader, writer = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(writer, False)
            signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
            threading.Thread(target=self._listen, args=(reader,), name="query canceller", daemon=True).start()
        self._cancel[id(connection)] = cancel
        if self._around_query not in connection.execute_wrappers:
            connection.execute_wrappers.append(self._around_query)

    def _around_query(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self._n_queries += 1
        try:
            return execute(sql, params, many, context)
        finally:
            self._n_queries -= 1
            if self._channel.is_stopping and not self._is_raised:
                self._raise()

    def _listen(self, reader: int) -> None:
        while signal.SIGTERM not in os.read(reader, 64):
            pass
        time.sleep(GRACE)
        while not self._is_raised:
            for cancel in list(self._cancel.values()):
                # The server may refuse, or the query be over by now: then there is nothing to do.
                with contextlib.suppress(Exception):
                    cancel()
            time.sleep(AGAIN)


def _canceller(connection: BaseDatabaseWrapper) -> Callable[[], Any] | None:
    driver: Any = connection.connection
    cancel: Callable[[], Any] | None = None
    if connection.vendor == "sqlite":
        cancel = driver.interrupt
    elif connection.vendor == "mysql":
        # The number is asked for now: the driver refuses other threads while it is in use.
        cancel = partial(_kill_mysql, connection, int(driver.thread_id()))
    elif connection.vendor == "postgresql":
        from django.db.backends.postgresql.psycopg_any import is_psycopg3  # Needs a driver of PostgreSQL.

        cancel = None if is_psycopg3 else driver.cancel
    return cancel


def _kill_mysql(connection: BaseDatabaseWrapper, number: int) -> None:
    killer: Any = connection.copy()
    try:
        with killer.cursor() as cursor:
            cursor.execute(f"KILL QUERY {number}")
    finally:
        killer.close()
