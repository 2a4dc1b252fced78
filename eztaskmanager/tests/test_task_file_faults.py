"""Task files that are wrong in odd ways: each is told of in a sentence, and none takes the process along."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.test import SimpleTestCase, override_settings

from eztaskmanager.checks import check_declared_tasks
from eztaskmanager.exceptions import TaskFileError
from eztaskmanager.services.as_code.documents import Document, read_document
from eztaskmanager.services.as_code.files import load, load_path


def bomb() -> str:
    """Write lines each of which names the one before ten times."""
    lines = ["a: &a [x]"]
    lines += [f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]" for before, name in zip("abcdefghij", "bcdefghijk")]
    return "\n".join(lines)


ENTRY = "name: a, command: check"


def problems(text: str, form: str = "yaml") -> str:
    """Read a text, and give what is wrong with it."""
    try:
        document: Document = read_document(load(text, form))
    except TaskFileError as exc:
        return str(exc)
    return "\n".join(document.problems)


class FaultTests(SimpleTestCase):
    def test_a_value_that_is_not_of_the_type_it_names_is_told_with_its_place(self) -> None:
        for tag, value in (
            ("bool", "maybe"),
            ("int", '""'),
            ("float", '""'),
            ("timestamp", "foo"),
            ("timestamp", "2030-99-99"),
        ):
            with self.subTest(tag, value=value):
                found = problems(f"tasks:\n- {{{ENTRY}, note: !!{tag} {value}}}")
                self.assertIn(f"is no {tag}", found)
                self.assertIn("line 2", found)

    def test_a_path_that_no_system_has_is_told(self) -> None:
        with self.assertRaisesMessage(TaskFileError, "cannot be read"):
            load_path("a\0b")

    def test_checks_tell_of_both(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "tasks.yaml")
            path.write_text(f"tasks: [{{{ENTRY}, paused: !!bool maybe}}]", encoding="utf-8")
            for declared in (path, "a\0b"):
                with self.subTest(declared), override_settings(EZTASKMANAGER_TASKS=declared):
                    self.assertEqual([found.id for found in check_declared_tasks()], ["eztaskmanager.E051"])


class BombTests(SimpleTestCase):
    """Were one of these written out, it would take all memory there is."""

    def test_a_value_that_is_huge_is_told_of_in_short(self) -> None:
        for place in (
            "tasks: [{name: *k, command: check}]",
            "tasks: [*k]",
            "tasks: {x: *k}",
            "tasks: [{name: a, command: *k}]",
            f"tasks: [{{{ENTRY}, arguments: *k}}]",
            f"tasks: [{{{ENTRY}, paused: *k}}]",
            f"tasks: [{{{ENTRY}, time_limit: *k}}]",
            f"tasks: [{{{ENTRY}, schedule: *k}}]",
            f"tasks: [{{{ENTRY}, schedule: {{start: *k}}}}]",
            f"tasks: [{{{ENTRY}, schedule: {{every: *k}}}}]",
            f"tasks: [{{{ENTRY}, schedule: {{every: {{days: *k}}}}}}]",
            f"tasks: [{{{ENTRY}, schedule: {{timezone: *k}}}}]",
            "categories: [{name: *k}]",
            "version: *k",
        ):
            with self.subTest(place):
                found = problems(f"{bomb()}\n{place}")
                self.assertTrue(found)
                self.assertLess(len(found), 5_000)

    def test_what_tasks_share_may_be_written_once(self) -> None:
        text = (
            "tasks:\n- {name: a, command: check, schedule: &night {cron: '@daily'}}\n"
            "- &b {name: b, command: check, schedule: *night}\n- {<<: *b, name: c}"
        )
        self.assertEqual(problems(text), "")
        self.assertEqual(len(read_document(load(text, "yaml")).tasks), 3)

    def test_deep_nesting_and_long_numbers_are_told_of_in_short(self) -> None:
        for deep in (100, 900, 100_000):
            with self.subTest(deep):
                nested = "[" * deep + "]" * deep
                self.assertTrue(problems(f'{{"tasks": [{{"name": {nested}, "command": "check"}}]}}', "json"))
        number = f"0x{'f' * 10_000}"
        for text in (f"version: {number}", f"{number}: 1", f"tasks: [{{name: {number}, command: check}}]"):
            with self.subTest(text[:20]):
                self.assertLess(len(problems(text)), 1_000)
