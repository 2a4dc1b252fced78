"""How it stands, for monitoring."""

from __future__ import annotations

import json
import logging
import sys
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error

from eztaskmanager.services.alerting.status import CRITICAL, UNKNOWN, WORDS, Status, get_status
from eztaskmanager.services.impatience import Impatient, TooSlow
from eztaskmanager.services.notifications import send_due
from eztaskmanager.services.patience import AWAY
from eztaskmanager.settings import app_settings

logger = logging.getLogger(__name__)

# Seconds; whoever calls it has a timeout, and learns more from a sentence.
LOOK_TIME = 10.0
SEND_TIME = 50.0


class Command(BaseCommand):
    """A plugin in the manner of Nagios, Icinga and those like them."""

    help = (
        "Print how tasks, queues and schedulers do, in the form of monitoring plugins. The exit code is 0 if all is"
        " well, 1 for a warning, 2 if it is critical, 3 if it is not known. Alerts are raised and ended, and told."
    )
    requires_system_checks: Any = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the form, and how long is too long."""
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        parser.add_argument(
            "--warning-after",
            type=float,
            metavar="SECONDS",
            help="how late a run may be before it is a warning (default: EZTASKMANAGER_LATE_AFTER)",
        )
        parser.add_argument(
            "--critical-after",
            type=float,
            metavar="SECONDS",
            help="how late a run may be before it is critical (default: ten times as long)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, print, and end with the code."""
        after = options["warning_after"]
        after = app_settings.LATE_AFTER if after is None else after
        worse = options["critical_after"]
        worse = 10 * after if worse is None else worse
        look = Impatient(partial(get_status, after, worse), LOOK_TIME, "The database, or the queue service,")
        send = Impatient(partial(send_due, seconds=10), SEND_TIME, "Who is to be told, or the database,")
        try:
            status = look()
            send()
        except TooSlow as exc:
            status = _unknown(str(exc))
        except Error as exc:
            kind = "does not answer" if isinstance(exc, AWAY) else "cannot be asked"
            status = _unknown(f"The database {kind}: {exc}")
        except Exception as exc:  # To monitoring, a traceback with the code 1 would be a warning.
            logger.exception("How it stands cannot be told.")
            status = _unknown(f"How it stands cannot be told: {exc!r}")
        self.stdout.write(_as_json(status) if options["json"] else _as_plugin(status))
        self.stdout.flush()
        if status.code:
            sys.exit(status.code)


def _unknown(why: str) -> Status:
    return Status(UNKNOWN, [], {}, _plain(why))


def _as_plugin(status: Status) -> str:
    figures = " ".join(f"{name}={value}" for name, value in status.figures.items())
    head = f"EZTASKS {WORDS[status.code]} - {status.summary}"
    lines = [f"{head} | {figures}" if figures else head]
    lines += [f"{WORDS[problem.code]}: {_plain(problem.message)}" for problem in status.problems]
    return "\n".join(lines)


def _plain(text: str) -> str:
    # What stands behind a bar are figures.
    return " ".join(text.split()).replace("|", "/")


def _as_json(status: Status) -> str:
    return json.dumps(
        {
            "status": WORDS[status.code],
            "code": status.code,
            "summary": status.summary,
            "problems": [
                {
                    "kind": problem.kind,
                    "is_critical": problem.code == CRITICAL,
                    "message": problem.message,
                    "task": problem.task_id,
                    "since": problem.since.isoformat(),
                }
                for problem in status.problems
            ],
            "figures": status.figures,
        },
        indent=2,
        ensure_ascii=False,
    )
