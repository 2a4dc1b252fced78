"""Who ticks, and since when nothing was heard of it."""

from __future__ import annotations

import datetime as dt
import os
import socket
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# A ticker that missed three beats, and a minute, is silent.
MISSED_BEATS = 3
PATIENCE = 60.0
# Who ticks each second need not say so each second.
OFTEN = 5.0
# The kind of an engine's timers.
TIMERS = "timers"
FORGOTTEN = dt.timedelta(days=1)


class TickerBeatManager(models.Manager["TickerBeat"]):
    """Beats."""

    def beat(self, kind: str, interval: float) -> bool:
        """Note that this process ticks.

        Args:
            kind: What ticks: eztaskscheduler, celery, rqscheduler, or a word of the project's own.
            interval: Seconds until its next beat at the latest.

        Returns:
            Whether it was noted; a kind on a host is noted each few seconds only.
        """
        now, host = timezone.now(), socket.gethostname()
        # One that lies ahead is from before the clock was set back.
        lately = (now - dt.timedelta(seconds=OFTEN), now + dt.timedelta(seconds=OFTEN))
        if self.filter(kind=kind, host=host, beat_at__range=lately).exists():
            return False
        values = {"beat_at": now, "interval": interval, "pid": os.getpid()}
        if not self.filter(kind=kind, host=host).update(**values):
            self.filter(beat_at__lt=now - FORGOTTEN).delete()
            self.update_or_create(kind=kind, host=host, defaults=values)
        return True

    def any_alive(self, now: dt.datetime | None = None) -> bool:
        """Tell whether somebody ticks."""
        return any(ticker.is_alive(now) for ticker in self.all())


class TickerBeat(models.Model):
    """A kind of ticker on a host; several processes of a kind on one host share a row."""

    kind = models.CharField(_("kind"), max_length=50)
    host = models.CharField(_("host"), max_length=255)
    pid = models.PositiveBigIntegerField(_("process"))
    interval = models.FloatField(_("interval"))
    beat_at = models.DateTimeField(_("last sign of life"))

    objects: ClassVar[TickerBeatManager] = TickerBeatManager()

    class Meta:
        verbose_name = _("ticker")
        verbose_name_plural = _("tickers")
        ordering = ("kind", "host")
        constraints = (models.UniqueConstraint(fields=("kind", "host"), name="eztaskmanager_ticker"),)
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.kind} @ {self.host}"

    def is_alive(self, now: dt.datetime | None = None) -> bool:
        """Tell whether it was heard of lately."""
        silence = (now or timezone.now()) - self.beat_at
        return silence < dt.timedelta(seconds=max(PATIENCE, MISSED_BEATS * self.interval))
