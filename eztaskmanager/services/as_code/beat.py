"""Schedules of django-celery-beat for our tasks, moved to the tasks themselves."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from eztaskmanager.exceptions import ScheduleError
from eztaskmanager.models import Task
from eztaskmanager.schedules import Schedule
from eztaskmanager.services.as_code.beat_tables import Row
from eztaskmanager.services.as_code.values import DEFAULTS, SLOTS, Columns, read_value

RUN = "eztaskmanager.run"
TICK = "eztaskmanager.tick"
# How the predecessor's task was called, under whatever module.
OLD_RUN = "run_management_command"
ID_KEYS = ("task_id", "task", "pk", "id")

UNITS = {"days": ("day", 1), "hours": ("hour", 1), "minutes": ("minute", 1), "seconds": ("minute", 60)}
# The columns that a row decides about; beat knows no jitter.
UNPLANNED = {column: DEFAULTS[column] for column in (*SLOTS, "misfire_grace")}


class NotTaken(Exception):
    """A row that is not ours, or that a task cannot follow; `str()` says why."""


@dataclass(frozen=True)
class Move:
    """What becomes of a row.

    Attributes:
        row: Its name.
        sentence: For people.
        task: The task whose schedule is set; None where none is.
        values: The columns that are set.
    """

    row: str
    sentence: str
    task: Task | None = None
    values: Columns = field(default_factory=dict)


def plan_moves(rows: list[Row], *, paused: bool = False, replaces: bool = False) -> list[Move]:
    """Tell for each row what becomes of it.

    Args:
        rows: Those of django-celery-beat.
        paused: Whether the schedules that are set begin paused; those of rows that are not enabled do anyway.
        replaces: Whether a schedule that a task has already gives way.
    """
    tasks = Task.objects.select_related("command").in_bulk()
    moves: list[Move] = []
    moved: dict[int, str] = {}
    # Of several rows for one task the first that is enabled is followed.
    for row in sorted(rows, key=lambda row: not row["enabled"]):
        try:
            task = _task_of(row, tasks)
            if task.pk in moved:
                raise NotTaken(f"The task {task.name!r} follows {moved[task.pk]!r}; one task has one schedule.")
            move = _plan_move(row, task, paused or not row["enabled"], replaces)
        except NotTaken as exc:
            move = Move(row["name"], f"Not taken: {exc}")
        else:
            moved[task.pk] = row["name"]
        moves.append(move)
    return moves


def make_moves(moves: list[Move]) -> int:
    """Set the schedules; nothing runs by that. Returns how many were."""
    wanted = [move for move in moves if move.task is not None]
    with transaction.atomic():
        for move in wanted:
            task = move.task
            assert task is not None
            if move.values["is_paused"] and not task.is_paused:
                task.pause()
            for column, value in move.values.items():
                if column != "is_paused":
                    setattr(task, column, value)
            task.save()
            if task.is_paused and not move.values["is_paused"]:
                task.resume()
    return len(wanted)


def _task_of(row: Row, tasks: dict[int, Task]) -> Task:
    if row["task"] == TICK:
        raise NotTaken("It is the tick; keep it where beat is the scheduler.")
    if row["task"] != RUN and OLD_RUN not in row["task"].rpartition(".")[2]:
        raise NotTaken(f"It calls {row['task']!r}, which is none of ours.")
    number = _task_id(row)
    if number not in tasks:
        raise NotTaken(f"There is no task number {number}.")
    return tasks[number]


def _task_id(row: Row) -> int:
    try:
        args, kwargs = json.loads(row["args"] or "[]"), json.loads(row["kwargs"] or "{}")
    except ValueError as exc:
        raise NotTaken(f"Its arguments are no JSON: {exc}.") from exc
    candidates: list[Any] = [kwargs[key] for key in ID_KEYS if isinstance(kwargs, dict) and key in kwargs]
    if isinstance(args, list):
        candidates += args[:1]
    for candidate in candidates:
        if not isinstance(candidate, bool) and str(candidate).isdecimal():
            return int(candidate)
    raise NotTaken("Its arguments name no task.")


def _plan_move(row: Row, task: Task, is_paused: bool, replaces: bool) -> Move:
    values: Columns = {**UNPLANNED, **_schedule_of(row, task)}
    before = {column: getattr(task, column) for column in values}
    if before == values:
        return Move(row["name"], f"The task {task.name!r} has this schedule already.")
    if task.has_schedule and not replaces:
        raise NotTaken(
            f"The task {task.name!r} has a schedule of its own ({task.schedule.describe()}); --replace gives it up."
        )
    planned = Task(pk=task.pk, **values)
    try:
        planned.clean()
        for column in ("repetition_rate", "cron", "timezone", "misfire_grace"):
            read_value(column, values[column])
        words = planned.schedule.describe()
    except ValidationError as exc:
        raise NotTaken(" ".join(exc.messages)) from exc
    except (ScheduleError, ValueError) as exc:
        raise NotTaken(str(exc)) from exc
    sentence = f"The task {task.name!r} follows it{', paused' if is_paused else ''}: {words}."
    if row.get("queue"):
        sentence += f" The queue {row['queue']!r} is not taken over."
    return Move(row["name"], sentence, task, {**values, "is_paused": is_paused})


def _schedule_of(row: Row, task: Task) -> Columns:
    if row["interval"]:
        values = _from_interval(row, task)
    elif row["crontab"]:
        values = _from_crontab(row)
    elif row["clocked"]:
        values = {"scheduling": row["clocked"]["clocked_time"]}
    else:
        raise NotTaken("It follows the sun, or nothing.")
    if row.get("expires"):
        values["ends_at"] = row["expires"]
    if row.get("expire_seconds") is not None:
        values["misfire_grace"] = row["expire_seconds"]
    return values


def _from_interval(row: Row, task: Task) -> Columns:
    every, unit = row["interval"]["every"], row["interval"]["period"]
    period, divisor = UNITS.get(unit, ("", 0))
    if not divisor or every % divisor:
        raise NotTaken(f"It comes every {every} {unit}; whole minutes are the least for a task.")
    rate = every // divisor
    begun = row["last_run_at"] or row["date_changed"]
    if row["one_off"]:
        return {"scheduling": row["start_time"] or begun + dt.timedelta(**{unit: every})}
    start = row["start_time"] or begun
    if not row["start_time"] and (task.repetition_period, task.repetition_rate) == (period, rate):
        # Beat writes down each run; the beat of before goes on.
        start = task.scheduling
    return {"scheduling": start, "repetition_period": period, "repetition_rate": rate}


def _from_crontab(row: Row) -> Columns:
    crontab = {key: _plain_field(value) for key, value in row["crontab"].items() if key not in ("id", "timezone")}
    if "*" not in (crontab["day_of_month"], crontab["day_of_week"]):
        raise NotTaken("It names days of the month and of the week; Celery wants both to be so, cron one of them.")
    keys = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
    cron = " ".join(crontab[key] for key in keys)
    zone = row["crontab"].get("timezone") or ""
    if not row["one_off"]:
        return {"scheduling": row["start_time"], "cron": cron, "timezone": zone}
    since = max(filter(None, (row["start_time"], row["last_run_at"], row["date_changed"])))
    try:
        return {"scheduling": Schedule(cron=cron, timezone=zone).next_after(since), "timezone": zone}
    except ScheduleError as exc:
        raise NotTaken(str(exc)) from exc


def _plain_field(text: str) -> str:
    # Celery takes whole names of days and blanks between values.
    return re.sub(r"([a-z]{3})[a-z]+", r"\1", "".join(str(text).split()).lower())
