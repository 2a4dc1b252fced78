"""Try a notification handler."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from eztaskmanager.models import Alert, AppCommand, LaunchReport, Task
from eztaskmanager.services.notifications import Message
from eztaskmanager.services.notifications.configuration import Configured, find_handler
from eztaskmanager.services.notifications.messages import message_about_alert, message_about_run
from eztaskmanager.services.notifications.rules import KINDS, RECOVERED, RESULTS
from eztaskmanager.services.notifications.sending import describe_failure
from eztaskmanager.settings import app_settings

EVENTS = (*RESULTS, RECOVERED, *(kind for kind in KINDS if kind not in RESULTS))
EXAMPLE = "Example of a task"


class Command(BaseCommand):
    """Sends what a handler would, without its rules."""

    help = (
        "Tell a sample by one of the handlers of EZTASKMANAGER_NOTIFICATION_HANDLERS, now and really; its level and"
        " rules are not asked. The exit code is 1 if it cannot be told."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the handler, what is told, and of which run."""
        parser.add_argument("name", nargs="?", help="name of the handler; without one the names are printed")
        parser.add_argument("--event", choices=EVENTS, default="failed", metavar="EVENT", help=", ".join(EVENTS))
        parser.add_argument("--report", type=int, metavar="PK", help="a report to tell of, in place of an example")

    def handle(self, *args: Any, **options: Any) -> None:
        """Tell it."""
        names = ", ".join(map(str, app_settings.NOTIFICATION_HANDLERS)) or "none"
        if options["name"] is None:
            self.stdout.write(f"Handlers: {names}.")
            return
        try:
            configured = find_handler(options["name"])
        except Exception as exc:  # Whatever a project may write there.
            raise CommandError(f"The handler {options['name']!r} cannot be read: {exc}; see manage.py check.") from exc
        if configured is None:
            raise CommandError(f"There is no handler {options['name']!r}; there are: {names}.")
        message = self._message(options["event"], options["report"])
        self.stdout.write(f"Telling by {configured.path}: {message.subject}")
        try:
            self._tell(configured, message)
        except CommandError:
            raise
        except (Exception, SystemExit) as exc:  # Mail servers, chats and a host's own class may raise anything.
            raise CommandError(f"It was not told: {describe_failure(exc, configured)}") from exc
        self.stdout.write(self.style.SUCCESS("It was told."))

    def _tell(self, configured: Configured, message: Message) -> None:
        handler = configured.make()
        if message.alert is not None and not handler.supports_alerts:
            raise CommandError(f"{configured.path} cannot tell of alerts.")
        handler.tell(message)

    def _message(self, event: str, report_id: int | None) -> Message:
        is_alert = event in KINDS and event not in RESULTS
        if report_id is None:
            report = _example(event)
        else:
            found = LaunchReport.objects.filter(pk=report_id).select_related("task__command").first()
            if found is None:
                raise CommandError(f"There is no report {report_id}.")
            report = found
        if is_alert:
            text = f"This is a sample, told by manage.py testnotification: {event}."
            queue = "default" if event == "worker" else ""
            task = None if event in ("worker", "ticker") else report.task
            return message_about_alert(Alert(kind=event, task=task, queue=queue, message=text))
        return message_about_run(report, event)


def _example(event: str) -> LaunchReport:
    """Make a report that is not kept."""
    now = timezone.now()
    task = Task(pk=0, name=EXAMPLE, command=AppCommand(name="example", app_name="eztaskmanager"))
    is_result = event in RESULTS
    return LaunchReport(
        pk=0,
        task=task,
        state=LaunchReport.State.FINISHED,
        invocation_result=event if is_result else LaunchReport.RESULT_OK,
        command="example",
        invocation_datetime=now,
        started_at=now - dt.timedelta(seconds=83),
        finished_at=now,
        error="This is a sample, told by manage.py testnotification." if event != "ok" and is_result else "",
        n_log_lines=42,
        n_log_warnings=2 if event == "warnings" else 0,
        n_log_errors=1 if event in ("errors", "failed") else 0,
        host="example",
    )
