"""Tests of arguments held against the parsers of real commands."""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

from django.core.management import get_commands
from django.core.management.base import BaseCommand, CommandParser
from django.test import SimpleTestCase

from eztaskmanager.arguments import get_parser, takes_option, to_argv, to_text, validate
from eztaskmanager.exceptions import ArgumentsError, CommandUnavailable

# From Python 3.14 on argparse refuses a single one by itself.
PERCENT = "%" if sys.version_info < (3, 14) else "%%"


class SampleCommand(BaseCommand):
    """Takes some of everything."""

    help = "Sample at 100 % of speed"
    stealth_options = ("hidden",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--count", type=int, help=f"how many, 100{PERCENT} sure (default: %(default)s)")
        parser.add_argument("--colour", choices=["red", "green"], help="plain")
        parser.add_argument("--output", type=argparse.FileType("w"))
        parser.add_argument("--picky", type=self.refuse)
        parser.add_argument("--quitting", type=self.quit)
        parser.add_argument("--ids", nargs="+", type=int)
        children = parser.add_subparsers(dest="sub")
        child = children.add_parser("child")
        child.add_argument("--depth", type=int, required=True, help=f"50{PERCENT}")

    @staticmethod
    def refuse(value: str) -> str:
        raise RuntimeError(f"cannot stand {value}")

    @staticmethod
    def quit(value: str) -> str:
        raise SystemExit(3)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do nothing."""


class HopelessCommand(BaseCommand):
    """Cannot even say what it takes."""

    def add_arguments(self, parser: CommandParser) -> None:
        raise LookupError("no such table")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do nothing."""


class CommandTestCase(SimpleTestCase):
    def setUp(self) -> None:
        commands = {"sample": SampleCommand(), "hopeless": HopelessCommand(), "vanished": "no.such.app"}
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        stack.enter_context(mock.patch.dict(get_commands(), commands))
        self.printed = io.StringIO()
        stack.enter_context(contextlib.redirect_stdout(self.printed))
        stack.enter_context(contextlib.redirect_stderr(self.printed))

    def assert_refused(self, command: str, text: str, message: str) -> None:
        with self.assertRaises(ArgumentsError) as refusal:
            validate(command, text)
        self.assertIn(message, str(refusal.exception))
        self.assertEqual(self.printed.getvalue(), "")


class ValidationTests(CommandTestCase):
    def test_good_arguments_come_back_as_a_command_line(self) -> None:
        self.assertEqual(
            validate("sample", "--count=3, --colour red, --ids 1 2"),
            ["--count", "3", "--colour", "red", "--ids", "1", "2"],
        )

    def test_a_wrong_value_is_refused_in_the_words_of_argparse(self) -> None:
        self.assert_refused("sample", "--count many", "argument --count: invalid int value: 'many'")

    def test_a_wrong_choice_is_refused(self) -> None:
        self.assert_refused("sample", "--colour blue", "argument --colour: invalid choice: 'blue'")

    def test_an_unknown_option_is_refused(self) -> None:
        self.assert_refused("sample", "--nothing", "unrecognized arguments: --nothing")

    def test_a_missing_value_is_refused(self) -> None:
        self.assert_refused("sample", "--count", "argument --count: expected one argument")

    def test_a_subcommand_speaks_for_itself(self) -> None:
        self.assert_refused("sample", "child", "the following arguments are required: --depth")
        self.assertEqual(validate("sample", "child, --depth 2"), ["child", "--depth", "2"])

    def test_help_and_version_are_no_arguments_of_a_task(self) -> None:
        for text in ("--help", "--version", "child, --help"):
            with self.subTest(text):
                self.assert_refused("sample", text, "only print help or the version")

    def test_a_type_that_raises_anything_is_a_refusal(self) -> None:
        self.assert_refused("sample", "--picky me", "RuntimeError: cannot stand me")
        self.assert_refused("sample", "--quitting me", "SystemExit: 3")

    def test_an_open_quotation_is_a_refusal(self) -> None:
        self.assert_refused("sample", "--colour 'red", "never closed")

    def test_to_check_empties_no_file(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "precious.txt")
            path.write_text("data")
            validate("sample", f"--output {path}")
            self.assertEqual(path.read_text(), "data")


class AvailabilityTests(CommandTestCase):
    def test_a_command_that_no_app_has_is_unavailable(self) -> None:
        with self.assertRaisesMessage(CommandUnavailable, "There is no command 'nowhere'"):
            validate("nowhere", "")

    def test_a_command_of_a_vanished_app_is_unavailable(self) -> None:
        with self.assertRaisesMessage(CommandUnavailable, "'vanished' of the app no.such.app cannot be loaded"):
            get_parser("vanished")

    def test_a_parser_that_cannot_be_built_makes_it_unavailable(self) -> None:
        with self.assertRaisesMessage(CommandUnavailable, "fails to declare its arguments: LookupError: no such table"):
            takes_option("hopeless", "count")

    def test_options_are_known_by_the_parser_and_by_stealth(self) -> None:
        self.assertEqual(
            [takes_option("sample", name) for name in ("count", "hidden", "depth", "launch_report_id")],
            [True, True, True, False],
        )

    def test_percent_signs_in_help_are_harmless(self) -> None:
        text = get_parser("sample").format_help()
        self.assertIn("100% sure", text)
        self.assertIn("100 % of speed", text)


class EveryCommandTests(SimpleTestCase):
    """All commands of Django and of the project's apps, by their own parsers."""

    def test_every_parser_is_built_shown_and_given_its_options(self) -> None:
        names = sorted(get_commands())
        self.assertGreater(len(names), 25)
        for name in names:
            with self.subTest(name):
                try:
                    parser = get_parser(name)
                except CommandUnavailable as exc:
                    # Such as those for maps, where the libraries of the system are missing.
                    self.assertIn("cannot be loaded", str(exc))
                    continue
                self.assertIn("usage", parser.format_help().lower())
                argv = [option for action in parser._actions for option in action.option_strings]
                argv += ["a b", "c,d", "e=f", "", "--"]
                self.assertEqual(to_argv(to_text(argv), parser), argv)
                self.assertEqual(to_argv(to_text(argv, parser), parser), argv)

    def test_every_parser_takes_what_all_commands_take(self) -> None:
        for name in sorted(get_commands()):
            with self.subTest(name):
                try:
                    argv = validate(name, "--verbosity=2, --no-color")
                except ArgumentsError as exc:
                    self.assertRegex(str(exc), "required|Enter|You must|cannot be loaded|unrecognized|rror")
                else:
                    self.assertEqual(argv, ["--verbosity", "2", "--no-color"])
