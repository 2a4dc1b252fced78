"""Telling what is written down: each once, however many senders there are, and again later where it failed."""

from __future__ import annotations

import datetime as dt
import logging
import time
import traceback
from collections.abc import Sequence

from django.utils import timezone
from django.utils.translation import gettext

from eztaskmanager.log_extra import Extra, about, about_ids
from eztaskmanager.models import LaunchReport, Notification
from eztaskmanager.services.notifications.base import DeliveryFailed
from eztaskmanager.services.notifications.configuration import Configured, find_handler
from eztaskmanager.services.notifications.messages import Message, message_about_alert, message_about_run
from eztaskmanager.services.notifications.pinging import ping_end
from eztaskmanager.services.notifications.rules import RECOVERED

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 6
FIRST_WAIT = 60
# 1, 3, 9, 27 and 81 minutes: two hours in all.
GROWTH = 3
# A sender that died while it told is replaced after so long; no handler may take longer.
LEASE = dt.timedelta(minutes=10)
BATCH = 100
LONGEST_ERROR = 2000


def send_due(*, of: Sequence[LaunchReport] | None = None, seconds: float = 30) -> int:
    """Tell what is due, oldest first.

    Args:
        of: Only what is about these runs; None for all.
        seconds: After which nothing more is begun; the rest is for the next call.

    Returns:
        How many were told.
    """
    deadline = time.monotonic() + seconds
    rows = Notification.objects.due(timezone.now())
    if of is not None:
        rows = rows.filter(report__in=[report.pk for report in of])
    elif not rows.exists():
        # Nearly always, and to ask just that is cheaper.
        return 0
    rows = rows.select_related("report__task__command", "alert__task__command", "alert__report")
    count = 0
    for row in list(rows[:BATCH]):
        if time.monotonic() > deadline:
            break
        count += _send(row)
    return count


def _send(row: Notification) -> bool:
    """Tell one, if no other sender is at it. Returns whether it was told."""
    handler, fault = _find(row)
    if row.attempts >= MOST_ATTEMPTS:
        # Those who tried noted no end: it may be what they died of, and would be the end of each who tries it.
        logger.error("Nobody is told about %s any more: its senders died.", row.report or row.alert, extra=_about(row))
        _settle(row, Notification.State.FAILED, gettext("Those who were to tell it died, each time."))
        return False
    if _is_held(row, handler) or not _claim(row):
        return False
    try:
        if fault is not None:
            raise fault
        if row.is_ping and row.report is not None and not row.report.is_over:
            # It was taken for lost, and came back; its end is still to come.
            row.delete()
            return False
        if row.is_ping:
            ping_end(row)
        elif handler is None:
            _settle(row, Notification.State.FAILED, gettext("The settings have no such handler any more."))
            return False
        elif not _tell(row, handler):
            row.delete()
            return False
    except (Exception, SystemExit) as exc:  # Mail servers, chats and a host's own class may raise anything.
        _note_failure(row, handler, exc)
        return False
    _settle(row, Notification.State.SENT, "")
    return True


def _find(row: Notification) -> tuple[Configured | None, Exception | None]:
    try:
        return (None if row.is_ping else find_handler(row.handler)), None
    except Exception as exc:  # Whatever a project may write there.
        return None, exc


def _is_held(row: Notification, handler: Configured | None) -> bool:
    quiet = handler.rules.quiet_hours if handler is not None else None
    end = quiet.end_after(timezone.now()) if quiet is not None else None
    if end is None:
        return False
    mine = Notification.objects.filter(pk=row.pk, due_at=row.due_at, attempts=row.attempts)
    mine.update(state=Notification.State.HELD, due_at=end)
    return True


def _claim(row: Notification) -> bool:
    lease = timezone.now() + LEASE
    mine = Notification.objects.filter(pk=row.pk, due_at=row.due_at, attempts=row.attempts)
    if not mine.update(attempts=row.attempts + 1, due_at=lease):
        return False
    row.attempts, row.due_at = row.attempts + 1, lease
    return True


def _tell(row: Notification, configured: Configured) -> bool:
    """Tell it. Returns whether it is a concern of the handler, which may be of its own opinion."""
    handler = configured.make()
    if row.alert is not None and not handler.supports_alerts:
        return False
    if row.report is not None and row.event != RECOVERED and not handler.concerns(row.report):
        return False
    handler.tell(message_of(row))
    return True


def message_of(row: Notification) -> Message:
    """Make the message that it tells."""
    if row.alert is not None:
        return message_about_alert(row.alert, row.event, str(row.pk))
    assert row.report is not None
    return message_about_run(row.report, row.event, str(row.pk))


def _note_failure(row: Notification, handler: Configured | None, exc: BaseException) -> None:
    name = handler.path.rpartition(".")[2] if handler is not None else row.handler_name
    subject, extra = row.report or row.alert, _about(row)
    error = describe_failure(exc, handler)
    if row.attempts == 1:
        _log_failure(f"{name} did not tell about {subject}.", handler, exc, extra)
    else:
        logger.warning("%s did not tell about %s, attempt %d: %s", name, subject, row.attempts, error, extra=extra)
    if row.attempts >= MOST_ATTEMPTS:
        logger.error("Nobody is told about %s by %s any more: it failed too often.", subject, name, extra=extra)
        _settle(row, Notification.State.FAILED, error)
        return
    wait = dt.timedelta(seconds=FIRST_WAIT * GROWTH ** (row.attempts - 1))
    _update(
        row,
        state=Notification.State.WAITING,
        error=error,
        tries=_tries(row, error),
        due_at=timezone.now() + wait,
    )


def _about(row: Notification) -> Extra:
    if row.report is not None:
        return about(row.report)
    return about_ids(row.alert.task_id, row.alert.report_id) if row.alert is not None else about_ids(None)


def describe_failure(exc: BaseException, handler: Configured | None) -> str:
    """Say why it was not told, without the handler's secrets."""
    text = str(exc) if isinstance(exc, DeliveryFailed) else f"{type(exc).__name__}: {exc}"
    return (text if handler is None else handler.without_secrets(text))[:LONGEST_ERROR]


def _log_failure(sentence: str, handler: Configured | None, exc: BaseException, extra: Extra) -> None:
    trace = "".join(traceback.format_exception(exc)).rstrip()
    masked = trace if handler is None else handler.without_secrets(trace)
    if masked == trace:
        logger.error("%s", sentence, exc_info=exc, extra=extra)
    else:
        # Without the exception itself, which says what the settings keep secret.
        logger.error("%s\n%s", sentence, masked, extra=extra)


def _settle(row: Notification, state: str, error: str) -> None:
    sent_at = timezone.now() if state == Notification.State.SENT else None
    tries = _tries(row, error or str(Notification.State(state).label))
    _update(row, state=state, error=error, tries=tries, due_at=None, sent_at=sent_at)


def _tries(row: Notification, outcome: str) -> str:
    """Add a line for this attempt: the moment in UTC, and what came of it."""
    return f"{row.tries}{timezone.now():%Y-%m-%d %H:%M:%S} UTC  {' '.join(outcome.split())}\n"


def _update(row: Notification, **fields: object) -> None:
    # Not if the lease was over, and another is at it.
    Notification.objects.filter(pk=row.pk, due_at=row.due_at, attempts=row.attempts).update(**fields)
