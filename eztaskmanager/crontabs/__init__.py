"""Crontabs of user and system, read for the management commands they call: pure, knowing no database."""

from __future__ import annotations

from eztaskmanager.crontabs.calls import Call, NotACall, find_call
from eztaskmanager.crontabs.lines import CronLine, read_crontab

__all__ = ["Call", "CronLine", "NotACall", "find_call", "read_crontab"]
