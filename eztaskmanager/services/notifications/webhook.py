"""Telling a web address, in JSON; needs the extra `webhook`."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from eztaskmanager.services.notifications.arguments import (
    read_headers,
    read_seconds,
    read_text,
    read_web_address,
)
from eztaskmanager.services.notifications.base import MessageHandler
from eztaskmanager.services.notifications.http import call
from eztaskmanager.services.notifications.messages import Message
from eztaskmanager.services.notifications.signing import SIGNATURE_HEADER, sign
from eztaskmanager.services.notifications.wording import get_error

if TYPE_CHECKING:
    from eztaskmanager.models import Alert, LaunchReport, Task

VERSION = 1
EVENT_HEADER = "X-EzTaskManager-Event"
DELIVERY_HEADER = "X-EzTaskManager-Delivery"


class WebhookNotificationHandler(MessageHandler):
    """Posts one JSON document.

    Args:
        url: Where to.
        secret: By which the receiver knows that it comes from here; empty to sign nothing.
        level: As for every handler.
        headers: To be sent too, such as a token that the receiver asks for.
        timeout: Seconds to wait.

    Raises:
        ValueError: An argument means nothing.
    """

    def __init__(
        self,
        url: str,
        secret: str = "",
        level: str = "ok",
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10,
    ) -> None:
        super().__init__(level)
        self.url = read_web_address("url", url)
        self.secret = read_text("secret", secret, may_be_empty=True)
        self.headers = read_headers("headers", headers)
        self.timeout = read_seconds("timeout", timeout)

    def tell(self, message: Message) -> None:
        body = json.dumps(as_document(message), ensure_ascii=False).encode()
        headers = {
            **self.headers,
            "Content-Type": "application/json; charset=utf-8",
            EVENT_HEADER: message.event,
            DELIVERY_HEADER: message.id,
        }
        if self.secret:
            headers[SIGNATURE_HEADER] = sign(self.secret, body)
        call("POST", self.url, body, headers, self.timeout)


def as_document(message: Message) -> dict[str, Any]:
    """Give what is posted; `docs/reference/webhook.rst` promises it to receivers."""
    alert = message.alert
    task = message.report.task if message.report is not None else alert.task if alert is not None else None
    return {
        "version": VERSION,
        "id": message.id,
        "event": message.event,
        "subject": message.subject,
        "url": message.url,
        "sent_at": _moment(timezone.now()),
        "task": None if task is None else _task(task),
        "run": None if message.report is None else _run(message.report),
        "alert": None if alert is None else _alert(alert),
    }


def _task(task: Task) -> dict[str, Any]:
    return {
        "id": task.pk,
        "name": task.name,
        "command": task.command.name,
        "category": task.category.name if task.category else None,
    }


def _run(report: LaunchReport) -> dict[str, Any]:
    duration = report.duration
    return {
        "id": report.pk,
        "result": report.invocation_result,
        "trigger": report.trigger,
        "launched_by": report.launched_by_name or None,
        "arguments": report.shown_arguments,
        "attempt": report.attempt,
        "launched_at": _moment(report.invocation_datetime),
        "planned_at": _moment(report.planned_at),
        "started_at": _moment(report.started_at),
        "finished_at": _moment(report.finished_at),
        "seconds": None if duration is None else round(duration.total_seconds(), 3),
        "exit_code": report.exit_code,
        "error": get_error(report),
        "lines": report.n_log_lines,
        "warnings": report.n_log_warnings,
        "errors": report.n_log_errors,
        "stopped_by": report.stopped_by or None,
        "host": report.host,
    }


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.pk,
        "kind": alert.kind,
        "message": alert.message,
        "queue": alert.queue or None,
        "run": alert.report_id,
        "raised_at": _moment(alert.raised_at),
        "ended_at": _moment(alert.ended_at),
    }


def _moment(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(dt.timezone.utc).isoformat(timespec="milliseconds")
