"""What a form for arguments consists of, as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

# For each field, by its key, its values once for each time it is given: none at all, once bare, twice with one value…
Values = Mapping[str, Sequence[Sequence[str]]]

Kind = Literal[
    "text",
    "textarea",
    "integer",
    "number",
    "date",
    "datetime",
    "time",
    "email",
    "url",
    "path",
    "flag",
    "boolean",
    "count",
    "subcommand",
]
VALUELESS = ("flag", "count")
YES, NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class Field:
    """An option or a positional.

    Attributes:
        key: Unique in a form: the longest option or the name of the positional, after the names of its subcommands.
        dest: Under which the command gets it.
        option: How it is written; empty for a positional.
        off_option: How the *no* of a boolean is written.
        kind: What is entered. A flag is given or not, a count so many times, a boolean as yes, no or not at all.
        choices: Pairs of value and label; empty where anything may be entered.
        default: What serves when it is not given, for people; empty where there is nothing to say, or it is a secret.
        position: Its place among those of its parser, which is where a positional stands on the command line.
        min_values: Fewest values each time it is given; 0 where the bare option means something.
        max_values: Most values each time it is given; None for any number.
        is_repeatable: Whether giving it again adds to what was given before.
        is_last_only: Whether giving it again takes the place of what was given before.
        is_hidden: Whether it is kept, but not shown.
        subforms: The forms of the subcommands, by name.
    """

    key: str
    dest: str
    option: str
    kind: Kind
    label: str
    help: str = ""
    required: bool = False
    off_option: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    default: str = ""
    placeholder: str = ""
    position: int = 0
    min_values: int = 1
    max_values: int | None = 1
    is_repeatable: bool = False
    is_last_only: bool = False
    is_secret: bool = False
    is_hidden: bool = False
    subforms: tuple[tuple[str, Form], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that belong together."""

    title: str
    description: str
    fields: tuple[Field, ...]
    is_folded: bool = False


@dataclass(frozen=True, slots=True)
class Exclusive:
    """Fields of which one at most may be given, or one exactly."""

    keys: tuple[str, ...]
    is_required: bool


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a parser, or of a subcommand."""

    description: str
    sections: tuple[Section, ...]
    exclusives: tuple[Exclusive, ...] = ()

    @property
    def fields(self) -> Iterator[Field]:
        """Its own fields, without those of subcommands."""
        for section in self.sections:
            yield from section.fields

    def chosen(self, values: Values) -> Iterator[Form]:
        """Give this form, and those of the subcommands that are chosen."""
        yield self
        for field in self.fields:
            name = subcommand_of(field, values)
            subform = dict(field.subforms).get(name)
            if subform is not None:
                yield from subform.chosen(values)


def subcommand_of(field: Field, values: Values) -> str:
    """Tell which subcommand is chosen in this field; empty for none."""
    given = values.get(field.key, ())
    return given[0][0] if field.kind == "subcommand" and given and given[0] else ""
