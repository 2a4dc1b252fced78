"""The journal of a run in the database: its lines, its sign of life, and whether it is asked to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from eztaskmanager.log_extra import about_ids
from eztaskmanager.models import LaunchReport
from eztaskmanager.output import Line
from eztaskmanager.services.backlog import Backlog
from eztaskmanager.services.log_limits import shorten
from eztaskmanager.services.log_writer import AWAY, LogWriter, ReportGone
from eztaskmanager.settings import app_settings

logger = logging.getLogger(__name__)

TICK = 0.25
BEAT = 1.0
# A batch that fails so often while the database answers otherwise is not the database's fault.
MOST_FAILURES = 3
LONGEST_WAIT = 5.0
HURRY_FROM = 5000


class Recorder:
    """Takes what a run says without ever waiting, and writes it from a thread with a connection of its own.

    A run that is over in a moment is written by the calling thread on its connection when the recorder is closed; so
    is every run inside a transaction of the caller's, which a test may have opened, and on a database in memory.

    Args:
        report_id: Primary key of the `LaunchReport`.
        using: Alias of the database.
        beats: Whether the lines are those of a run, which gives signs of life and may be asked to stop.
        task_id: Primary key of the task, where it is known; log records about trouble carry it.
    """

    def __init__(
        self, report_id: int, using: str = DEFAULT_DB_ALIAS, *, beats: bool = True, task_id: int | None = None
    ) -> None:
        self._using = using
        self._extra = about_ids(task_id, report_id)
        self._rows = LaunchReport.objects.using(using).filter(pk=report_id)
        self._writer = LogWriter(report_id, using)
        self._backlog = Backlog(app_settings.LOG_SPOOL_DIR)
        self._longest_line = app_settings.MAX_LINE_LENGTH
        self._batch: list[Line] = []
        self._n_failures = 0
        self._n_troubles = 0
        self._is_away = False
        self._is_refused = False
        self._is_gone = False
        self._stop_requested = False
        self._changes: dict[str, Any] = {}
        self._pid: int | None = None
        self._beats = beats
        self._next_beat = time.monotonic() + BEAT
        self._thread: threading.Thread | None = None
        self._may_have_thread = _can_be_written_from_a_thread(using)
        self._began = time.monotonic()
        self._wake = threading.Event()
        self._is_closing = False

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def write(self, lines: Sequence[Line]) -> None:
        """Keep lines."""
        if self._is_gone:
            return
        self._backlog.put(shorten(lines, self._longest_line))
        is_hurried = len(self._backlog) >= HURRY_FROM
        if self._thread is None and (is_hurried or time.monotonic() - self._began > TICK):
            self.start()
        if is_hurried:
            self._wake.set()

    def progress(self, current: float | None, total: float | None, text: str) -> None:
        """Keep how far the command has come; only the latest counts."""
        self._changes = {"progress_current": current, "progress_total": total, "progress_text": text[:255]}

    def note_pid(self, pid: int) -> None:
        """Keep the process id of the command."""
        self._pid = pid

    def should_stop(self) -> bool:
        """Tell whether someone asked the run to stop, or deleted it, as far as is known by now."""
        if self._may_have_thread:
            self.start()
        elif time.monotonic() >= self._next_beat and not connections[self._using].needs_rollback:
            self._beat()
        return self._stop_requested or self._is_gone

    def close(self) -> None:
        """Return when all is in the database, however long that takes."""
        self._is_closing = True
        if self._thread is not None:
            self._wake.set()
            self._thread.join()
        else:
            self._finish()
        self._backlog.close()

    def start(self) -> None:
        """Begin to write now, rather than when the run has shown that it takes more than a moment."""
        if self._thread is None and self._may_have_thread:
            self._thread = threading.Thread(target=self._work, name="eztaskmanager recorder", daemon=True)
            self._thread.start()

    def flush(self) -> None:
        """Write what waits, where there is no thread to do it."""
        if not self._may_have_thread:
            self._try_round()

    def is_own(self, thread: int | None) -> bool:
        """Tell whether it is the thread that writes."""
        return self._thread is not None and self._thread.ident == thread

    def _work(self) -> None:
        try:
            while not self._is_closing:
                self._try_round()
                self._wake.wait(TICK)
                self._wake.clear()
            self._finish()
        finally:
            connections[self._using].close()

    def _finish(self) -> None:
        """Write all that waits, and progress, for as long as the database takes to come back."""
        wait = TICK
        while not self._try_round(is_last=True):
            if connections[self._using].in_atomic_block and not self._may_have_thread:
                return  # The caller's transaction is broken: what belongs to it goes with it.
            time.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    def _try_round(self, is_last: bool = False) -> bool:
        """Write what waits, and give a sign of life when it is time; return whether the database took it."""
        try:
            # While it does not take the lines, look whether it is there at all.
            if self._is_away or time.monotonic() >= self._next_beat:
                self._beat()
            if is_last and self._changes:
                self._note_changes()
            self._write_waiting()
            if is_last:
                self._writer.trim(is_last=True)
        except AWAY as exc:
            if not self._is_away:
                logger.warning(
                    "The database does not take the log of %s, trying on: %s", self._name, exc, extra=self._extra
                )
            self._is_away = True
            self._writer.forget()
            if not connections[self._using].in_atomic_block:
                connections[self._using].close()
            return False
        except Exception:  # The edge of the thread: without it the run would go on unseen.
            logger.exception("The log of %s could not be written.", self._name, extra=self._extra)
            self._n_troubles += 1
            self._writer.forget()
            connections[self._using].close()
            # The worker is not to wait for ever for what never will be.
            return self._n_troubles >= MOST_FAILURES
        self._n_troubles = 0
        if self._is_away:
            logger.warning("The database takes the log of %s again.", self._name, extra=self._extra)
            self._is_away = False
        return True

    @property
    def _name(self) -> str:
        return f"run {self._writer.report_id}"

    def _beat(self) -> None:
        self._next_beat = time.monotonic() + BEAT
        if not self._beats:
            connections[self._using].ensure_connection()
            return
        asked = self._rows.all().beat()
        # Without a right to run it is to end too, and what it says meanwhile is kept as long as there is a report.
        self._stop_requested = self._stop_requested or asked is not False
        self._note_changes()

    def _note_changes(self) -> None:
        changes, self._changes = self._changes, {}
        if self._pid is not None:
            changes["pid"], self._pid = self._pid, None
        if changes:
            try:
                self._rows.update(**changes)
            except AWAY:
                self._changes = changes | self._changes
                raise
            except Exception:  # Whatever it does not take, lines and signs of life are not to wait for it.
                logger.exception("The progress of %s could not be kept.", self._name, extra=self._extra)

    def _write_waiting(self) -> None:
        while True:
            if not self._batch:
                self._batch, self._n_failures, self._is_refused = self._backlog.take(), 0, False
            if not self._batch:
                return
            try:
                self._write_batch()
            except ReportGone:
                self._is_gone = True
                self._batch = []
            except AWAY:
                self._n_failures += 1
                raise
            except Exception:  # Of one line, perhaps; the others are not to go with it.
                self._is_refused = True
            self._is_away = False
            if time.monotonic() >= self._next_beat:
                self._beat()

    def _write_batch(self) -> None:
        if not self._is_refused and self._n_failures < MOST_FAILURES:
            self._writer.write(self._batch)
            self._batch = []
            return
        self._batch.reverse()
        try:
            while self._batch:
                try:
                    self._writer.write_one(self._batch[-1])
                except AWAY:
                    raise
                except Exception:  # Of this line alone.
                    logger.exception("The database refuses a line of %s.", self._name, extra=self._extra)
                    self._writer.forget()
                self._batch.pop()
        finally:
            self._batch.reverse()


def _can_be_written_from_a_thread(using: str) -> bool:
    connection = connections[using]
    if connection.in_atomic_block:
        return False
    return not (connection.vendor == "sqlite" and connection.is_in_memory_db())  # type: ignore[attr-defined]
