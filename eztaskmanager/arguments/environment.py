"""Values that stand in the environment of the child, as `$env:NAME`, and are known nowhere else."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from django.utils.translation import gettext as _

from eztaskmanager.arguments.reading import parsers_of
from eztaskmanager.settings import app_settings

PREFIX = "$env:"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_reference(value: object) -> bool:
    """Tell whether a value stands for that of an environment variable."""
    return isinstance(value, str) and value.startswith(PREFIX)


def mentions_environment(argv: Sequence[str]) -> bool:
    """Tell whether any word may hold a reference; one may be tied to its option by `=`."""
    return any(PREFIX in word for word in argv)


def leave_references(parser: argparse.ArgumentParser, *more: str) -> None:
    """Have a parser take references, and the words of `more`, as they stand, without type and choices."""

    def takes_as_is(value: object) -> bool:
        return is_reference(value) or value in more

    for each in parsers_of(parser):
        _leave(each, takes_as_is)


def _leave(parser: argparse.ArgumentParser, takes_as_is: Any) -> None:
    get_value, check_value = parser._get_value, parser._check_value

    def get(action: argparse.Action, text: str) -> Any:
        if isinstance(action, argparse._SubParsersAction) or not takes_as_is(text):
            return get_value(action, text)
        if is_reference(text):
            _name_of(action, text)
        return text

    def check(action: argparse.Action, value: Any) -> None:
        if isinstance(action, argparse._SubParsersAction) or not (isinstance(value, str) and takes_as_is(value)):
            check_value(action, value)

    parser._get_value, parser._check_value = get, check  # type: ignore[method-assign, assignment]


def resolve_references(parser: argparse.ArgumentParser) -> None:
    """Have a parser put the variables' values in the place of references, as values and never as options.

    What the parser then says of such a value names the variable alone.
    """
    for each in parsers_of(parser):
        _resolve(each)


def _resolve(parser: argparse.ArgumentParser) -> None:
    get_value, get_values = parser._get_value, parser._get_values

    def get(action: argparse.Action, text: str) -> Any:
        # The words of a subcommand come by here too, on their way to its own parser.
        if isinstance(action, argparse._SubParsersAction) or not is_reference(text):
            return get_value(action, text)
        return get_value(action, _value_of(action, text))

    def get_all(action: argparse.Action, words: list[str]) -> Any:
        names = [word.removeprefix(PREFIX) for word in words if is_reference(word)]
        if not names or isinstance(action, argparse._SubParsersAction):
            return get_values(action, words)
        try:
            return get_values(action, words)
        except _Refused:
            raise
        except (Exception, SystemExit):  # A host's `type=` may raise anything, and tell the value.
            message = _("The value of the environment variable %(name)s is not taken.")
            raise argparse.ArgumentError(action, message % {"name": ", ".join(names)}) from None

    parser._get_value, parser._get_values = get, get_all  # type: ignore[method-assign, assignment]


class _Refused(argparse.ArgumentError):
    """There is no such variable, or none that may be named."""


def _name_of(action: argparse.Action, text: str) -> str:
    name = text.removeprefix(PREFIX)
    if NAME.fullmatch(name) is None:
        message = _("%(text)r names no environment variable; write %(prefix)sNAME, of letters, digits and underscores.")
        raise _Refused(action, message % {"text": text, "prefix": PREFIX})
    allowed = app_settings.ENVIRONMENT_VARIABLES
    if allowed is not None and not any(fnmatchcase(name, pattern) for pattern in allowed):
        message = _("The environment variable %(name)s is none of those that arguments may name: %(allowed)s.")
        raise _Refused(action, message % {"name": name, "allowed": ", ".join(allowed) or "–"})
    return name


def _value_of(action: argparse.Action, text: str) -> str:
    name = _name_of(action, text)
    value = os.environ.get(name)
    if value is None:
        message = _("The environment variable %(name)s is not set where the command runs.")
        raise _Refused(action, message % {"name": name})
    return value
