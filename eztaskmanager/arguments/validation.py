"""Arguments held against the command's own parser, without what argparse does to a command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from eztaskmanager.arguments.environment import leave_references
from eztaskmanager.arguments.inspection import get_parser
from eztaskmanager.arguments.masking import hide_secrets
from eztaskmanager.arguments.reading import parsers_of
from eztaskmanager.arguments.text import to_argv
from eztaskmanager.exceptions import ArgumentsError


def validate(command_name: str, text: str) -> list[str]:
    """Check that a command takes these arguments; nothing is printed, and nothing ends.

    Values that name an environment variable are taken as they stand.

    Returns:
        What its command line would hold.

    Raises:
        CommandUnavailable: The command or its parser cannot be had.
        ArgumentsError: In argparse's own words, but for the values of secret options.
    """
    parser = get_parser(command_name)
    argv = to_argv(text, parser)
    tame(parser)
    leave_references(parser)
    try:
        check_argv(parser, argv)
    except ArgumentsError as exc:
        raise type(exc)(hide_secrets(str(exc), command_name, text)) from None
    return argv


def check_argv(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    """Have a tame parser read words.

    Raises:
        ArgumentsError: It does not take them.
    """
    try:
        parser.parse_args(list(argv))
    except ArgumentsError:
        raise
    except argparse.ArgumentError as exc:  # From parsers made with exit_on_error=False.
        raise ArgumentsError(str(exc)) from exc
    except (Exception, SystemExit) as exc:  # A host's `type=` or action may raise anything.
        message = _("The arguments cannot be read: %(error)s.")
        raise ArgumentsError(message % {"error": f"{type(exc).__name__}: {exc}"}) from exc


def tame(parser: argparse.ArgumentParser) -> None:
    """Have a parser raise where it would print or end the process, and open no files."""
    for each in parsers_of(parser):
        for name, tamed in (("error", _refuse), ("exit", _refuse_exit), ("_print_message", _keep_silent)):
            setattr(each, name, tamed)
        for action in each._actions:
            # To check must not open files, and still less empty those that are to be written.
            if isinstance(action.type, argparse.FileType):
                action.type = str


def _refuse(message: str) -> NoReturn:
    raise ArgumentsError(message)


def _refuse_exit(status: int = 0, message: str | None = None) -> NoReturn:
    if message:
        raise ArgumentsError(message.strip())
    raise ArgumentsError(_("Options that only print help or the version cannot be arguments of a task."))


def _keep_silent(*args: Any) -> None:
    """Print nothing."""
