"""What is wrong with the values of a form, told at each field."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from eztaskmanager.arguments.environment import leave_references
from eztaskmanager.arguments.fields import VALUELESS, Field, Form, Values
from eztaskmanager.arguments.recording import name_actions
from eztaskmanager.arguments.validation import check_argv, tame
from eztaskmanager.exceptions import ArgumentsError


@dataclass
class Findings:
    """What was found.

    Attributes:
        errors: Messages by the key of their field; those of none under an empty key.
        missing: Keys of fields that must be filled in; their messages are among the errors.
    """

    errors: dict[str, list[str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def add(self, key: str, message: str) -> None:
        """Note a message, once."""
        found = self.errors.setdefault(key, [])
        if message not in found:
            found.append(message)


def check_values(
    parser: argparse.ArgumentParser, form: Form, values: Values, argv: list[str], *placeholders: str
) -> Findings:
    """Hold each value against its type and choices, and all of them against the parser.

    Args:
        parser: A fresh one, which is spent by this.
        form: Its form.
        values: What is in the form.
        argv: The words that say it.
        placeholders: Words that stand for a value which is not known here.
    """
    tame(parser)
    leave_references(parser, *placeholders)
    findings = Findings()
    for part, parser_of_part, prefix in _parts(form, parser, values):
        actions = name_actions(parser_of_part, prefix)
        for each in part.fields:
            _check_field(findings, each, actions[each.key], parser_of_part, values)
        _check_exclusives(findings, part, values)
    if not findings.errors:
        try:
            check_argv(parser, argv)
        except ArgumentsError as exc:
            findings.add("", str(exc))
    return findings


def _parts(
    form: Form, parser: argparse.ArgumentParser, values: Values, prefix: str = ""
) -> Iterator[tuple[Form, argparse.ArgumentParser, str]]:
    yield form, parser, prefix
    for each in form.fields:
        given = values.get(each.key)
        if each.kind == "subcommand" and given:
            name = given[0][0]
            child = next(
                (
                    action.choices[name]
                    for action in parser._actions
                    if isinstance(action, argparse._SubParsersAction) and name in action.choices
                ),
                None,
            )
            if child is not None:
                yield from _parts(dict(each.subforms)[name], child, values, f"{prefix}{name} ")


def _check_field(
    findings: Findings, each: Field, action: argparse.Action, parser: argparse.ArgumentParser, values: Values
) -> None:
    given = values.get(each.key, ())
    if not given and each.required:
        findings.missing.append(each.key)
        findings.add(each.key, _("This is required."))
    if each.kind in (*VALUELESS, "boolean", "subcommand"):
        return
    for words in given:
        if message := _count_trouble(each, len(words)):
            findings.add(each.key, message)
            continue
        try:
            for word in words:
                parser._check_value(action, parser._get_value(action, word))
        except argparse.ArgumentError as exc:
            findings.add(each.key, _("This value is not taken.") if each.is_secret else exc.message)
        except (Exception, SystemExit) as exc:  # A host's `type=` may raise anything.
            told = _("This value is not taken.") if each.is_secret else f"{type(exc).__name__}: {exc}"
            findings.add(each.key, told)


def _count_trouble(each: Field, count: int) -> str:
    if each.min_values == each.max_values and count != each.min_values:
        return _("Number of values it takes: %(wanted)d; it has %(count)d.") % {
            "wanted": each.min_values,
            "count": count,
        }
    if count < each.min_values:
        return _("Number of values it takes: %(wanted)d or more.") % {"wanted": each.min_values}
    if each.max_values is not None and count > each.max_values:
        return _("Number of values it takes: %(wanted)d or fewer.") % {"wanted": each.max_values}
    return ""


def _check_exclusives(findings: Findings, part: Form, values: Values) -> None:
    labels = {each.key: each.label for each in part.fields}
    for group in part.exclusives:
        given = [key for key in group.keys if values.get(key)]
        if len(given) > 1:
            for key in given:
                others = ", ".join(labels[other] for other in given if other != key)
                findings.add(key, _("It does not go together with %(others)s.") % {"others": others})
        elif group.is_required and not given:
            findings.missing.extend(group.keys)
            findings.add(group.keys[0], _("One of these is required."))
