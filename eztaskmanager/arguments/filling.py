"""Between the words of a command line and the values in the fields of its form."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from eztaskmanager.arguments.fields import VALUELESS, YES, Field, Form, Values, subcommand_of
from eztaskmanager.arguments.reading import looks_like_option
from eztaskmanager.arguments.recording import FieldError, effect_of, effective, record
from eztaskmanager.exceptions import ArgumentsError


def read_values(parser: argparse.ArgumentParser, form: Form, argv: Sequence[str]) -> dict[str, list[list[str]]]:
    """Give the values that a form shows for these words.

    Raises:
        ArgumentsError: The words cannot be read, or mean something that the fields of a form cannot say.
    """
    events = record(parser, argv)
    values: dict[str, list[list[str]]] = {}
    for event in effective(events):
        values.setdefault(event.key, []).append(list(event.values))
    fields = {field.key: field for part in form.chosen(values) for field in part.fields}
    for key, given in values.items():
        if len(given) > 1 and not fields[key].is_repeatable:
            raise FieldError(key, _("It is given %(count)d times, which a form cannot show.") % {"count": len(given)})
    if effect_of(record(parser, write_argv(parser, form, values))) != effect_of(events):
        raise ArgumentsError(_("The order of these arguments means something that a form cannot show."))
    return values


def write_argv(parser: argparse.ArgumentParser, form: Form, values: Values) -> list[str]:
    """Give words that the parser reads as these values.

    Raises:
        FieldError: There is no way to write a value.
        ArgumentsError: There is no way to write them together.
    """
    known = {field.key: field for part in form.chosen(values) for field in part.fields}
    wanted = {key: [list(words) for words in given] for key, given in values.items() if given and key in known}
    trouble: ArgumentsError | None = None
    for argv in _ways(form, wanted):
        try:
            events = record(parser, argv)
        except ArgumentsError as exc:
            trouble = trouble or exc
            continue
        read: dict[str, list[list[str]]] = {}
        for event in events:
            read.setdefault(event.key, []).append(list(event.values))
        if read == wanted:
            return argv
    if isinstance(trouble, FieldError) and trouble.key in wanted:
        raise trouble
    for part in form.chosen(values):
        _refuse_gaps(part, wanted)
    for key, given in wanted.items():
        if any(looks_like_option(word) for words in given for word in words) and known[key].max_values != 1:
            raise FieldError(key, _("Values that start with a dash cannot stand here."))
    raise ArgumentsError(_("These values cannot be told apart on one command line."))


def _refuse_gaps(form: Form, values: Values) -> None:
    gap: Field | None = None
    for field in sorted(form.fields, key=lambda each: each.position):
        if field.option:
            continue
        if gap is not None and values.get(field.key):
            message = _("Fill this in too, for %(later)s comes after it on the command line.")
            raise FieldError(gap.key, message % {"later": field.label})
        if not values.get(field.key) and field.max_values is not None:
            gap = field


def _ways(form: Form, values: Values) -> Iterator[list[str]]:
    """Give the command lines that may say it, the most natural first."""
    fields = sorted(form.fields, key=lambda each: each.position)
    options = [field for field in fields if field.option and values.get(field.key)]
    positionals = [
        word
        for field in fields
        if not field.option and field.kind != "subcommand"
        for words in values.get(field.key, ())
        for word in words
    ]
    for tail in _tails(form, values):
        plain = [word for field in options for word in _words(field, values)]
        # What takes any number of values must not stand right before a positional.
        closed = [
            word for field in sorted(options, key=lambda each: each.max_values == 1) for word in _words(field, values)
        ]
        yield [*plain, *positionals, *tail]
        if closed != plain:
            yield [*closed, *positionals, *tail]
        if not tail:
            yield [*positionals, *plain]
        else:
            yield [*positionals, *closed, *tail]
            yield [*closed, *positionals, "--", *tail]
        if positionals:
            yield [*closed, "--", *positionals, *tail]
    for field in form.fields:
        if field.kind == "subcommand" and values.get(field.key) and options:
            # One value tied to its option leaves the name of the subcommand alone.
            for tail in _tails(form, values):
                yield [*(word for each in options for word in _words(each, values, is_tied=True)), *positionals, *tail]


def _tails(form: Form, values: Values) -> Iterator[list[str]]:
    for field in form.fields:
        name = subcommand_of(field, values)
        if name:
            subform = dict(field.subforms).get(name)
            for rest in _ways(subform, values) if subform is not None else ([],):
                yield [name, *rest]
            return
    yield []


def _words(field: Field, values: Values, *, is_tied: bool = False) -> Iterator[str]:
    for given in values[field.key]:
        if field.kind in VALUELESS:
            yield field.option
        elif field.kind == "boolean":
            yield field.option if list(given) == [YES] else field.off_option
        elif len(given) == 1 and (looks_like_option(given[0]) or (is_tied and field.max_values != 1)):
            yield f"{field.option}={given[0]}"
        else:
            yield field.option
            yield from given
