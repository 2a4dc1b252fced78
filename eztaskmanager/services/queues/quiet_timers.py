"""An engine's timers, which tick at rides alone: between two of them their silence says nothing."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from eztaskmanager.models import LaunchReport, Task, TickerBeat
from eztaskmanager.models.ticker_beats import PATIENCE, TIMERS
from eztaskmanager.services.queues import get_task_service


def timers_are_quiet(now: dt.datetime | None = None) -> bool:
    """Tell whether timers may be all that ticks here, and nothing that they should have rung for waits."""
    if not get_task_service().supports_timers or TickerBeat.objects.exclude(kind=TIMERS).exists():
        return False
    limit = (now or timezone.now()) - dt.timedelta(seconds=PATIENCE)
    retries = LaunchReport.objects.queued().filter(enqueued_at=None, due_at__lt=limit)
    return not (Task.objects.filter(cached_next_ride__lt=limit).exists() or retries.exists())
