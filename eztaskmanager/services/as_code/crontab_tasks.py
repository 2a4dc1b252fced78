"""Lines of a crontab as tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from eztaskmanager.arguments import get_parser, hide_secrets, to_text, validate
from eztaskmanager.crontabs import CronLine, NotACall, find_call
from eztaskmanager.crontabs.lines import Unreadable
from eztaskmanager.exceptions import ArgumentsError, TaskFileError
from eztaskmanager.models import Task
from eztaskmanager.services.as_code.commands import find_command
from eztaskmanager.services.as_code.documents import Plain, read_document


@dataclass(frozen=True)
class Verdict:
    """What becomes of a line.

    Attributes:
        line: As it was read.
        entry: The task, as a file would have it; None where it is not taken.
        reasons: Why not; or what of the line the task does not do.
    """

    line: CronLine | Unreadable
    entry: Plain | None
    reasons: tuple[str, ...] = ()


def judge(lines: Iterable[CronLine | Unreadable], *, category: str = "", zone: str = "") -> list[Verdict]:
    """Make a task of each line that calls a management command, each with a name of its own.

    Args:
        lines: Of one crontab.
        category: Its tasks get this one.
        zone: Whose clock the crontab follows where it does not say; empty for the project's.
    """
    verdicts = []
    for line in lines:
        try:
            entry, notes = _make_entry(line, category, zone)
        except (NotACall, ArgumentsError, ValueError) as exc:
            verdicts.append(Verdict(line, None, (str(exc),)))
        except TaskFileError as exc:
            verdicts.append(Verdict(line, None, tuple(problem.partition(": ")[2] for problem in exc.problems)))
        else:
            verdicts.append(Verdict(line, entry, notes))
    _tell_apart([verdict.entry for verdict in verdicts if verdict.entry])
    return verdicts


def _make_entry(line: CronLine | Unreadable, category: str, zone: str) -> tuple[Plain, tuple[str, ...]]:
    if isinstance(line, Unreadable):
        raise NotACall("It is no line of a crontab.")
    call = find_call(line.command)
    if line.cron.lower() == "@reboot":
        raise NotACall("It runs when the machine starts, which no schedule says.")
    if line.has_input:
        raise NotACall("It feeds its command by '%'; write '\\%' for a percent sign.")
    app_name, name = find_command(call.name)
    arguments = to_text(call.argv, get_parser(name))
    validate(name, arguments)
    # A name is shown to everyone.
    title = line.comment or hide_secrets(f"{name} {' '.join(call.argv)}".strip(), name, arguments)
    entry: Plain = {
        "name": " ".join(title.split())[: _longest_name()],
        "command": f"{app_name}: {name}",
        "arguments": arguments,
        "schedule": {"cron": line.cron},
    }
    if line.timezone or zone:
        entry["schedule"]["timezone"] = line.timezone or zone
    if category:
        entry["category"] = category
    if call.time_limit is not None:
        entry["time_limit"] = call.time_limit
    problems = read_document({"tasks": [entry]}).problems
    if problems:
        raise TaskFileError(*problems)
    return entry, call.notes


def _tell_apart(entries: list[Plain]) -> None:
    """Give each entry a name of its own, which stays when lines change places."""
    counts = Counter(entry["name"] for entry in entries)
    taken: set[str] = set()
    for entry in entries:
        name = entry["name"]
        if counts[name] > 1:
            name = _joined(name, f"({entry['schedule']['cron']})")
        number, numbered = 1, name
        while numbered in taken:
            number += 1
            numbered = _joined(name, f"#{number}")
        taken.add(numbered)
        entry["name"] = numbered


def _joined(name: str, addition: str) -> str:
    return f"{name[: _longest_name() - len(addition) - 1]} {addition}"


def _longest_name() -> int:
    return Task._meta.get_field("name").max_length or 255
