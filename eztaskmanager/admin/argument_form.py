"""The form for the arguments of a command, while someone fills it in: from its text, or to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _

from eztaskmanager.admin.keys import read_key
from eztaskmanager.arguments.command_form import CommandForm, Reading
from eztaskmanager.arguments.fields import Field, Form, Section, Values
from eztaskmanager.arguments.secrets import MASK
from eztaskmanager.exceptions import CommandUnavailable
from eztaskmanager.models import AppCommand

# Of the two directions together; far more than anyone types.
LONGEST = 200_000


def answer_argument_form(request: HttpRequest, commands: QuerySet[AppCommand], *, may_look: bool) -> HttpResponse:
    """Answer with the form of a command, the values of a text, or the text of values, and what is wrong where.

    A POST, for what is typed may be secret, and addresses are written to logs.

    Args:
        request: `command` is the number of one; `values` is JSON, as answered, or else `text` is to be read. With
            `masked` dots stand for secrets that only the server knows.
        commands: Those the user may choose from.
        may_look: Whether the user may define or launch tasks at all.
    """
    if not may_look:
        raise PermissionDenied
    if request.method != "POST":
        return HttpResponse(_("The form is asked for with POST."), status=405, content_type="text/plain; charset=utf-8")
    command = _command(request.POST.get("command", ""), commands)
    try:
        shown = CommandForm.of(command.name)
    except CommandUnavailable as exc:
        response = JsonResponse({"form": None, "text": None, "values": None, "errors": {"": [str(exc)]}, "missing": []})
    else:
        response = JsonResponse({"form": _tell_form(shown), **_tell_reading(_read(request, shown))})
    patch_cache_control(response, private=True, no_store=True)
    return response


def tell_page(
    text_id: str, *, command_id: str = "", command: int | None = None, masked: bool = False
) -> dict[str, str]:
    """Give what the script needs to show the form on a page, as `data-…` attributes.

    Args:
        text_id: Id of the input that holds the text.
        command_id: Id of the input in which the command is chosen.
        command: Or the command itself, where there is nothing to choose.
        masked: Whether dots in the text stand for secrets.
    """
    return {
        "url": reverse("admin:eztaskmanager_task_argument_form"),
        "text": text_id,
        "chooser": command_id,
        "command": "" if command is None else str(command),
        "masked": "1" if masked else "",
        "words": json.dumps(_words()),
    }


def _command(number: str, commands: QuerySet[AppCommand]) -> AppCommand:
    key = read_key(number)
    command = None if key is None else commands.filter(pk=key).first()
    if command is None:
        raise Http404(_("There is no such command."))
    return command


def _read(request: HttpRequest, shown: CommandForm) -> Reading:
    placeholders = (MASK,) if request.POST.get("masked") else ()
    written = request.POST.get("values")
    if written is None:
        return shown.read(request.POST.get("text", "")[:LONGEST], *placeholders)
    values = _values(written)
    if values is None:
        return Reading(None, None)
    return shown.write(values, *placeholders)


def _values(written: str) -> Values | None:
    try:
        found = json.loads(written[:LONGEST])
    except (ValueError, RecursionError):
        return None
    is_fine = isinstance(found, dict) and all(
        isinstance(given, list)
        and all(isinstance(words, list) and all(isinstance(word, str) for word in words) for words in given)
        for given in found.values()
    )
    return found if is_fine else None


def _tell_reading(reading: Reading) -> dict[str, Any]:
    return {
        "text": reading.text,
        "values": reading.values,
        "errors": reading.findings.errors,
        "missing": reading.findings.missing,
    }


def _tell_form(shown: CommandForm) -> dict[str, Any]:
    return {"warning": shown.warning, **_tell_part(shown.form)}


def _tell_part(form: Form) -> dict[str, Any]:
    return {
        "description": form.description,
        "sections": [_tell_section(section) for section in form.sections],
        "exclusives": [asdict(group) for group in form.exclusives],
    }


def _tell_section(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "description": section.description,
        "is_folded": section.is_folded,
        "fields": list(_tell_fields(section)),
    }


def _tell_fields(section: Section) -> Iterator[dict[str, Any]]:
    for field in section.fields:
        if not field.is_hidden:
            yield {**_tell_field(field), "subforms": {name: _tell_part(part) for name, part in field.subforms}}


def _tell_field(field: Field) -> dict[str, Any]:
    names = (
        "key",
        "option",
        "kind",
        "label",
        "help",
        "required",
        "choices",
        "default",
        "placeholder",
        "min_values",
        "max_values",
        "is_repeatable",
        "is_secret",
    )
    return {name: getattr(field, name) for name in names}


def _words() -> dict[str, str]:
    """Give the script its sentences; `{…}` is filled in there."""
    return {
        "title": _("Fill in the arguments"),
        "unreadable": _("The form cannot show this text, which stays as it is. Change the text to use the form again."),
        "failed": _("The form cannot be had just now; the text is what counts."),
        "no_arguments": _("This command takes no arguments of its own."),
        "default": _("Default: {value}"),
        "not_given": _("not given"),
        "yes": _("yes"),
        "no": _("no"),
        "given": _("given without a value"),
        "add": _("Add a value"),
        "add_to": _("Add a value to {label}"),
        "remove": _("Remove"),
        "remove_from": _("Remove value {n} of {label}"),
        "value_of": _("{label}, value {n}"),
        "at_most_one": _("At most one of these"),
        "exactly_one": _("One of these"),
        "required": _("required"),
        "times": _("How many times it is given"),
    }
