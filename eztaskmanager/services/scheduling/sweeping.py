"""Runs whose worker is gone."""

from __future__ import annotations

import datetime as dt
import logging

from django.utils.translation import gettext

from eztaskmanager.log_extra import about
from eztaskmanager.models import LaunchReport
from eztaskmanager.services.patience import AWAY

logger = logging.getLogger(__name__)


def lose_silent(now: dt.datetime) -> list[LaunchReport]:
    """End the runs whose heart has not beaten for `EZTASKMANAGER_LOST_AFTER`, as *lost*, and free their tasks.

    Returns:
        Those that this call ended; another sweep at the same time ends others.
    """
    lost = []
    silent = LaunchReport.objects.silent(now)
    # Nearly always there is none, and to ask just that is cheaper.
    for report in silent.select_related("task") if silent.exists() else ():
        error = gettext("No sign of life since %(moment)s from process %(pid)s on %(host)s.") % {
            "moment": f"{report.heartbeat_at:%Y-%m-%d %H:%M:%S} UTC",
            "pid": report.pid,
            "host": report.host,
        }
        if _end(report, error):
            logger.warning("The run of %s is lost: %s", report, error, extra=about(report))
            lost.append(report)
    return lost


def _end(report: LaunchReport, error: str) -> bool:
    try:
        return report.finish(LaunchReport.RESULT_LOST, error=error, silent_since=report.heartbeat_at)
    except AWAY:
        raise
    except Exception:  # One run that cannot be ended is not to keep all others from being run.
        logger.exception("The silent run of %s could not be ended; it is tried again.", report, extra=about(report))
        return False
