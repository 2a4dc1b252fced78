"""What an import would do, before it does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from eztaskmanager.arguments import get_parser, mask_arguments, to_text, validate
from eztaskmanager.arguments.secrets import MASK
from eztaskmanager.exceptions import ArgumentsError, CommandUnavailable
from eztaskmanager.models import AppCommand, Task, TaskCategory
from eztaskmanager.models.commands import DANGEROUS
from eztaskmanager.services.as_code.commands import Key, find_command, rows_of
from eztaskmanager.services.as_code.differences import Change
from eztaskmanager.services.as_code.documents import Document, Plain, Problems, TaskEntry, write_task
from eztaskmanager.services.as_code.values import DEFAULTS, SLOTS, Columns, columns_of


@dataclass(frozen=True)
class Step:
    """A task that is made or changed.

    Attributes:
        task: The row, or None where it is to be made.
        command: Its application and name.
        values: All columns that a file can say.
    """

    task: Task | None
    command: Key
    values: Columns


@dataclass
class Plan:
    """What an import does.

    Attributes:
        changes: For people.
        notes: Sentences for people about what they may not expect.
        steps: Tasks to be written.
        categories: Name → colour of those to be written.
        missing: Tasks of the database that the file lacks.
        n_unchanged: How many tasks are as the file says already.
    """

    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    categories: dict[str, str] = field(default_factory=dict)
    missing: list[Task] = field(default_factory=list)
    n_unchanged: int = 0


def make_plan(document: Document, *, keeps_rest: bool = False) -> Plan:
    """Compare a document with the database.

    Args:
        document: What is to be.
        keeps_rest: Whether an existing task keeps what the document is silent about; else that goes to its default.
            Paused is always kept, and a schedule is one thing, kept or replaced.

    Raises:
        TaskFileError: With everything in the document that cannot be.
    """
    plan, problems = Plan(), Problems(document.problems)
    known = rows_of()
    named: dict[str, list[Task]] = {entry.values["name"]: [] for entry in document.tasks}
    for task in Task.objects.select_related("command", "category").order_by("pk"):
        named.get(task.name, plan.missing).append(task)
    for entry in document.tasks:
        twins = named[entry.values["name"]]
        if len(twins) > 1:
            problems.add(entry.place, say_twins("tasks", twins))
            continue
        try:
            step = _make_step(entry, twins[0] if twins else None, known, keeps_rest)
        except (ValueError, ArgumentsError) as exc:
            problems.add(entry.place, exc)
            continue
        _add_step(plan, step)
        _note_command(plan, step, known)
    _plan_categories(plan, document)
    problems.raise_any()
    return plan


def say_twins(what: str, rows: Sequence[Task | TaskCategory]) -> str:
    """Refuse a name that is there more than once."""
    numbers = ", ".join(str(row.pk) for row in rows)
    return f"The {what} {numbers} of the database have the same name {rows[0].name!r}; give each a name of its own."


def masked(values: Columns) -> Plain:
    """Write a task without secrets."""
    command = values["command"].rpartition(": ")[2]
    return write_task({**values, "arguments": mask_arguments(command, values["arguments"])})


def _make_step(entry: TaskEntry, task: Task | None, known: Mapping[Key, AppCommand], keeps_rest: bool) -> Step:
    before = columns_of(task) if task else {"is_paused": False}
    values: Columns = {**DEFAULTS, "is_paused": before["is_paused"]}
    if keeps_rest:
        is_planned_anew = any(column in entry.values for column in SLOTS)
        values |= {column: value for column, value in before.items() if not (is_planned_anew and column in SLOTS)}
    values |= entry.values
    command = find_command(values["command"], known)
    values["command"] = f"{command[0]}: {command[1]}"
    has_command = task is not None and values["command"] == before["command"]
    try:
        values["arguments"] = _read_arguments(command[1], values["arguments"], before if has_command else {})
        validate(command[1], values["arguments"])
    except CommandUnavailable:
        # A task that has lost its command may stay as it is.
        if not has_command or values["arguments"] != before["arguments"]:
            raise
    except ArgumentsError as exc:
        raise ArgumentsError(f"arguments: {exc}") from exc
    return Step(task, command, values)


def _read_arguments(command: str, arguments: str | list[str], before: Columns) -> str:
    text = arguments if isinstance(arguments, str) else to_text(arguments, get_parser(command))
    if MASK not in text:
        return text
    if before and mask_arguments(command, before["arguments"]) == text:
        return str(before["arguments"])
    raise ArgumentsError(
        f"{MASK} stands in place of a secret, which the database does not have with just these other arguments;"
        " write $env:NAME for what is in the environment variable NAME of the workers, or the secret itself."
    )


def _add_step(plan: Plan, step: Step) -> None:
    before = columns_of(step.task) if step.task else None
    if before is not None and write_task(before) == write_task(step.values):
        plan.n_unchanged += 1
        return
    plan.steps.append(step)
    plan.changes.append(Change("Task", step.values["name"], masked(before) if before else None, masked(step.values)))


def _note_command(plan: Plan, step: Step, known: Mapping[Key, AppCommand]) -> None:
    row, name = known.get(step.command), step.values["name"]
    if row is None:
        is_dangerous = step.command[1] in DANGEROUS
        note = f"The command {step.values['command']} is collected"
        note += "; it is inactive, for it is dangerous as a task." if is_dangerous else "."
        if note not in plan.notes:
            plan.notes.append(note)
    elif not row.active:
        plan.notes.append(f"The command {row} of the task {name!r} is inactive: it will not run until that is changed.")


def _plan_categories(plan: Plan, document: Document) -> None:
    rows: dict[str, str] = {}
    for name, color in TaskCategory.objects.order_by("-pk").values_list("name", "color"):
        rows[name] = color
    wanted = dict(document.categories)
    for step in plan.steps:
        if step.values["category"] and step.values["category"] not in rows:
            wanted.setdefault(step.values["category"], "")
    for name, color in wanted.items():
        if rows.get(name) != color:
            before = {"name": name, "color": rows[name]} if name in rows else None
            plan.categories[name] = color
            plan.changes.append(Change("Category", name, before, {"name": name, "color": color}))
