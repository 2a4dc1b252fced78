"""Steps that must come true, however long the database is away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections

from eztaskmanager.log_extra import Extra

logger = logging.getLogger(__name__)

AWAY = (OperationalError, InterfaceError)
LONGEST_WAIT = 5.0
# SQLite, and MySQL for columns, call it an OperationalError too when a migration is missing; no patience mends that.
MISSING = ("no such table", "no such column", "has no column", "unknown column", "doesn't exist")

T = TypeVar("T")


def until_it_works(step: Callable[[], T], using: str = DEFAULT_DB_ALIAS, *, extra: Extra | None = None) -> T:
    """Do a step again, on a new connection, until the database takes it.

    Inside a transaction of the caller the error goes to the caller, whose whole transaction is to be done again. So
    does that of a table or a column that is not there.

    Args:
        step: May be done twice: its transaction either happened or did not, and it looks before it writes.
        using: Alias of the database whose connection is renewed.
        extra: Of the log records, if it is a run's step.
    """
    wait = 0.1
    while True:
        try:
            return step()
        except AWAY as exc:
            if connections[using].in_atomic_block or any(words in str(exc).lower() for words in MISSING):
                raise
            logger.warning("The database does not answer, trying again in %.1f s: %s", wait, exc, extra=extra)
            connections[using].close()
            time.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)
