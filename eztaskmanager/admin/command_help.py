"""The help of a command as a page shows it: what it does, and its options one by one, as its parser declares them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

from django.core.management.base import DjangoHelpFormatter
from django.utils.formats import localize
from django.utils.text import capfirst
from django.utils.translation import gettext as _, gettext_lazy

from eztaskmanager.arguments.secrets import has_secret_name

# Groups that nobody has named, as argparse calls them.
TITLES = {
    "positional arguments": gettext_lazy("Positional arguments"),
    "options": gettext_lazy("Options"),
    "": gettext_lazy("Arguments"),
}


@dataclass(frozen=True)
class Option:
    """An option, or a positional argument.

    Attributes:
        name: With its value, such as `--rows ROWS, -r ROWS`.
        help: What its author says of it; may be empty.
        notes: What the parser knows beside that: required, choices, default.
    """

    name: str
    help: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """Options that stand together."""

    title: str
    text: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Help:
    """All of it.

    Attributes:
        usage: The line that `--help` begins with.
        description: What the command does, in paragraphs.
        sections: Its own options, those of its subcommands too.
        common: Those that every command has.
        epilog: What stands below.
    """

    usage: str
    description: tuple[str, ...]
    sections: tuple[Section, ...]
    common: Section | None
    epilog: tuple[str, ...]


def tell_help(parser: argparse.ArgumentParser) -> Help:
    """Read a parser, whose help texts can be expanded."""
    common = [option for action, option in _options(parser, parser._actions) if _is_common(action)]
    return Help(
        usage=parser.format_usage().partition(":")[2].strip() or parser.prog,
        description=_paragraphs(_expand(parser, parser.description)),
        sections=tuple(section for section in _sections(parser) if section.options),
        common=Section(_("Options of every command"), "", tuple(common)) if common else None,
        epilog=_paragraphs(_expand(parser, parser.epilog)),
    )


def _sections(parser: argparse.ArgumentParser, prefix: str = "") -> Iterator[Section]:
    """Give the groups of a parser, then those of its subcommands."""
    for group in parser._action_groups:
        options = tuple(option for action, option in _options(parser, group._group_actions) if not _is_common(action))
        name = str(TITLES.get(group.title or "", group.title))
        title = " ".join(filter(None, (prefix, capfirst(name))))
        yield Section(title, group.description or "", options)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            seen: list[argparse.ArgumentParser] = []
            for name, child in action.choices.items():
                # Aliases of a subcommand share its parser.
                if child not in seen:
                    seen.append(child)
                    yield from _sections(child, f"{prefix} {name}:".strip())


def _options(
    parser: argparse.ArgumentParser, actions: list[argparse.Action]
) -> Iterator[tuple[argparse.Action, Option]]:
    formatter = parser._get_formatter()
    for action in actions:
        if action.help == argparse.SUPPRESS or isinstance(action, argparse._HelpAction):
            continue
        name = formatter._format_action_invocation(action)
        text = formatter._expand_help(action) if action.help else ""
        yield action, Option(name, text, tuple(_notes(action, text)))


def _notes(action: argparse.Action, text: str) -> Iterator[str]:
    if action.required and action.option_strings:
        yield _("required")
    if action.nargs in ("*", "+", argparse.REMAINDER):
        yield _("several values")
    if action.choices is not None and not isinstance(action, argparse._SubParsersAction):
        yield _("one of %(choices)s") % {"choices": ", ".join(str(choice) for choice in action.choices)}
    if has_secret_name([*action.option_strings, action.dest]):
        return
    default = action.default
    if default not in (None, argparse.SUPPRESS, False, "", []) and action.nargs != 0 and str(default) not in text:
        yield _("by default %(default)s") % {"default": localize(default) if isinstance(default, float) else default}


def _is_common(action: argparse.Action) -> bool:
    return not DjangoHelpFormatter.show_last.isdisjoint(action.option_strings)


def _expand(parser: argparse.ArgumentParser, text: str | None) -> str:
    return (text or "").replace("%(prog)s", parser.prog)


def _paragraphs(text: str) -> tuple[str, ...]:
    blocks = text.strip().split("\n\n")
    return tuple(" ".join(block.split()) for block in blocks if block.strip())
