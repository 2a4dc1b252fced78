"""Schedules in words, in the active language."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import cron_descriptor  # type: ignore[import-untyped]
from cron_descriptor import ExpressionDescriptor, Options
from django.utils import dates
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext as _, ngettext_lazy, to_locale

from eztaskmanager.exceptions import ScheduleError
from eztaskmanager.schedules.cron import parse_cron
from eztaskmanager.schedules.wall_clock import load_zone, shown_in

if TYPE_CHECKING:
    from eztaskmanager.schedules.schedule import Schedule

EVERY = {
    "minute": ngettext_lazy("every minute", "every %(rate)d minutes", "rate"),
    "hour": ngettext_lazy("every hour", "every %(rate)d hours", "rate"),
    "day": ngettext_lazy("every day", "every %(rate)d days", "rate"),
    "week": ngettext_lazy("every week", "every %(rate)d weeks", "rate"),
    "month": ngettext_lazy("every month", "every %(rate)d months", "rate"),
    "year": ngettext_lazy("every year", "every %(rate)d years", "rate"),
}
# Languages in whose sentences days and months have a small letter, though Django gives them a capital one.
SMALL_NAMES = ("es", "fr", "it", "pt")
LATER = ngettext_lazy("put off by %(count)d second", "put off by %(count)d seconds", "count")


def describe(schedule: Schedule) -> str:
    """Say a schedule in words; empty for the empty one, and the cron expression itself where there are no words."""
    if schedule.is_empty:
        return ""
    parts = [_rhythm(schedule)]
    if schedule.ends_at is not None:
        parts.append(_("until %(moment)s") % {"moment": _moment(schedule.ends_at, schedule)})
    if schedule.jitter_in_seconds:
        parts.append(str(LATER % {"count": schedule.jitter_in_seconds}))
    return ", ".join(parts)


def _rhythm(schedule: Schedule) -> str:
    start = schedule.start
    if schedule.cron.strip():
        words = {"cron": describe_cron(schedule.cron), "zone": schedule.timezone or "UTC"}
        if start is None:
            return _("%(cron)s %(zone)s") % words
        return _("%(cron)s %(zone)s from %(start)s") % {**words, "start": _moment(start, schedule)}
    assert start is not None  # The empty schedule has no rhythm.
    wall = _wall(start, schedule)
    words = {
        "date": date_format(wall, "DATE_FORMAT"),
        "time": _time(wall),
        "zone": schedule.timezone or "UTC",
    }
    if not schedule.is_periodic or schedule.period not in EVERY:
        return _("once, on %(date)s at %(time)s %(zone)s") % words
    words["every"] = str(EVERY[schedule.period] % {"rate": schedule.rate})
    if schedule.period in ("minute", "hour"):
        return _("%(every)s from %(date)s %(time)s %(zone)s") % words
    return _("%(every)s at %(time)s %(zone)s from %(date)s") % words


def describe_cron(text: str) -> str:
    """Say a cron expression in words, or give it back where there are none."""
    try:
        expression = parse_cron(text)
        words = str(ExpressionDescriptor(expression, _options()).get_description())
    except Exception:  # The words are an extra; whatever cron-descriptor cannot say, people read as they wrote it.
        return text
    words = _name_days_and_months(words)
    return words[:1].lower() + words[1:]


def _options() -> Options:
    name = _locale_of(get_language() or "en")
    try:
        options = Options(locale_code=name)
    except TypeError:  # Before its version 2.
        options = Options()
        options.locale_code = name
    options.use_24hour_time_format = True
    return options


@cache
def _locale_of(language: str) -> str:
    """Find which of cron-descriptor's translations is for a language; English if none is."""
    locale = to_locale(language)
    installed = sorted(path.stem for path in Path(cron_descriptor.__file__).parent.glob("locale/*.mo"))
    if locale in installed:
        return locale
    if locale == "zh_Hant":
        return "zh_TW"
    return next((name for name in installed if name.startswith(locale.partition("_")[0] + "_")), "en_US")


def _name_days_and_months(words: str) -> str:
    """Put the names of the active language for those of the process's locale, which cron-descriptor writes."""
    names = {calendar.day_name[number]: str(name) for number, name in dates.WEEKDAYS.items()}
    names |= {calendar.month_name[number]: str(name) for number, name in dates.MONTHS.items()}
    if to_locale(get_language() or "en").partition("_")[0] in SMALL_NAMES:
        names = {name: translation.lower() for name, translation in names.items()}
    return re.sub(r"\w+", lambda word: names.get(word[0], word[0]), words)


def _moment(moment: dt.datetime, schedule: Schedule) -> str:
    wall = _wall(moment, schedule)
    return f"{date_format(wall, 'DATE_FORMAT')} {_time(wall)}"


def _time(wall: dt.datetime) -> str:
    return date_format(wall, "H:i:s" if wall.second else "H:i")


def _wall(moment: dt.datetime, schedule: Schedule) -> dt.datetime:
    try:
        zone = load_zone(schedule.timezone)
    except ScheduleError:
        zone = dt.timezone.utc
    return shown_in(moment, zone).replace(tzinfo=None, fold=0)
