"""The lines of a crontab, as crontab(5) describes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

VARIABLE = re.compile(r"""\s*(?P<q>["']?)(?P<name>[A-Za-z_]\w*)(?P=q)\s*=\s*(?P<value>.*?)\s*\Z""")
# Minute, hour, day of month, month, day of week.
FIELDS = re.compile(r"\s*(?P<cron>@\w+|(?:[\w*/,?~#-]+\s+){4}[\w*/,?~#-]+)\s+(?P<rest>\S.*)")
USER = re.compile(r"(?P<user>\S+)\s+(?P<rest>\S.*)")
# A comment that is a line switched off, or the heading that Debian puts above the first.
NO_TITLE = re.compile(r"@\w+\s+\S|[\d*]\S*\s+(?:[\w*/,-]+\s+){4}\S|m\s+h\s+dom\b")
DECORATION = " \t#-=*~"


@dataclass(frozen=True)
class CronLine:
    """A line that plans a command.

    Attributes:
        number: Of the line, from 1.
        cron: Five fields, or a name such as @daily.
        command: For the shell, `\\%` made `%` already.
        has_input: Whether a bare `%` follows, after which cron feeds the rest to the command.
        comment: The comment on the line above, without its decoration, or empty.
        timezone: What CRON_TZ says here, or empty.
        user: Whom a system crontab names, or empty.
    """

    number: int
    cron: str
    command: str
    has_input: bool = False
    comment: str = ""
    timezone: str = ""
    user: str = ""


@dataclass(frozen=True)
class Unreadable:
    """A line that is nothing crontab(5) knows."""

    number: int
    text: str


def read_crontab(text: str, *, is_system: bool = False) -> Iterator[CronLine | Unreadable]:
    """Go through the lines that plan something.

    Args:
        text: The crontab.
        is_system: Whether a user stands before each command, as in /etc/crontab and /etc/cron.d.
    """
    comment, zone = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        above, comment = comment, ""
        if not line.strip():
            continue
        if line.lstrip().startswith("#"):
            words = line.strip(DECORATION)
            comment = "" if NO_TITLE.match(words) else words.rstrip(".:")
            continue
        variable = VARIABLE.match(line)
        if variable:
            if variable["name"] == "CRON_TZ":
                zone = variable["value"].strip("\"'")
            comment = above
            continue
        yield _read_line(number, line, above, zone, is_system)


def _read_line(number: int, line: str, comment: str, zone: str, is_system: bool) -> CronLine | Unreadable:
    found = FIELDS.match(line)
    if found is None:
        return Unreadable(number, line.strip())
    rest, user = found["rest"], ""
    if is_system:
        named = USER.match(rest)
        if named is None:
            return Unreadable(number, line.strip())
        user, rest = named["user"], named["rest"]
    command, bare, _ = _cut_input(rest)
    cron = " ".join(found["cron"].split())
    return CronLine(number, cron, command.strip(), bool(bare), comment, zone, user)


def _cut_input(text: str) -> tuple[str, str, str]:
    # `\%` is a percent sign, a bare one ends the command.
    hidden = text.replace("\\%", "\0")
    command, bare, rest = hidden.partition("%")
    return command.replace("\0", "%"), bare, rest
