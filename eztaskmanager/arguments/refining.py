"""What a command may say itself about the form for its arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from eztaskmanager.arguments.fields import Field, Form, Kind, Section

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise
else:
    StrOrPromise = object

Choices = Iterable[tuple[object, "StrOrPromise"]]


@dataclass(frozen=True, slots=True)
class FieldRefinement:
    """How one field is shown in another way than its parser says; None leaves it as it is.

    Attributes:
        label: Its name for people.
        help: The sentence below it.
        kind: What is entered: text, textarea, integer, number, date, datetime, time, email, url or path. Of an option
            that takes values only; the command still gets text.
        choices: Pairs of value and label, or a callable that gives them each time a form is shown, from the database
            for example. They are offered; what else the command takes, it still takes.
        placeholder: Shown in the field while it is empty.
        is_hidden: Whether it is left out of the form; the text may still hold it.
    """

    label: StrOrPromise | None = None
    help: StrOrPromise | None = None
    kind: Kind | None = None
    choices: Choices | Callable[[], Choices] | None = None
    placeholder: StrOrPromise | None = None
    is_hidden: bool | None = None


@dataclass(frozen=True, slots=True)
class FormRefinement:
    """What the method `eztaskmanager_form` of a command gives.

    Attributes:
        fields: By dest, by option, or by the key of a subcommand's field, such as `"child --depth"`.
        order: Names of fields that come first in their section, in this order.
        description: The sentences above the form, in place of the command's help.
    """

    fields: Mapping[str, FieldRefinement] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    description: StrOrPromise | None = None


def refine(form: Form, by: FormRefinement) -> Form:
    """Give the form as its command wants it."""
    sections = tuple(_refine_section(section, by) for section in form.sections)
    description = form.description if by.description is None else str(by.description)
    return replace(form, sections=sections, description=description)


def _refine_section(section: Section, by: FormRefinement) -> Section:
    fields = sorted(section.fields, key=lambda each: _rank(each, by.order))
    return replace(section, fields=tuple(_refine_field(each, by) for each in fields))


def _rank(each: Field, order: tuple[str, ...]) -> int:
    return next((order.index(name) for name in _names(each) if name in order), len(order))


def _names(each: Field) -> tuple[str, ...]:
    return (each.key, each.option, each.dest)


def _refine_field(each: Field, by: FormRefinement) -> Field:
    if each.subforms:
        inner = replace(by, order=by.order, description=None)
        each = replace(each, subforms=tuple((name, refine(subform, inner)) for name, subform in each.subforms))
    wish = next((by.fields[name] for name in _names(each) if name in by.fields), None)
    if wish is None:
        return each
    choices = wish.choices() if callable(wish.choices) else wish.choices
    return replace(
        each,
        label=each.label if wish.label is None else str(wish.label),
        help=each.help if wish.help is None else str(wish.help),
        kind=each.kind if wish.kind is None or each.max_values == 0 else wish.kind,
        choices=(each.choices if choices is None else tuple((str(value), str(label)) for value, label in choices)),
        placeholder=each.placeholder if wish.placeholder is None else str(wish.placeholder),
        is_hidden=each.is_hidden if wish.is_hidden is None else wish.is_hidden,
    )
