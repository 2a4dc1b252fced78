"""The form of a command, read from its parser."""

from __future__ import annotations

import argparse
import datetime as dt
import decimal
import json
import logging
from itertools import islice
from pathlib import Path, PurePath
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.dateparse import parse_date, parse_datetime, parse_time
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from eztaskmanager.arguments.fields import Exclusive, Field, Form, Kind, Section
from eztaskmanager.arguments.recording import LAST_ONLY, PRINTERS, name_actions
from eztaskmanager.arguments.refining import FormRefinement, refine
from eztaskmanager.arguments.secrets import has_secret_name

logger = logging.getLogger(__name__)

HOOK = "eztaskmanager_form"
# By option, for a command may have one of the same dest.
DJANGOS = {
    "--verbosity",
    "--settings",
    "--pythonpath",
    "--traceback",
    "--no-color",
    "--force-color",
    "--skip-checks",
}
MOST_CHOICES = 500
INTERNAL = ("launch_report_id",)
REPEATING = (argparse._AppendAction, argparse._AppendConstAction, argparse._CountAction)
KINDS: tuple[tuple[Any, Kind], ...] = (
    (int, "integer"),
    (float, "number"),
    (decimal.Decimal, "number"),
    (Path, "path"),
    (PurePath, "path"),
    (dt.date.fromisoformat, "date"),
    (dt.datetime.fromisoformat, "datetime"),
    (dt.time.fromisoformat, "time"),
    (parse_date, "date"),
    (parse_datetime, "datetime"),
    (parse_time, "time"),
    (json.loads, "textarea"),
)


def describe(parser: argparse.ArgumentParser) -> Form:
    """Give the form of a parser as `get_parser` makes it."""
    return _describe(parser, "", parser.description or "")


def describe_command(command: BaseCommand, parser: argparse.ArgumentParser) -> tuple[Form, str]:
    """Give the form of a command, as its hook wants it, and what is wrong with the hook, or nothing."""
    form = describe(parser)
    hook = getattr(command, HOOK, None)
    if hook is None:
        return form, ""
    try:
        wish = hook()
        if not isinstance(wish, FormRefinement):
            raise TypeError(f"it gives {wish!r}, and should give a FormRefinement")
        return refine(form, wish), ""
    except Exception as exc:  # A host's hook may raise anything; the form of the parser serves then.
        logger.exception("The hook %s of %s failed.", HOOK, type(command).__module__)
        message = _("The command's own wishes for this form (%(hook)s) failed: %(error)s.")
        return form, message % {"hook": HOOK, "error": f"{type(exc).__name__}: {exc}"}


def _describe(parser: argparse.ArgumentParser, prefix: str, description: str) -> Form:
    keys = {id(action): key for key, action in name_actions(parser, prefix).items()}
    fields = {
        id(action): _field(parser, keys[id(action)], action)
        for action in parser._actions
        if not isinstance(action, PRINTERS)
    }
    plain: list[Field] = []
    folded: list[Field] = []
    titled: list[Section] = []
    # The first two groups are argparse's own.
    for number, group in enumerate(parser._action_groups):
        own = [fields[id(action)] for action in group._group_actions if id(action) in fields]
        if not prefix:
            folded += [field for field in own if field.option in DJANGOS]
            own = [field for field in own if field.option not in DJANGOS]
        if number < 2:
            plain += own
        elif own:
            titled.append(Section(capfirst(group.title or ""), group.description or "", tuple(own)))
    # The subcommand and what belongs to it come last, as on a command line.
    plain.sort(key=lambda field: field.kind == "subcommand")
    sections = [Section("", "", tuple(plain)), *titled] if plain else titled
    if folded:
        sections.append(Section(_("Django's options"), "", tuple(folded), is_folded=True))
    return Form(" ".join(description.split()), tuple(sections), _exclusives(parser, keys))


def _exclusives(parser: argparse.ArgumentParser, keys: dict[int, str]) -> tuple[Exclusive, ...]:
    found = []
    for group in parser._mutually_exclusive_groups:
        members = tuple(keys[id(action)] for action in group._group_actions if id(action) in keys)
        if len(members) > 1:
            found.append(Exclusive(members, group.required))
    return tuple(found)


def _field(parser: argparse.ArgumentParser, key: str, action: argparse.Action) -> Field:
    option = max(action.option_strings, key=len) if action.option_strings else ""
    off_option = ""
    if isinstance(action, argparse.BooleanOptionalAction):
        option = key.rpartition(" ")[2]
        off_option = next((each for each in action.option_strings if each.startswith("--no-") and each != option), "")
    kind = _kind(action)
    is_secret = has_secret_name([*action.option_strings, action.dest])
    least, most = _counts(action)
    return Field(
        key=key,
        dest=action.dest,
        option=option,
        off_option=off_option,
        kind=kind,
        label=_label(action, option),
        help=_help(parser, action),
        required=_is_required(action),
        choices=(
            _choices(action) if kind != "subcommand" else tuple((str(name), str(name)) for name in action.choices or ())
        ),
        default="" if is_secret else _default(action),
        placeholder=_placeholder(action),
        position=parser._actions.index(action),
        min_values=least,
        max_values=most,
        is_repeatable=isinstance(action, REPEATING),
        is_last_only=type(action) in LAST_ONLY,
        is_secret=is_secret,
        is_hidden=action.help == argparse.SUPPRESS or action.dest in INTERNAL,
        subforms=_subforms(key, action),
    )


def _kind(action: argparse.Action) -> Kind:
    if isinstance(action, argparse._SubParsersAction):
        return "subcommand"
    if isinstance(action, argparse.BooleanOptionalAction):
        return "boolean"
    if action.nargs == 0:
        return "count" if isinstance(action, REPEATING) else "flag"
    if isinstance(action.type, argparse.FileType):
        return "path"
    return next((kind for kind_of_type, kind in KINDS if action.type == kind_of_type), "text")


def _counts(action: argparse.Action) -> tuple[int, int | None]:
    if action.nargs is None or isinstance(action, (argparse._SubParsersAction, argparse.BooleanOptionalAction)):
        return 1, 1
    if isinstance(action.nargs, int):
        return action.nargs, action.nargs
    return {"?": (0, 1), "+": (1, None)}.get(action.nargs, (0, None))


def _is_required(action: argparse.Action) -> bool:
    # A positional that may take nothing is marked so as well, and given when nothing is.
    may_be_nothing = action.nargs in ("*", argparse.REMAINDER, argparse.SUPPRESS)
    return action.required and not (may_be_nothing and not action.option_strings)


def _label(action: argparse.Action, option: str) -> str:
    name = option.lstrip("-") if option.startswith("--") else action.dest
    if name == argparse.SUPPRESS:
        return _("Subcommand")
    return str(capfirst(name.replace("_", " ").replace("-", " ").strip()))


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    if not action.help or action.help == argparse.SUPPRESS:
        return ""
    return " ".join(parser._get_formatter()._expand_help(action).split())


def _default(action: argparse.Action) -> str:
    value = action.default
    if value is None or value is False or value == argparse.SUPPRESS or action.nargs == 0:
        return ""
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    if isinstance(action, argparse.BooleanOptionalAction):
        return _("yes")
    # Streams and the like, whose text says nothing.
    return str(value) if isinstance(value, (str, int, float, decimal.Decimal, dt.date, dt.time, PurePath)) else ""


def _placeholder(action: argparse.Action) -> str:
    return action.metavar if isinstance(action.metavar, str) and action.option_strings else ""


def _choices(action: argparse.Action) -> tuple[tuple[str, str], ...]:
    if action.choices is None:
        return ()
    try:
        choices = list(islice(action.choices, MOST_CHOICES + 1))
    except TypeError:
        return ()  # It only knows what it contains.
    # A range of thousands is easier typed than chosen.
    return tuple((_text_of(choice), _text_of(choice)) for choice in choices) if len(choices) <= MOST_CHOICES else ()


def _text_of(choice: Any) -> str:
    # Of a plain enumeration it is the value that is typed.
    return str(getattr(choice, "value", choice))


def _subforms(key: str, action: argparse.Action) -> tuple[tuple[str, Form], ...]:
    if not isinstance(action, argparse._SubParsersAction):
        return ()
    helps = {each.dest: each.help or "" for each in action._choices_actions}
    prefix = key[: key.rfind(" ") + 1] if " " in key else ""
    return tuple(
        (str(name), _describe(child, f"{prefix}{name} ", child.description or helps.get(name, "")))
        for name, child in action.choices.items()
    )
