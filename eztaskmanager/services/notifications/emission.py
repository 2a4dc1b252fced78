"""Telling everyone concerned, none in the way of another."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from eztaskmanager.log_extra import about
from eztaskmanager.services.notifications.configuration import get_notification_handlers

if TYPE_CHECKING:
    from eztaskmanager.models import LaunchReport

logger = logging.getLogger(__name__)


def emit_notifications(report: LaunchReport) -> None:
    """Let each handler of the setting tell about a run; one that fails is logged and hurts nothing."""
    for handler in get_notification_handlers():
        try:
            handler.handle(report)
        except Exception:  # Mail servers, Slack and a host's own class may raise anything.
            logger.exception(
                "%s did not tell about the run %s.", type(handler).__name__, report.pk, extra=about(report)
            )
