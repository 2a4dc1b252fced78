"""Runs a command in a process of its own and tells what it says and how it ends; knows no database of ours."""

from __future__ import annotations

from eztaskmanager.supervision.channel import current_channel
from eztaskmanager.supervision.job import Job, Journal, Outcome, StopRequested
from eztaskmanager.supervision.supervisor import supervise

__all__ = ["Job", "Journal", "Outcome", "StopRequested", "current_channel", "supervise"]
