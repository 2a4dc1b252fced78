"""The half of a task that says when it runs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from eztaskmanager.exceptions import ScheduleError
from eztaskmanager.schedules import Schedule
from eztaskmanager.signals import ride_planned, task_acted

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from eztaskmanager.models.tasks import TaskQuerySet


@dataclass(frozen=True)
class DueSlot:
    """A slot whose time has come.

    Attributes:
        planned_at: The latest slot that has passed; earlier ones are run by this one too.
        next_ride: The slot after it, or None.
        is_too_late: Whether it is past the task's misfire grace.
    """

    planned_at: dt.datetime
    next_ride: dt.datetime | None
    is_too_late: bool


class Planned(models.Model):
    """Columns and rules of a schedule."""

    class Period(models.TextChoices):
        """Units of repetition."""

        MINUTE = "minute", _("minute")
        HOUR = "hour", _("hour")
        DAY = "day", _("day")
        WEEK = "week", _("week")
        MONTH = "month", _("month")
        YEAR = "year", _("year")

    REPETITION_PERIOD_MINUTE = Period.MINUTE.value
    REPETITION_PERIOD_HOUR = Period.HOUR.value
    REPETITION_PERIOD_DAY = Period.DAY.value
    REPETITION_PERIOD_WEEK = Period.WEEK.value
    REPETITION_PERIOD_MONTH = Period.MONTH.value
    REPETITION_PERIOD_YEAR = Period.YEAR.value

    SCHEDULE_FIELDS = ("scheduling", "repetition_period", "repetition_rate", "cron", "timezone", "ends_at", "jitter")

    scheduling = models.DateTimeField(
        _("start"), null=True, blank=True, help_text=_("When it runs: once, or for the first time.")
    )
    repetition_period = models.CharField(_("repetition period"), max_length=20, blank=True, choices=Period.choices)
    repetition_rate = models.PositiveSmallIntegerField(
        _("repetition rate"), null=True, blank=True, help_text=_("Every how many periods it runs again.")
    )
    cron = models.CharField(
        _("cron expression"),
        max_length=100,
        blank=True,
        help_text=_(
            "Minute, hour, day of month, month, day of week; instead of a repetition. For example: 0 6 * * MON"
        ),
    )
    timezone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        help_text=_("Whose clock the schedule follows, such as Europe/Rome; empty for the project's."),
    )
    ends_at = models.DateTimeField(_("end"), null=True, blank=True, help_text=_("The schedule runs until here."))
    jitter = models.PositiveIntegerField(
        _("jitter"),
        default=0,
        help_text=_("Seconds over which runs of different tasks are spread; each task keeps its own delay."),
    )
    misfire_grace = models.PositiveIntegerField(
        _("misfire grace"),
        null=True,
        blank=True,
        help_text=_("Seconds after which a missed run is skipped; empty to run it however late."),
    )
    is_paused = models.BooleanField(_("paused"), default=False, editable=False)
    scheduled_job_id = models.CharField(_("timer"), max_length=64, null=True, blank=True, editable=False)
    cached_next_ride = models.DateTimeField(_("next ride"), null=True, blank=True, editable=False)
    schedule_error = models.TextField(_("schedule error"), blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def schedule(self) -> Schedule:
        """The schedule as a value."""
        return Schedule(
            start=self.scheduling,
            period=self.repetition_period,
            rate=self.repetition_rate,
            cron=self.cron,
            timezone=self.zone_name,
            ends_at=self.ends_at,
            jitter=self.jitter,
            jitter_seed=self.pk or 0,
        )

    @property
    def zone_name(self) -> str:
        """Name of the zone whose clock it follows, which is its own or the project's."""
        return self.timezone or timezone.get_default_timezone_name()

    @property
    def has_schedule(self) -> bool:
        """Whether a start or a cron expression is given."""
        return not self.schedule.is_empty

    @property
    def scheduling_utc(self) -> dt.datetime | None:
        """The start, in UTC."""
        return self.scheduling.astimezone(dt.timezone.utc) if self.scheduling else None

    @property
    def is_periodic(self) -> bool:
        """Whether both rate and period are set."""
        return self.schedule.is_periodic

    @property
    def interval_in_seconds(self) -> int | None:
        """Seconds between two runs of a repetition; a month counts as 30 days, a year as 365; None without one."""
        return self.schedule.interval_in_seconds

    def upcoming_rides(self, count: int = 5) -> list[dt.datetime]:
        """Tell the next slots after now, at most `count`; none while paused or with a schedule that is in error."""
        if self.is_paused or self.schedule_error or not self.has_schedule:
            return []
        return self.schedule.upcoming(timezone.now(), count)

    def next_ride_after(self, moment: dt.datetime) -> dt.datetime | None:
        """Tell the slot after a moment, whether paused or not.

        Raises:
            ScheduleError: The schedule cannot be followed.
        """
        schedule = self.schedule
        if schedule.is_empty:
            return None
        schedule.check()
        return schedule.next_after(moment)

    def due_slot(self, now: dt.datetime) -> DueSlot | None:
        """Tell which slot is to be run now, coalescing those that were missed.

        Raises:
            ScheduleError: The schedule cannot be followed.
        """
        ride = self.cached_next_ride
        if ride is None or ride > now:
            return None
        schedule = self.schedule
        schedule.check()
        latest = max(ride, schedule.latest_until(now, ride) or ride)
        grace = self.misfire_grace
        return DueSlot(
            planned_at=latest,
            next_ride=schedule.next_after(now),
            is_too_late=grace is not None and now - latest > dt.timedelta(seconds=grace),
        )

    def plan(self) -> None:
        """Set the next ride by the schedule and the clock; a schedule in error is noted, and rides no more."""
        ride, error = None, ""
        if not self.is_paused:
            try:
                ride = self.next_ride_after(timezone.now())
            except ScheduleError as exc:
                error = str(exc)
        self.note_ride(ride, error)

    def pause(self, by: User | AnonymousUser | None = None) -> None:
        """Keep the schedule, and let it rest. Who may is for the caller to ask; `by` is for the record."""
        self._set_paused(True, by)

    def resume(self, by: User | AnonymousUser | None = None) -> None:
        """Follow the schedule from now on; what was missed meanwhile stays missed."""
        self._set_paused(False, by)

    def _set_paused(self, is_paused: bool, by: User | AnonymousUser | None) -> None:
        self.is_paused = is_paused
        with transaction.atomic():
            self._row().lock()
            # Somebody may have edited the schedule since this one was read.
            row = self._row().values("is_paused", *self.SCHEDULE_FIELDS).first() or {}
            was_paused = row.pop("is_paused", None)
            for name, value in row.items():
                setattr(self, name, value)
            self._row().update(is_paused=is_paused)
            self.plan()
            if was_paused != is_paused:
                action = "paused" if is_paused else "resumed"
                task_acted.send(sender=type(self), task=self, by=by, action=action, report=None)

    def note_ride(self, ride: dt.datetime | None, error: str = "") -> None:
        """Store the next ride and what hangs on it, and tell the timers."""
        self.cached_next_ride, self.schedule_error = ride, error
        self._row().update(cached_next_ride=ride, schedule_error=error)
        self._row().derive()
        ride_planned.send(sender=type(self), task=self)

    def _row(self) -> TaskQuerySet:
        return cast("TaskQuerySet", type(self)._default_manager.filter(pk=self.pk))
