"""Which option or positional gets which words of a command line, as argparse itself would deal them out."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from eztaskmanager.arguments.fields import NO, YES
from eztaskmanager.exceptions import ArgumentsError

PRINTERS = (argparse._HelpAction, argparse._VersionAction)
LAST_ONLY = (
    argparse._StoreAction,
    argparse._StoreConstAction,
    argparse._StoreTrueAction,
    argparse._StoreFalseAction,
    argparse.BooleanOptionalAction,
)
_ABSENT, _BARE = object(), object()


@dataclass(frozen=True, slots=True)
class Event:
    """An option or a positional was given.

    Attributes:
        key: Of its field.
        place: Under which its value is kept: the subcommands that lead to it, and its dest.
        is_last_only: Whether the last of the events of its place is all that counts.
    """

    key: str
    place: tuple[str, str]
    values: tuple[str, ...]
    is_last_only: bool


class FieldError(ArgumentsError):
    """What is wrong with one option or positional.

    Args:
        key: Of its field; empty when it is not known.
        message: Without the name of the option.
    """

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def name_actions(parser: argparse.ArgumentParser, prefix: str = "") -> dict[str, argparse.Action]:
    """Give the actions of one parser by the keys of their fields."""
    found: dict[str, argparse.Action] = {}
    for action in parser._actions:
        name = max(action.option_strings, key=len) if action.option_strings else action.dest
        if isinstance(action, argparse.BooleanOptionalAction):
            name = _on_option(action)
        if isinstance(action, argparse._SubParsersAction) and action.dest == argparse.SUPPRESS:
            name = "subcommand"
        key, number = prefix + name, 2
        while key in found:
            key, number = f"{prefix}{name}#{number}", number + 1
        found[key] = action
    return found


def _on_option(action: argparse.BooleanOptionalAction) -> str:
    on = [option for option in action.option_strings if not option.startswith("--no-")]
    return max(on or action.option_strings, key=len)


def record(parser: argparse.ArgumentParser, argv: Sequence[str], prefix: str = "") -> list[Event]:
    """Deal the words out, without types, choices, or looking for what is missing; the parser stays as it is.

    Raises:
        FieldError: An option lacks its value, or has one too many.
        ArgumentsError: Some words belong to nothing.
    """
    events: list[Event] = []
    shadow = _Shadow(
        add_help=False,
        allow_abbrev=parser.allow_abbrev,
        prefix_chars=parser.prefix_chars,
        exit_on_error=False,
        conflict_handler="resolve",
    )
    keys: dict[str, str] = {}
    for key, action in name_actions(parser, prefix).items():
        witness = _Witness(key, prefix, action, events)
        keys[argparse._get_action_name(witness) or ""] = key
        shadow._add_action(witness)
    try:
        rest = shadow.parse_known_args(list(argv))[1]
    except argparse.ArgumentError as exc:
        raise FieldError(keys.get(exc.argument_name or "", ""), exc.message) from exc
    if rest:
        raise ArgumentsError(_("Nothing takes these: %(words)s.") % {"words": " ".join(rest)})
    return events


def effective(events: Sequence[Event]) -> list[Event]:
    """Keep what counts: the last where the last is all that counts."""
    places: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        places.setdefault(event.place, []).append(event)
    return [
        event
        for given in places.values()
        for event in (given[-1:] if all(each.is_last_only for each in given) else given)
    ]


def effect_of(events: Sequence[Event]) -> dict[tuple[str, str], list[tuple[str, tuple[str, ...]]]]:
    """Give what the command gets of it, for each place; two command lines with the same effect mean the same."""
    places: dict[tuple[str, str], list[tuple[str, tuple[str, ...]]]] = {}
    for event in effective(events):
        places.setdefault(event.place, []).append((event.key, event.values))
    return places


class _Shadow(argparse.ArgumentParser):
    """Takes words as the parser it stands for, and only raises."""

    def error(self, message: str) -> NoReturn:
        raise ArgumentsError(message)


class _Witness(argparse.Action):
    """Stands for an action, and notes what it is given."""

    def __init__(self, key: str, prefix: str, action: argparse.Action, events: list[Event]) -> None:
        super().__init__(
            option_strings=list(action.option_strings),
            dest=action.dest,
            nargs=action.nargs,
            const=_BARE,
            default=_ABSENT,
            metavar=key if not action.option_strings else None,
        )
        self._key, self._prefix, self._action, self._events = key, prefix, action, events

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: Any, values: Any, option_string: str | None = None
    ) -> None:
        if values is _ABSENT:
            return
        if isinstance(self._action, PRINTERS):
            raise ArgumentsError(_("Options that only print help or the version cannot be arguments of a task."))
        words = () if values is _BARE else (values,) if isinstance(values, str) else tuple(values)
        if isinstance(self._action, argparse._SubParsersAction):
            self._enter(words[0], words[1:])
            return
        if isinstance(self._action, argparse.BooleanOptionalAction):
            words = (NO if (option_string or "").startswith("--no-") else YES,)
        self._note(words, type(self._action) in LAST_ONLY)

    def _note(self, words: tuple[str, ...], is_last_only: bool) -> None:
        self._events.append(Event(self._key, (self._prefix, self.dest), words, is_last_only))

    def _enter(self, name: str, rest: Sequence[str]) -> None:
        child = self._action.choices.get(name)  # type: ignore[union-attr]
        if child is None:
            raise FieldError(self._key, _("%(name)r is no subcommand.") % {"name": name})
        self._note((name,), False)
        self._events.extend(record(child, rest, f"{self._prefix}{name} "))
