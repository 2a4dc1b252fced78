"""What is to be told is written down in the transaction of what it tells of, so that no crash loses it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.utils import timezone

from eztaskmanager.log_extra import about
from eztaskmanager.models import Alert, LaunchReport, Notification
from eztaskmanager.models.notifications import PING_URL
from eztaskmanager.services.notifications.configuration import Configured, read_handlers
from eztaskmanager.services.notifications.rules import PAST, RECOVERED, final_results
from eztaskmanager.settings import app_settings
from eztaskmanager.signals import run_ended

logger = logging.getLogger(__name__)


def connect() -> None:
    """Listen to the models."""
    run_ended.connect(on_ended, dispatch_uid="eztaskmanager.notify_on_ended")


def on_ended(report: LaunchReport, retry: LaunchReport | None, **kwargs: Any) -> None:
    """Write down whom to tell that a run ended; a fault in that must not keep it from ending."""
    if not app_settings.NOTIFICATION_HANDLERS and not report.task.ping_url:
        return
    try:
        with transaction.atomic():
            plan(report, will_be_retried=retry is not None)
    except (OperationalError, InterfaceError):
        # The whole transaction is done again.
        raise
    except Exception:
        logger.exception(
            "Nobody is told of %s, for whom to tell could not be written down.", report, extra=about(report)
        )


def plan(report: LaunchReport, *, will_be_retried: bool = False) -> int:
    """Write down whom to tell of a run that ended, by each handler's rules.

    Without handlers, and an address at the task, it asks the database nothing.

    Args:
        report: With its result.
        will_be_retried: Whether there is to be another attempt.

    Returns:
        How many are to be told.
    """
    planned = _Planned(report, will_be_retried)
    rows = [planned.row(handler, event) for handler, event in planned.events()]
    if report.task.ping_url and not will_be_retried and report.invocation_result not in ("", "skipped"):
        rows.append(Notification(report=report, handler=PING_URL, event=report.invocation_result))
    if rows or planned.has_handlers:
        # One that was taken for lost tells its true end instead.
        Notification.objects.filter(report=report, due_at__isnull=False).delete()
    if rows:
        Notification.objects.bulk_create(rows)
    return len(rows)


def plan_alert(alert: Alert) -> int:
    """Write down whom to tell that something is wrong; of a run that was lost nobody twice. Returns how many."""
    told = _names(Notification.objects.filter(report=alert.report_id, event=alert.kind)) if alert.report_id else set()
    return _plan_alert(alert, alert.kind, (handler for handler in _covering(alert) if handler.name not in told))


def plan_recovery(alert: Alert) -> int:
    """Write down that those who were told that something is wrong are told that it is well again."""
    told = _names(Notification.objects.filter(alert=alert, event=alert.kind))
    if alert.report_id:
        told |= _names(Notification.objects.filter(report=alert.report_id, event=alert.kind))
    if alert.task_id:
        since = Notification.objects.filter(report__task=alert.task_id, created_at__gte=alert.raised_at)
        told -= _names(since.filter(event=RECOVERED))
    return _plan_alert(alert, RECOVERED, (handler for handler in read_handlers() if handler.name in told))


def _plan_alert(alert: Alert, event: str, handlers: Iterable[Configured]) -> int:
    rows = [_row(handler, event, alert=alert) for handler in handlers if _supports_alerts(handler)]
    if rows:
        Notification.objects.bulk_create(rows)
    return len(rows)


def _covering(alert: Alert) -> Iterator[Configured]:
    for handler in read_handlers():
        rules = handler.rules
        if not rules.covers_alert(alert.kind):
            continue
        task = alert.task
        if task is None:
            # What is about no task is about all of them.
            yield handler
        elif rules.covers_task(task.pk, task.name) and _covers_category(handler, task):
            yield handler


def _covers_category(handler: Configured, task: Any) -> bool:
    # Asks for the category, which is a query, only where a rule does.
    if handler.rules.categories is None:
        return True
    return handler.rules.covers_category(task.category_id, task.category.name if task.category else "")


def _supports_alerts(handler: Configured) -> bool:
    try:
        return handler.load().supports_alerts
    except (Exception, SystemExit):  # A host's module may raise anything while it is imported.
        # The sender will fail too, and note why.
        return True


def _level_of(handler: Configured) -> str:
    try:
        return handler.level
    except DatabaseError:
        raise
    except (Exception, SystemExit):  # A host's class may raise anything, and the run is not to suffer from it.
        # The sender will fail too, and note why; or else ask the handler whether it is concerned.
        return "ok"


def _names(rows: Any) -> set[str]:
    return set(rows.values_list("handler", flat=True))


def _row(handler: Configured, event: str, **about: Any) -> Notification:
    quiet = handler.rules.quiet_hours
    end = quiet.end_after(timezone.now()) if quiet is not None else None
    held: dict[str, Any] = {} if end is None else {"state": Notification.State.HELD, "due_at": end}
    return Notification(handler=handler.name, event=event, **held, **about)


class _Planned:
    """A run that ended, and what is known of those before it, asked for at most once."""

    def __init__(self, report: LaunchReport, will_be_retried: bool) -> None:
        self.report = report
        self.will_be_retried = will_be_retried
        self.has_handlers = False
        self._runs: list[tuple[int, int | None, str]] | None = None
        self._was_lost = False

    def row(self, handler: Configured, event: str) -> Notification:
        return _row(handler, event, report=self.report)

    def events(self) -> Iterator[tuple[Configured, str]]:
        for handler in read_handlers():
            self.has_handlers = True
            event = self._judge(handler)
            if event is not None:
                yield handler, event

    def _judge(self, handler: Configured) -> str | None:
        rules, task = handler.rules, self.report.task
        if not rules.covers_task(task.pk, task.name) or not _covers_category(handler, task):
            return None
        # The level of a handler whose dictionary has none is known by making it; it may not be needed.
        level = "ok" if rules.results is not None else _level_of(handler)
        past = self._past(rules.before_last_retry) if rules.needs_past else []
        return rules.judge(self.report.invocation_result, level, past, will_be_retried=self.will_be_retried)

    def _past(self, all_attempts: bool) -> list[str]:
        report = self.report
        if self._runs is None:
            runs = LaunchReport.objects.filter(task=report.task_id, pk__lt=report.pk, finished_at__isnull=False)
            self._runs = list(runs.order_by("-pk").values_list("pk", "retry_of", "invocation_result")[:PAST])
            told = Notification.objects.filter(report=report, state=Notification.State.SENT)
            self._was_lost = told.filter(event=LaunchReport.RESULT_LOST).exists()
        first = report.retry_of_id or report.pk
        runs_before = self._runs if all_attempts else [run for run in self._runs if first not in run[:2]]
        results = final_results(runs_before, all_attempts=all_attempts)
        # One that was taken for lost, and told of as such, comes after itself.
        return [LaunchReport.RESULT_LOST, *results] if self._was_lost else results
