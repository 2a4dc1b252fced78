"""Forms of all commands of an installation, filled in and read back.

Run as `python -m eztaskmanager.tests.argument_roundtrips`.
In a process of its own, with the apps of packages whose commands people run as tasks. Prints JSON: how many commands
and fields there were, how many command lines went there and back, and what did not.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import json
import os
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any

APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.redirects",
    "django.contrib.sessions",
    "django.contrib.sites",
    "django.contrib.staticfiles",
    "compressor",
    "django_extensions",
    "django_q",
    "django_rq",
    "django_tasks",
    "django_tasks_db",
    "import_export",
    "modelcluster",
    "oauth2_provider",
    "reversion",
    "simple_history",
    "taggit",
    "wagtail",
    "wagtail.admin",
    "wagtail.contrib.frontend_cache",
    "wagtail.contrib.redirects",
    "wagtail.documents",
    "wagtail.embeds",
    "wagtail.images",
    "wagtail.search",
    "wagtail.users",
]
NASTY = ("plain", "two words", "a,b", "k=v", 'say "so"', "don't", "back\\slash", "ünï", "-dash", "--like-option", "")


def set_up() -> None:
    """Configure Django with these apps; nothing else of them is used."""
    import django
    from django.conf import settings

    settings.configure(
        INSTALLED_APPS=APPS,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        SECRET_KEY="of no consequence",
        ROOT_URLCONF="",
        STATIC_URL="/static/",
        STATIC_ROOT=tempfile.gettempdir(),
        RQ_QUEUES={"default": {"HOST": "127.0.0.1"}},
        USE_TZ=True,
    )
    django.setup()


def values_for(field: Any) -> Iterator[list[list[str]]]:
    """Give things that may be entered into a field."""
    if field.kind in ("flag", "count"):
        yield [[]]
        return
    if field.kind == "boolean":
        yield from ([["yes"]], [["no"]])
        return
    if field.choices:
        words = [value for value, _label in field.choices[:4]]
    else:
        words = {
            "integer": ["0", "7", "-3"],
            "number": ["1.5", "-0.25"],
            "date": ["2026-02-28"],
            "datetime": ["2026-02-28T12:30:00"],
            "time": ["12:30"],
        }.get(field.kind, list(NASTY))
    most = field.max_values if field.max_values is not None else 3
    for word in words:
        for count in {max(field.min_values, 1), most}:
            given = [word] + [other for other in itertools.islice(itertools.cycle(words), count - 1)]
            yield [given]
            if field.is_repeatable:
                yield [given, given]


def needed(form: Any) -> dict[str, list[list[str]]]:
    """Fill in what a form requires."""
    found: dict[str, list[list[str]]] = {}
    for field in form.fields:
        if field.required:
            if field.kind == "subcommand":
                name, subform = field.subforms[0]
                found[field.key] = [[name]]
                found.update(needed(subform))
            else:
                found[field.key] = next(values_for(field))
    for group in form.exclusives:
        if group.is_required and not any(key in found for key in group.keys):
            field = next(field for field in form.fields if field.key == group.keys[0])
            found[field.key] = next(values_for(field))
    return found


def fillings(form: Any, before: dict[str, list[list[str]]]) -> Iterator[dict[str, list[list[str]]]]:
    """Give what may be entered into a form: what it requires, and each field in turn, and all of them at once."""
    base = {**before, **needed(form)}
    yield dict(before)
    yield base
    exclusive = {key: group.keys for group in form.exclusives for key in group.keys}
    everything = dict(base)
    for field in form.fields:
        if field.kind == "subcommand":
            for name, subform in field.subforms:
                yield from fillings(subform, {**base, field.key: [[name]]})
            continue
        others = [key for key in exclusive.get(field.key, ()) if key != field.key]
        rest = {key: given for key, given in base.items() if key not in others}
        for given in values_for(field):
            yield {**rest, field.key: given}
        if not any(key in everything for key in others):
            everything[field.key] = next(values_for(field))
    yield everything


def parse(parser: argparse.ArgumentParser, argv: list[str]) -> dict[str, Any] | None:
    """Give what the command would get; None if it does not take it."""
    from eztaskmanager.arguments.validation import check_argv, tame
    from eztaskmanager.exceptions import ArgumentsError

    tame(parser)
    with contextlib.suppress(ArgumentsError), contextlib.redirect_stdout(io.StringIO()):
        check_argv(parser, argv)
        return vars(parser.parse_args(argv))
    return None


def main() -> dict[str, Any]:
    """Go through all commands."""
    set_up()
    from django.core.management import get_commands

    from eztaskmanager.arguments import get_parser, to_argv
    from eztaskmanager.arguments.command_form import CommandForm
    from eztaskmanager.exceptions import CommandUnavailable

    tally: dict[str, Any] = {"commands": [], "unavailable": [], "fields": 0, "lines": 0, "unsaid": 0, "wrong": []}
    for name in sorted(get_commands()):
        try:
            shown = CommandForm.of(name)
        except CommandUnavailable as exc:
            tally["unavailable"].append(f"{name}: {exc}")
            continue
        tally["commands"].append(name)
        tally["fields"] += sum(1 for _field in shown.form.fields)
        for values in fillings(shown.form, {}):
            written = shown.write(values)
            if written.text is None:
                tally["unsaid"] += 1
                if not said_why(shown.form, values):
                    tally["wrong"].append([name, values, "cannot be written", written.findings.errors])
                continue
            tally["lines"] += 1
            read = shown.read(written.text)
            # A loser among options of one dest does not count, and is not shown.
            if read.values != values and not is_subset(read.values, values):
                tally["wrong"].append([name, values, written.text, read.values, read.findings.errors])
            parsed = parse(get_parser(name), to_argv(written.text, get_parser(name)))
            if (parsed is None) != bool(read.findings.errors):
                tally["wrong"].append(
                    [name, values, written.text, "parses" if parsed else "fails", read.findings.errors]
                )
    return tally


def is_subset(read: Any, entered: dict[str, list[list[str]]]) -> bool:
    """Tell whether only fields were dropped."""
    return read is not None and all(entered.get(key) == given for key, given in read.items())


def said_why(form: Any, values: dict[str, list[list[str]]]) -> bool:
    """Tell whether no command line could say it: a list with a dash in it, or a positional after one left out."""
    if any(word.startswith("-") for given in values.values() for words in given for word in words):
        return True
    positionals = [field.key in values for field in form.fields if not field.option]
    return positionals != sorted(positionals, reverse=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        print(json.dumps(main(), default=str))
