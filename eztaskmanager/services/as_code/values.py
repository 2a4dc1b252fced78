"""What people write for the columns of a task, and back."""

from __future__ import annotations

import datetime as dt
import reprlib
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.dateparse import parse_datetime

from eztaskmanager.models import Task
from eztaskmanager.schedules.wall_clock import moment_of

# Column → value; the columns are of every type.
Columns = dict[str, Any]

# A column of a task that a file may hold gets its name here, and that is all.
POLICIES = (
    *("overlap", "time_limit", "expected_duration", "max_retries", "retry_delay", "queue", "keep_reports"),
    "ping_url",
)
# The same, for what belongs to the schedule.
TIMINGS = ("timezone", "jitter", "misfire_grace")

# What decides the slots; one of them said anew means that the others are, too.
SLOTS = ("scheduling", "repetition_period", "repetition_rate", "cron", "timezone", "ends_at")

# Task.repetition_period → what people write.
UNITS = {str(period.value): f"{period.value}s" for period in Task.Period}
MOMENTS = {"start": "scheduling", "ends_at": "ends_at"}
SIMPLE = ("note", "cron", *TIMINGS, *POLICIES)
# Characters of a value in a sentence about it.
LONGEST_SHOWN = 80


def _told(column: str, value: Any) -> Any:
    # No note is None for some rows and empty for others, and means the same.
    return "" if column == "note" and value is None else value


def _default_of(column: str) -> Any:
    field = Task._meta.get_field(column)
    assert isinstance(field, models.Field)
    return _told(column, field.get_default())


DEFAULTS: Columns = {
    "arguments": "",
    "category": "",
    "scheduling": None,
    "repetition_period": "",
    "repetition_rate": None,
    "ends_at": None,
    **{column: _default_of(column) for column in SIMPLE},
}


class _Repr(reprlib.Repr):
    """Looks at the beginning of a value alone: one of a few lines with aliases may be larger than the memory."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 2
        self.maxlist = self.maxdict = 4
        self.maxstring = self.maxother = LONGEST_SHOWN

    def repr_int(self, x: int, level: int) -> str:
        # Python refuses to write numbers of thousands of digits.
        return repr(x) if x.bit_length() < 200 else "a number of very many digits"


def shown(value: object) -> str:
    """Write any value for people to find it by, in short."""
    text = _Repr().repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def columns_of(task: Task) -> Columns:
    """Give what a file can say of a task; its command and category by their names."""
    values = {column: _told(column, getattr(task, column)) for column in DEFAULTS if column != "category"}
    return {
        "name": task.name,
        "command": str(task.command),
        **values,
        "category": task.category.name if task.category else "",
        "is_paused": task.is_paused,
    }


def read_value(column: str, value: object) -> Any:
    """Take a value for a column of the task.

    Raises:
        ValueError: Not such a one; says what is allowed.
    """
    field = Task._meta.get_field(column)
    assert isinstance(field, models.Field)
    if value is None and field.null:
        return _told(column, None)
    if isinstance(field, models.IntegerField):
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"{shown(value)} is no whole number.")
    else:
        value = read_text(value)
    if value == "" and field.blank:
        return value
    try:
        return field.clean(value, None)
    except ValidationError as exc:
        raise ValueError(" ".join(exc.messages)) from exc


def read_text(value: object) -> str:
    """Take a text.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is no text; put it into quotes.")
    if "\0" in value:
        raise ValueError("A text may not hold the character 0.")
    return value


def read_moment(value: object, zone: dt.tzinfo) -> dt.datetime:
    """Take a moment; without an offset it is what the clocks of the zone show.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, str):
        try:
            value = parse_datetime(value) or value
        except ValueError as exc:
            raise ValueError(f"{shown(value)} is no date and time: {exc}.") from exc
    if not isinstance(value, dt.datetime):
        raise ValueError(
            f"{shown(value)} is no date and time; write it such as 2030-01-31 08:30 or 2030-01-31T08:30+01:00."
        )
    try:
        return value.astimezone(dt.timezone.utc) if value.tzinfo else moment_of(value, zone)
    except (OverflowError, ValueError) as exc:
        raise ValueError(f"{value} is out of the calendar.") from exc


def write_moment(moment: dt.datetime, zone: dt.tzinfo) -> str:
    """Write a moment as the clocks of the zone show it, with their offset."""
    try:
        return moment.astimezone(zone).isoformat()
    except OverflowError:
        return moment.isoformat()


def read_every(value: object) -> tuple[str, int]:
    """Take a repetition such as {"days": 2}; give period and rate.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError(f"{shown(value)} is no repetition; write one such as {{days: 2}}, with one of {_units()}.")
    ((unit, rate),) = value.items()
    periods = {name: period for period, plural in UNITS.items() for name in (period, plural)}
    if unit not in periods:
        raise ValueError(f"{shown(unit)} is no unit; there are {_units()}.")
    try:
        rate = read_value("repetition_rate", rate)
    except ValueError as exc:
        raise ValueError(f"{unit}: {exc}") from exc
    if not rate:
        raise ValueError(f"{unit}: {shown(rate)} is no number above 0.")
    return periods[unit], rate


def write_every(period: str, rate: int | None) -> dict[str, int | None]:
    """Write a repetition."""
    return {UNITS.get(period, period): rate}


def _units() -> str:
    return ", ".join(UNITS.values())
