"""Work beside a loop that must not wait for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.db import close_old_connections, connection

from eztaskmanager.services.patience import AWAY

logger = logging.getLogger(__name__)

# Seconds that an end waits for work that is going on; a notification on its way is not to be torn.
FAREWELL = 15.0


class Sideline:
    """Does one piece of work in a thread when it is woken; woken while it works, it does it once more.

    Args:
        work: What it does, on a connection of its own.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._is_wanted = False
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Have the work done, and return at once."""
        with self._lock:
            self._is_wanted = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="eztaskmanager sideline", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Let work that is going on come to its end, for a while, and begin no more."""
        with self._lock:
            self._is_wanted = False
            thread = self._thread
        if thread is not None:
            thread.join(FAREWELL)

    def _run(self) -> None:
        try:
            while self._take():
                self._try()
        except BaseException:
            # Else nothing would ever start another.
            with self._lock:
                self._thread = None
            raise
        finally:
            connection.close()

    def _take(self) -> bool:
        with self._lock:
            is_wanted, self._is_wanted = self._is_wanted, False
            if not is_wanted:
                self._thread = None
            return is_wanted

    def _try(self) -> None:
        close_old_connections()
        try:
            self._work()
        except AWAY as exc:
            # The loop itself tells of it.
            logger.debug("The database does not answer: %s", exc)
            connection.close()
        except (Exception, SystemExit):  # The edge of the thread, which would end without a word.
            logger.exception("What is done beside the ticks failed; it is done again at the next.")
