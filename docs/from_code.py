"""Directives that write the reference from the code, so that it cannot lag behind.

`setting NAME` tells a setting, its body adds to it; `checks` lists the system checks with the meanings in its body;
`columns MODEL` lists a model's own columns; `command NAME` tells a management command and its options.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

PACKAGE = Path(__file__).resolve().parent.parent / "eztaskmanager"
KINDS = {"Error": "error", "CheckWarning": "warning", "Warning": "warning", "Info": "note", "CheckInfo": "note"}


class FromCode(Directive):
    """Writes lines of reStructuredText and has them read."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Give what the lines say."""
        container = nodes.Element()
        self.state.nested_parse(StringList(list(self.lines()), source="from the code"), self.content_offset, container)
        return list(container.children)

    def lines(self) -> Iterable[str]:
        """Write the lines."""
        raise NotImplementedError

    def body(self) -> Iterator[str]:
        """Give the directive's own text, one step in."""
        for line in self.content:
            yield f"   {line}" if line else ""


def describe_settings() -> dict[str, str]:
    """Give the text of each setting from the docstring of the settings."""
    from eztaskmanager.settings import AppSettings

    text = (inspect.getdoc(AppSettings) or "").partition("Attributes:\n")[2]
    found = re.findall(r"^    ([A-Z_]+): (.*(?:\n {8,}.*)*)", text, re.MULTILINE)
    return {name: " ".join(words.split()) for name, words in found}


class SettingDirective(FromCode):
    """`.. setting:: NAME`"""

    required_arguments = 1

    def lines(self) -> Iterator[str]:
        """Tell name, meaning, what the body adds, and the default."""
        from eztaskmanager.settings import DEFAULTS, PREFIX

        name = self.arguments[0]
        # Names in docstrings have single backticks.
        text = re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", describe_settings()[name])
        yield from (f".. _setting-{name}:", "", f"``{PREFIX}{name}``", f"   {text}")
        yield from self.body()
        yield f"   Default: ``{DEFAULTS[name]!r}``."


def find_checks() -> list[tuple[str, str, str, str]]:
    """Give id, kind, message and hint of each system check in the code; `…` stands for what depends."""
    found = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        if "tests" in path.relative_to(PACKAGE).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS:
                words = {keyword.arg: keyword.value for keyword in node.keywords}
                if "id" in words and node.args:
                    number = _text_of(words["id"])
                    hint = _text_of(words["hint"]) if "hint" in words else ""
                    found.add((number, KINDS[node.func.id], _text_of(node.args[0]), hint))
    return sorted(found)


def _text_of(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text_of(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text_of(node.left) + _text_of(node.right)
    return "…"


class ChecksDirective(FromCode):
    """`.. checks::`, with a line `:E001: meaning` for each check."""

    def lines(self) -> Iterator[str]:
        """Tell what each check means, and what it says."""
        meanings = dict(re.findall(r"^:(\w+): (.*)$", "\n".join(self.content), re.MULTILINE))
        checks = find_checks()
        numbers = {check[0].rpartition(".")[2] for check in checks}
        if numbers != set(meanings):
            raise self.error(f"Checks without a meaning, or meanings without a check: {numbers ^ set(meanings)}")
        yield from (".. list-table::", "   :header-rows: 1", "   :widths: 24 34 42", "")
        yield from ("   * - Id", "     - What is wrong", "     - What it says")
        for number, meaning in sorted(meanings.items()):
            said = [check for check in checks if check[0].endswith(f".{number}")]
            yield from (f"   * - | ``eztaskmanager.{number}``", f"       | {said[0][1]}", f"     - {meaning}")
            texts = [text for check in said for text in check[2:] if text not in ("", "…")]
            yield f"     - | {_escape(texts[0]) if texts else '–'}"
            yield from (f"       | {_escape(text)}" for text in texts[1:])


class ColumnsDirective(FromCode):
    """`.. columns:: MODEL`"""

    required_arguments = 1

    def lines(self) -> Iterator[str]:
        """Tell each column of the model, its type, whether it may be empty, and what it holds."""
        from django.apps import apps
        from django.db.models import Field
        from django.utils.translation import override

        yield from (".. list-table::", "   :header-rows: 1", "   :widths: 26 26 48", "")
        yield from ("   * - Column", "     - Type", "     - Meaning")
        with override("en"):
            for field in apps.get_model("eztaskmanager", self.arguments[0])._meta.get_fields():
                if isinstance(field, Field):
                    yield from (f"   * - ``{field.name}``", f"     - {_type_of(field)}")
                    yield f"     - {_escape(' '.join([_sentence(field.verbose_name), str(field.help_text)]).strip())}"
                    if field.choices:
                        names = ", ".join(f"``{value or chr(39) * 2}``" for value, _ in field.flatchoices)
                        yield from ("", f"       One of {names}.")


def _type_of(field: Any) -> str:
    name = re.sub(r"Field$", "", type(field).__name__)
    target = f" to {field.related_model.__name__}" if field.related_model is not None else ""
    length = f" {field.max_length}" if field.max_length and name in ("Char", "URL") else ""
    return f"{name}{length}{target}" + (", or NULL" if field.null else "")


def _sentence(words: Any) -> str:
    text = str(words)
    return f"{text[:1].upper()}{text[1:]}."


class CommandDirective(FromCode):
    """`.. command:: NAME`"""

    required_arguments = 1

    def lines(self) -> Iterator[str]:
        """Tell what the command is for, and its options without those that all commands have."""
        from django.core.management import load_command_class
        from django.core.management.base import BaseCommand

        name = self.arguments[0]
        command = load_command_class("eztaskmanager", name)
        common = {action.dest for action in BaseCommand().create_parser("", "")._actions}
        own = [action for action in command.create_parser("manage.py", name)._actions if action.dest not in common]
        yield from (f".. _command-{name}:", "", f"``{name}``", f"   {_escape(command.help)}", "")
        for action in own:
            yield from (f"   {_usage(action)}", f"      {_escape(_help(action)) or '–'}", "")
        yield from self.body()


def _usage(action: argparse.Action) -> str:
    value = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if not action.option_strings:
        return f"``{action.metavar or action.dest}``"
    return "``" + ", ".join(action.option_strings) + (f" {value}" if action.nargs != 0 else "") + "``"


def _help(action: argparse.Action) -> str:
    text = (action.help or "").replace("%%", "%").replace("%(default)s", str(action.default))
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "." if text else ""


def _escape(text: str) -> str:
    return re.sub(r"([\\`*_|])", r"\\\1", " ".join(text.split()))


def setup(app: Any) -> dict[str, bool]:
    """Register the directives."""
    for name, directive in (
        ("setting", SettingDirective),
        ("checks", ChecksDirective),
        ("columns", ColumnsDirective),
        ("command", CommandDirective),
    ):
        app.add_directive(name, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
