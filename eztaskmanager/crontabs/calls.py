"""The call of a management command within a command line of the shell, and what is around it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from eztaskmanager.crontabs.shell import REDIRECTIONS, NotReadable, Operator, Word, scan

PYTHON = re.compile(r"(python|pypy)[\d.]*w?\Z")
ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=")
DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)\Z")
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
# They start another program, with or without words of their own before it.
LAUNCHERS = frozenset(
    {
        *("env", "nice", "ionice", "chrt", "taskset", "nohup", "setsid", "exec", "time", "timeout", "stdbuf", "flock"),
        *("sudo", "su", "runuser", "setuser", "gosu", "chpst", "chronic", "cronic", "systemd-cat", "command"),
        *("poetry", "uv", "pipenv", "pdm", "hatch", "rye", "conda", "dotenv", "envdir", "docker", "docker-compose"),
    }
)
SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
# Options of Python that take the next word.
PYTHON_OPTIONS = ("-W", "-X")
# They only prepare what a worker has anyway.
PREPARATIONS = frozenset({"cd", "pushd", "source", ".", "export", "set", "umask", "workon", "true", ":", "sleep"})
# Django reads them before the command does; a worker has its settings.
PROJECT_OPTIONS = ("--settings", "--pythonpath")


@dataclass(frozen=True)
class Call:
    """A management command that is called.

    Attributes:
        name: Of the command.
        argv: Its arguments.
        time_limit: Seconds that `timeout` gives it, or None.
        notes: What of the line a task does not do.
    """

    name: str
    argv: tuple[str, ...]
    time_limit: int | None = None
    notes: tuple[str, ...] = ()


class NotACall(Exception):
    """A line that a task cannot do; `str()` says why."""


def find_call(line: str) -> Call:
    """Find the one management command that a line calls.

    Raises:
        NotACall: There is none, or the line does more than a task can.
    """
    try:
        parts = _split(scan(line))
    except NotReadable as exc:
        raise NotACall(str(exc)) from exc
    calling = [words for words in parts if _program_at(words) is not None or _inner(words) is not None]
    if not calling:
        raise NotACall("It does not call manage.py.")
    if len(calling) > 1:
        raise NotACall("It calls manage.py more than once; make a task of each.")
    last = parts[-1]
    if calling[0] is not last:
        raise NotACall(f"It goes on with {_name(last)!r} after the command.")
    notes: list[str] = []
    for words in parts[:-1]:
        program = _name(words)
        if program not in PREPARATIONS and not all(ASSIGNMENT.match(word.text) for word in words):
            raise NotACall(f"It runs {program!r} first, which a task does not.")
        if program in ("export", "sleep"):
            notes.append(f"not done: {' '.join(word.text for word in words)}")
    call = _read(last)
    return replace(call, notes=(*notes, *call.notes))


def _split(tokens: Sequence[Word | Operator]) -> list[list[Word]]:
    """Cut into the simple commands, one after the other, dropping where their output goes.

    Raises:
        NotACall: They are tied otherwise.
    """
    parts: list[list[Word]] = [[]]
    redirection = ""
    for number, token in enumerate(tokens):
        if isinstance(token, Word):
            if redirection.startswith("<") and token.text != "/dev/null":
                raise NotACall("It reads from standard input.")
            if not redirection:
                parts[-1].append(token)
            redirection = ""
        elif token.text in REDIRECTIONS:
            redirection = token.text
        elif token.text in ("&&", ";"):
            parts.append([])
        elif token.text == "&" and number == len(tokens) - 1:
            continue
        elif token.text in ("|", "|&"):
            raise NotACall("Its output goes through a pipe.")
        elif token.text == "||":
            raise NotACall("It does something else when a command fails ('||').")
        else:
            raise NotACall(f"It needs a shell, for {token.text!r}.")
    return [words for words in parts if words] or [[]]


def _read(words: list[Word]) -> Call:
    """Read the simple command that holds the call."""
    inner = _inner(words)
    if inner is not None:
        number, line = inner
        call = find_call(line)
        before = words[:number]
    else:
        number = _program_at(words) or 0
        call = _read_call(words[number + 1 :])
        before = words[:number]
    names = [found[1] for word in before if (found := ASSIGNMENT.match(word.text))]
    notes = [f"not set: {', '.join(names)}"] if names else []
    limit = _time_limit(before) or call.time_limit
    return replace(call, time_limit=limit, notes=(*notes, *call.notes))


def _read_call(words: list[Word]) -> Call:
    for word in words:
        if word.filled:
            raise NotACall(f"The shell fills in {word.filled!r}; write out what it stands for.")
    argv: list[str] = []
    notes: list[str] = []
    is_value = False
    for word in words:
        option, equals, _ = word.text.partition("=")
        if is_value or option in PROJECT_OPTIONS:
            if not is_value:
                notes.append(f"not passed on: {option}")
            is_value = not is_value and not equals
            continue
        argv.append(word.text)
    if not argv or argv[0].startswith("-"):
        raise NotACall("It calls manage.py without a command.")
    return Call(argv[0], tuple(argv[1:]), notes=tuple(notes))


def _program_at(words: Sequence[Word]) -> int | None:
    """Find manage.py or django-admin, in a place where a program is started; None where there is none."""
    for number, word in enumerate(words):
        name = _base(word.text)
        if name in ("manage.py", "django-admin", "django-admin.py"):
            return number if _is_started(words[:number]) else None
        if name == "django" and number and words[number - 1].text == "-m":
            return number if _is_started(words[: number - 1]) else None
    return None


def _inner(words: Sequence[Word]) -> tuple[int, str] | None:
    """Find the line that is handed to a shell by `-c`: where it stands, and the line."""
    for number, word in enumerate(words[1:], 1):
        option = words[number - 1].text
        is_option = option == "--command" or re.fullmatch(r"-\w*c", option) is not None
        has_call = " " in word.text and re.search("manage.py|django", word.text) is not None
        if is_option and has_call and _base(words[0].text) in LAUNCHERS | SHELLS:
            return number, word.text
    return None


def _is_started(before: Sequence[Word]) -> bool:
    """Tell whether the words before are about how to start a program, and not a program that does something itself."""
    words = [word.text for word in before if not ASSIGNMENT.match(word.text)]
    if not words or (len(words) == 1 and any(word.filled for word in before)):
        return True
    pythons = [number for number, word in enumerate(words) if PYTHON.match(_base(word))]
    if pythons:
        options = words[pythons[-1] + 1 :]
        if not all(a.startswith("-") or b in PYTHON_OPTIONS for a, b in zip(options, ["", *options])):
            return False
    return _base(words[0]) in LAUNCHERS or pythons[:1] == [0]


def _time_limit(before: Sequence[Word]) -> int | None:
    names = [_base(word.text) for word in before]
    if "timeout" not in names:
        return None
    words = [word.text for word in before[names.index("timeout") + 1 :]]
    for option, word in zip(["", *words], words):
        found = DURATION.match(word)
        if found and option not in ("-k", "-s", "--kill-after", "--signal"):
            return max(1, round(float(found[1]) * SECONDS[found[2]]))
    return None


def _name(words: Sequence[Word]) -> str:
    programs = [word.text for word in words if not ASSIGNMENT.match(word.text)] or [word.text for word in words]
    return _base(programs[0]) if programs else ""


def _base(path: str) -> str:
    return path.rpartition("/")[2]
