"""The tables: what may be run, what people planned, what happened, what was said, who was told, what is wrong."""

from __future__ import annotations

from eztaskmanager.models.alerts import Alert
from eztaskmanager.models.categories import TaskCategory
from eztaskmanager.models.commands import AppCommand
from eztaskmanager.models.logs import Log
from eztaskmanager.models.notifications import Notification
from eztaskmanager.models.reports import LaunchReport
from eztaskmanager.models.run_totals import RunTotal
from eztaskmanager.models.tasks import Task
from eztaskmanager.models.ticker_beats import TickerBeat

__all__ = [
    "Alert",
    "AppCommand",
    "LaunchReport",
    "Log",
    "Notification",
    "RunTotal",
    "Task",
    "TaskCategory",
    "TickerBeat",
]
