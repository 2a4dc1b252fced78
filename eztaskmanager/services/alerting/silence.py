"""That nobody ticks, which no tick can notice: workers do."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from eztaskmanager.models import LaunchReport
from eztaskmanager.services.alerting.finding import find_silent_ticker
from eztaskmanager.services.alerting.keeping import raise_for

# A slot that was claimed so lately shows that somebody ticks.
FRESH = dt.timedelta(minutes=1)


def notice_silence(report: LaunchReport) -> bool:
    """Raise the alert if nobody ticks.

    Args:
        report: The run that this worker has done; if it shows that somebody ticks, nothing is asked.

    Returns:
        Whether nobody ticks.
    """
    now = timezone.now()
    if report.planned_at is not None and now - report.invocation_datetime < FRESH:
        return False
    is_silent = False
    for problem in find_silent_ticker(now):
        is_silent = True
        raise_for(problem)
    return is_silent
