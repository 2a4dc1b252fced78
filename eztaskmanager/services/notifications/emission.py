"""Telling everyone concerned, none in the way of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eztaskmanager.services.notifications.outbox import plan
from eztaskmanager.services.notifications.sending import send_due

if TYPE_CHECKING:
    from eztaskmanager.models import LaunchReport


def emit_notifications(report: LaunchReport) -> None:
    """Tell about a run by each handler of the setting that it concerns, now and once more each time it is called.

    The end of a run does so by itself. A handler that fails is logged, hurts nothing, and is tried again later.
    """
    plan(report)
    send_due(of=[report])
