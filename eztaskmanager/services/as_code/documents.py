"""A file's plain data, read into values with all faults collected; and values written as plain data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from eztaskmanager.exceptions import ScheduleError, TaskFileError
from eztaskmanager.models import Task, TaskCategory
from eztaskmanager.schedules.wall_clock import load_zone
from eztaskmanager.services.as_code.values import (
    DEFAULTS,
    MOMENTS,
    POLICIES,
    TIMINGS,
    Columns,
    read_every,
    read_moment,
    read_text,
    read_value,
    shown,
    write_every,
    write_moment,
)

VERSION = 1
# What a file's parser makes: dictionaries, lists, texts, numbers.
Plain = dict[str, Any]

DOCUMENT_KEYS = ("version", "categories", "tasks")
CATEGORY_KEYS = ("name", "color")
TASK_KEYS = ("name", "command", "arguments", "category", "note", "schedule", "paused", *POLICIES)
SCHEDULE_KEYS = ("start", "every", "cron", "ends_at", *TIMINGS)
# Column at which `Task.clean` finds fault → the key under which people wrote it.
KEYS = {"scheduling": "start", "repetition_period": "every", "repetition_rate": "every"}


@dataclass(frozen=True)
class TaskEntry:
    """A task of a file.

    Attributes:
        place: Where it stands, for people.
        values: What the file says; columns it is silent about are missing. `arguments` may be a list yet.
    """

    place: str
    values: Columns


@dataclass(frozen=True)
class Document:
    """A file that has been read.

    Attributes:
        tasks: Each with a name of its own.
        categories: Name → colour, or an empty text.
        problems: What is wrong with the rest of the file; it cannot be imported then.
    """

    tasks: tuple[TaskEntry, ...] = ()
    categories: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


class Problems:
    """What is wrong with a file, told with its place."""

    def __init__(self, sentences: Iterable[str] = ()) -> None:
        self.sentences = list(sentences)

    def add(self, place: str, exc: Exception | str) -> None:
        """Note a problem."""
        self.sentences.append(f"{place}: {exc}" if place else str(exc))

    def raise_any(self) -> None:
        """Raise what was noted.

        Raises:
            TaskFileError: Something was.
        """
        if self.sentences:
            raise TaskFileError(*self.sentences)


def read_document(data: object) -> Document:
    """Read plain data; what is wrong in it is told by the document's `problems`.

    Raises:
        TaskFileError: It is of another version.
    """
    problems = Problems()
    whole = _mapping(data, "", DOCUMENT_KEYS, problems) or {}
    version = whole.get("version", VERSION)
    if version != VERSION or isinstance(version, bool):
        problems.add("version", f"{shown(version)} is not known here; this release reads version {VERSION}.")
        problems.raise_any()
    categories = _read_categories(whole, problems)
    tasks: dict[str, TaskEntry] = {}
    for number, item in enumerate(_list(whole, "tasks", problems)):
        entry = _read_task(item, f"tasks[{number}]", problems)
        if entry is None:
            continue
        name = entry.values["name"]
        if name in tasks:
            problems.add(entry.place, f"{tasks[name].place} has the same name; each needs one of its own.")
        tasks.setdefault(name, entry)
    return Document(tuple(tasks.values()), categories, tuple(problems.sentences))


def write_task(values: Columns) -> Plain:
    """Write a task, leaving out what is as it would be anyway."""
    plain = {"name": values["name"], "command": values["command"]}
    plain |= {key: values[key] for key in ("arguments", "category", "note") if values[key]}
    schedule = _write_schedule(values)
    if schedule:
        plain["schedule"] = schedule
    if values.get("is_paused"):
        plain["paused"] = True
    return plain | _unusual(values, POLICIES)


def write_document(categories: Mapping[str, str], tasks: Iterable[Columns]) -> Plain:
    """Write a document, categories and tasks in the order of their names."""
    plain: Plain = {"version": VERSION}
    if categories:
        plain["categories"] = [
            {"name": name, "color": color} if color else {"name": name} for name, color in sorted(categories.items())
        ]
    plain["tasks"] = [write_task(values) for values in sorted(tasks, key=lambda values: str(values["name"]))]
    return plain


def _read_categories(whole: Plain, problems: Problems) -> dict[str, str]:
    categories: dict[str, str] = {}
    for number, item in enumerate(_list(whole, "categories", problems)):
        place = f"categories[{number}]"
        values = _mapping({"name": item} if isinstance(item, str) else item, place, CATEGORY_KEYS, problems)
        if values is None:
            continue
        try:
            category = TaskCategory(name=read_text(values.get("name", "")), color=read_text(values.get("color") or ""))
            category.clean_fields(exclude=["id"])
        except ValidationError as exc:
            for key, messages in exc.message_dict.items():
                problems.add(f"{place}: {key}", " ".join(messages))
            continue
        except ValueError as exc:
            problems.add(place, exc)
            continue
        if category.name in categories:
            problems.add(place, f"There is another category {category.name!r}; each needs a name of its own.")
        categories[category.name] = category.color
    return categories


def _read_task(item: object, place: str, problems: Problems) -> TaskEntry | None:
    if isinstance(item, dict) and isinstance(item.get("name"), str):
        place = f"{place} {item['name']!r}"
    before = len(problems.sentences)
    given = _mapping(item, place, TASK_KEYS, problems)
    if given is None:
        return None
    values: Columns = {}
    for key in ("name", "command"):
        if key not in given:
            problems.add(place, f"The key {key!r} is missing.")
    for key, value in given.items():
        try:
            if key == "schedule":
                values |= _read_schedule(value, f"{place}: schedule", problems)
            elif key == "arguments":
                values[key] = _read_arguments(value)
            elif key == "paused":
                values["is_paused"] = _read_flag(value)
            elif key == "command":
                values[key] = read_text(value)
            elif key == "category":
                values[key] = "" if value is None else read_text(value)
                TaskCategory._meta.get_field("name").run_validators(values[key])
            elif key in TASK_KEYS:
                values[key] = read_value(key, value)
        except ValidationError as exc:
            problems.add(f"{place}: {key}", " ".join(exc.messages))
        except ValueError as exc:
            problems.add(f"{place}: {key}", exc)
    return TaskEntry(place, values) if len(problems.sentences) == before else None


def _read_schedule(data: object, place: str, problems: Problems) -> Columns:
    given = _mapping({} if data is None else data, place, SCHEDULE_KEYS, problems) or {}
    values: Columns = {}
    before = len(problems.sentences)
    try:
        zone = load_zone(given.get("timezone") or timezone.get_default_timezone_name())
    except (ScheduleError, TypeError) as exc:
        problems.add(f"{place}: timezone", exc)
        return values
    for key, value in given.items():
        try:
            if key in MOMENTS:
                values[MOMENTS[key]] = None if value is None else read_moment(value, zone)
            elif key == "every":
                values["repetition_period"], values["repetition_rate"] = read_every(value)
            elif key in SCHEDULE_KEYS:
                values[key] = read_value(key, value)
        except ValueError as exc:
            problems.add(f"{place}: {key}", exc)
    if len(problems.sentences) == before:
        try:
            Task(**values).clean()
        except ValidationError as exc:
            for column, messages in exc.message_dict.items():
                problems.add(f"{place}: {KEYS.get(column, column)}", " ".join(messages))
    return values


def _read_arguments(value: object) -> str | list[str]:
    if isinstance(value, list):
        # Numbers of a command line need no quotes.
        is_number = [isinstance(word, (int, float)) and not isinstance(word, bool) for word in value]
        return [str(word) if number else read_text(word) for word, number in zip(value, is_number)]
    return "" if value is None else read_text(value)


def _read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{shown(value)} is neither true nor false.")
    return value


def _write_schedule(values: Columns) -> Plain:
    plain: Plain = {}
    try:
        zone = load_zone(values["timezone"] or timezone.get_default_timezone_name())
    except ScheduleError:
        zone = timezone.get_default_timezone()
    if values["scheduling"] is not None:
        plain["start"] = write_moment(values["scheduling"], zone)
    if values["repetition_period"] or values["repetition_rate"] is not None:
        plain["every"] = write_every(values["repetition_period"], values["repetition_rate"])
    if values["cron"]:
        plain["cron"] = values["cron"]
    if values["ends_at"] is not None:
        plain["ends_at"] = write_moment(values["ends_at"], zone)
    return plain | _unusual(values, TIMINGS)


def _unusual(values: Columns, columns: Iterable[str]) -> Plain:
    return {column: values[column] for column in columns if values[column] != DEFAULTS[column]}


def _mapping(data: object, place: str, keys: tuple[str, ...], problems: Problems) -> Plain | None:
    if not isinstance(data, dict):
        allowed = re.sub(r", (\w+)$", r" and \1", ", ".join(keys))
        problems.add(place, f"{shown(data)} stands where there should be the keys {allowed}.")
        return None
    for key in data:
        if key not in keys:
            problems.add(place, f"The key {shown(key)} is not known; there are {', '.join(keys)}.")
    return data


def _list(whole: Plain, key: str, problems: Problems) -> list[object]:
    found = whole.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        problems.add(key, f"{shown(found)} is no list.")
        return []
    return found
