"""The tables: what may be run, what people planned, what happened, what was said."""

from __future__ import annotations

from eztaskmanager.models.categories import TaskCategory
from eztaskmanager.models.commands import AppCommand
from eztaskmanager.models.logs import Log
from eztaskmanager.models.reports import LaunchReport
from eztaskmanager.models.tasks import Task
from eztaskmanager.models.ticker_beats import TickerBeat

__all__ = ["AppCommand", "LaunchReport", "Log", "Task", "TaskCategory", "TickerBeat"]
