"""When tasks run: pure arithmetic on moments, without a clock and without a database."""

from __future__ import annotations

from eztaskmanager.schedules.schedule import Schedule

__all__ = ["Schedule"]
