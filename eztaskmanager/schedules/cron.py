"""Cron expressions, read on the wall clocks of a zone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from cronsim import CronSim, CronSimError
from django.utils.translation import gettext as _

from eztaskmanager.exceptions import ScheduleError
from eztaskmanager.schedules.wall_clock import furthest_wall, moment_of

NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
SECOND = dt.timedelta(seconds=1)
# The years around it hold every combination of dates and weekdays, and are in the range of every zone's data.
SOME_MOMENT = dt.datetime(2000, 1, 1)


def parse_cron(text: str) -> str:
    """Bring an expression into the form of five fields.

    Raises:
        ScheduleError: It is none.
    """
    text = " ".join(text.split())
    if text.startswith("@"):
        if text.lower() not in NICKNAMES:
            message = _("%(text)r is not a name for a cron expression; there are %(names)s.")
            raise _refusal(message % {"text": text, "names": ", ".join(NICKNAMES)})
        return NICKNAMES[text.lower()]
    if len(text.split()) != 5:
        message = _("%(text)r has not the five fields minute, hour, day of month, month and day of week.")
        raise _refusal(message % {"text": text})
    try:
        CronSim(text, SOME_MOMENT)
    except (CronSimError, ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as exc:
        message = _("%(text)r is not a cron expression that can come: %(error)s.")
        raise _refusal(message % {"text": text, "error": exc or type(exc).__name__}) from exc
    return text


def check_cron(text: str) -> None:
    """Refuse what is no expression, and one whose day never comes.

    Raises:
        ScheduleError: With the reason.
    """
    if next(CronSim(parse_cron(text), SOME_MOMENT), None) is None:
        raise _refusal(_("%(text)r never comes: no year has such a day.") % {"text": text})


def _refusal(message: str) -> ScheduleError:
    return ScheduleError(message, field="cron")


@dataclass(frozen=True, slots=True)
class CronGrid:
    """The moments at which the clocks of a zone show what an expression asks for.

    Attributes:
        expression: Five fields.
        zone: Whose clocks.
        start: Nothing earlier counts, if given.
    """

    expression: str
    zone: dt.tzinfo
    start: dt.datetime | None = None

    def after(self, moment: dt.datetime) -> dt.datetime | None:
        if self.start is not None and moment < self.start:
            moment = self.start - dt.timedelta(microseconds=1)
        wall, was_shown = furthest_wall(moment, self.zone)
        walls = CronSim(self.expression, wall if was_shown else wall - SECOND)
        try:
            moments = (moment_of(each, self.zone) for each in walls)
            return next((each for each in moments if each > moment), None)
        except OverflowError:  # Past the year 9999.
            return None

    def until(self, moment: dt.datetime) -> dt.datetime | None:
        wall, was_shown = furthest_wall(moment, self.zone)
        # Backwards it looks before the given second, so that a time that was shown must be stepped over.
        origin = wall.replace(microsecond=0) + SECOND if was_shown else wall
        try:
            found = next(CronSim(self.expression, origin, reverse=True), None)
        except OverflowError:
            return None
        if found is None:
            return None
        found = moment_of(found, self.zone)
        return None if self.start is not None and found < self.start else found
