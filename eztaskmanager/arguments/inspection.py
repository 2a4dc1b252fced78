"""Commands of the host project, asked for their parsers."""

from __future__ import annotations

import argparse

from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from eztaskmanager.arguments.reading import parsers_of
from eztaskmanager.arguments.secrets import MASK, has_secret_name
from eztaskmanager.exceptions import CommandUnavailable


def load_command(command_name: str) -> BaseCommand:
    """Find a command by its name and make one.

    Raises:
        CommandUnavailable: No installed app has it, or it cannot be imported.
    """
    found = get_commands().get(command_name)
    if found is None:
        message = _("There is no command %(name)r among the installed apps; it, or its app, may have been removed.")
        raise CommandUnavailable(message % {"name": command_name})
    if isinstance(found, BaseCommand):
        return found
    try:
        return load_command_class(found, command_name)
    except (Exception, SystemExit) as exc:  # A host's module may raise anything while it is imported.
        message = _("The command %(name)r of the app %(app)s cannot be loaded: %(error)s.")
        raise CommandUnavailable(message % {"name": command_name, "app": found, "error": _tell(exc)}) from exc


def get_parser(command_name: str) -> argparse.ArgumentParser:
    """Build the parser of a command, anew at each call.

    Raises:
        CommandUnavailable: There is no such command, or it cannot be imported, or it fails to build its parser.
    """
    command = load_command(command_name)
    try:
        parser = command.create_parser("manage.py", command_name)
    except (Exception, SystemExit) as exc:  # A host's add_arguments may raise anything.
        message = _("The command %(name)r fails to declare its arguments: %(error)s.")
        raise CommandUnavailable(message % {"name": command_name, "error": _tell(exc)}) from exc
    for each in parsers_of(parser):
        _mend_help(each)
    return parser


def takes_option(command_name: str, option: str) -> bool:
    """Tell whether `call_command` may be given this keyword for a command.

    Raises:
        CommandUnavailable: As for `get_parser`.
    """
    command = load_command(command_name)
    if option in (*command.base_stealth_options, *command.stealth_options):
        return True
    return any(action.dest == option for each in parsers_of(get_parser(command_name)) for action in each._actions)


def _mend_help(parser: argparse.ArgumentParser) -> None:
    # argparse fills in `%(default)s` and the like; a plain "100 %" would break every page that shows the help.
    formatter = parser._get_formatter()
    for action in parser._actions:
        if action.help and action.help is not argparse.SUPPRESS:
            if has_secret_name([*action.option_strings, action.dest]):
                action.help = action.help.replace("%(default)s", MASK)
            try:
                formatter._expand_help(action)
            except (KeyError, TypeError, ValueError):
                action.help = str(action.help).replace("%", "%%")


def _tell(exc: BaseException) -> str:
    return f"{type(exc).__name__}: {exc}" if str(exc) else type(exc).__name__
