"""Forms made from parsers: what they consist of, and their way from text to values and back."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

from django.test import SimpleTestCase, TestCase
from hypothesis import given, settings, strategies as st

from eztaskmanager.arguments import FieldRefinement, FormRefinement, to_argv, to_text, validate
from eztaskmanager.arguments.command_form import CommandForm, Reading
from eztaskmanager.arguments.describing import describe
from eztaskmanager.arguments.fields import Field, Form
from eztaskmanager.arguments.filling import read_values, write_argv
from eztaskmanager.arguments.refining import refine
from eztaskmanager.exceptions import ArgumentsError
from eztaskmanager.models import TaskCategory

Given = dict[str, list[list[str]]]


def make_parser(**options: Any) -> argparse.ArgumentParser:
    """Make a parser that takes some of everything."""
    parser = argparse.ArgumentParser(prog="sample", **options)
    parser.add_argument("region")
    parser.add_argument("codes", nargs="*")
    parser.add_argument("--rows", type=int, default=100, help="at once")
    parser.add_argument("--since", type=dt.date.fromisoformat)
    parser.add_argument("-c", "--colour", choices=["red", "green"])
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--notify", action=argparse.BooleanOptionalAction)
    parser.add_argument("--tag", action="append")
    parser.add_argument("--pair", nargs=2, action="append")
    parser.add_argument("--ids", nargs="+")
    parser.add_argument("-l", "--loud", action="count", default=0)
    parser.add_argument("--message", nargs="?", const="hello")
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument("--full", action="store_true")
    extent.add_argument("--changed", type=int)
    parser.add_argument("--warm", dest="heat", action="store_const", const="warm")
    parser.add_argument("--cold", dest="heat", action="store_const", const="cold")
    return parser


def make_parser_with_subcommands() -> argparse.ArgumentParser:
    """Make a parser of subcommands, two floors deep."""
    parser = argparse.ArgumentParser(prog="sample")
    parser.add_argument("--ids", nargs="+")
    parser.add_argument("--loud", action="store_true")
    children = parser.add_subparsers(dest="verb", required=True)
    copy = children.add_parser("copy", aliases=["cp"], help="copies")
    copy.add_argument("source")
    copy.add_argument("--depth", type=int, required=True)
    stock = children.add_parser("stock")
    places = stock.add_subparsers(dest="place")
    places.add_parser("north").add_argument("--rows", nargs="*")
    return parser


def field_of(form: Form, key: str) -> Field:
    """Give a field by its key."""
    return next(field for field in form.fields if field.key == key)


def told(parser: argparse.ArgumentParser, argv: list[str]) -> Any:
    """Give what the command would get, or None for what its parser refuses."""
    try:
        return vars(parser.parse_args(argv))
    except (SystemExit, argparse.ArgumentError):
        return None


class DescriptionTests(SimpleTestCase):
    def test_each_kind_of_argument_has_its_field(self) -> None:
        form = describe(make_parser())
        kinds = {field.key: field.kind for field in form.fields}
        self.assertEqual(
            kinds,
            {
                "region": "text",
                "codes": "text",
                "--rows": "integer",
                "--since": "date",
                "--colour": "text",
                "--dry-run": "flag",
                "--notify": "boolean",
                "--tag": "text",
                "--pair": "text",
                "--ids": "text",
                "--loud": "count",
                "--message": "text",
                "--full": "flag",
                "--changed": "integer",
                "--warm": "flag",
                "--cold": "flag",
            },
        )
        rows = field_of(form, "--rows")
        self.assertEqual((rows.label, rows.help, rows.default, rows.required), ("Rows", "at once", "100", False))
        self.assertEqual(field_of(form, "--colour").choices, (("red", "red"), ("green", "green")))
        counts = {key: (field_of(form, key).min_values, field_of(form, key).max_values) for key in kinds}
        self.assertEqual(
            [counts[key] for key in ("region", "codes", "--pair", "--ids", "--message")],
            [(1, 1), (0, None), (2, 2), (1, None), (0, 1)],
        )
        self.assertTrue(field_of(form, "region").required)
        self.assertFalse(field_of(form, "codes").required)
        self.assertEqual([group.keys for group in form.exclusives], [("--full", "--changed")])

    def test_djangos_options_are_folded_and_help_is_not_there(self) -> None:
        form = CommandForm.of("ez_work").form
        folded = [section for section in form.sections if section.is_folded]
        self.assertEqual([section.title for section in folded], ["Django's options"])
        self.assertIn("--verbosity", [field.key for field in folded[0].fields])
        shown = {field.key for field in form.fields if not field.is_hidden}
        self.assertTrue(shown.isdisjoint({"--help", "--version", "--launch_report_id"}))
        self.assertEqual([field.key for field in form.sections[0].fields if not field.is_hidden], ["way", "--text"])

    def test_defaults_of_secrets_are_not_told(self) -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument("--api-key", default="hunter2")
        field = field_of(describe(parser), "--api-key")
        self.assertTrue(field.is_secret)
        self.assertNotIn("hunter2", str(field))

    def test_choices_too_many_to_choose_from_are_typed(self) -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument("--port", type=int, choices=range(1, 10**9), metavar="PORT")
        self.assertEqual(field_of(describe(parser), "--port").choices, ())

    def test_subcommands_have_forms_of_their_own(self) -> None:
        form = describe(make_parser_with_subcommands())
        verb = field_of(form, "verb")
        self.assertEqual([name for name, _subform in verb.subforms], ["copy", "cp", "stock"])
        self.assertEqual([field.key for field in dict(verb.subforms)["copy"].fields], ["copy source", "copy --depth"])


class RefinementTests(TestCase):
    def test_a_command_says_what_its_parser_cannot(self) -> None:
        fruit = TaskCategory.objects.create(name="Fruit")
        form = CommandForm.of("ez_form").form
        self.assertEqual([field.key for field in form.fields][:3], ["region", "codes_of", "--since"])
        self.assertEqual(field_of(form, "codes_of").label, "Codes")
        self.assertEqual(field_of(form, "--category").choices, ((str(fruit.pk), "Fruit"),))
        self.assertEqual(field_of(form, "--mail").kind, "email")
        self.assertTrue(field_of(form, "--internal").is_hidden)

    def test_another_order_on_the_page_leaves_the_command_line_in_order(self) -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument("source")
        parser.add_argument("target")
        form = refine(describe(parser), FormRefinement(order=("target",)))
        self.assertEqual([field.key for field in form.fields], ["target", "source"])
        self.assertEqual(write_argv(parser, form, {"target": [["b"]], "source": [["a"]]}), ["a", "b"])

    def test_a_hook_that_fails_leaves_the_form_of_the_parser(self) -> None:
        from eztaskmanager.arguments.describing import describe_command
        from eztaskmanager.tests.commands_app.management.commands.ez_form import Command

        class Broken(Command):
            def eztaskmanager_form(self) -> FormRefinement:
                raise LookupError("no such table")

        parser = make_parser()
        with self.assertLogs("eztaskmanager.arguments.describing", "ERROR"):
            form, warning = describe_command(Broken(), parser)
        self.assertEqual(form, describe(parser))
        self.assertIn("LookupError: no such table", warning)

    def test_fields_of_subcommands_are_refined_too(self) -> None:
        by = FormRefinement(fields={"copy source": FieldRefinement(label="From"), "rows": FieldRefinement(label="R")})
        verb = field_of(refine(describe(make_parser_with_subcommands()), by), "verb")
        self.assertEqual(next(dict(verb.subforms)["copy"].fields).label, "From")


class ReadingTests(SimpleTestCase):
    def read(self, argv: list[str], parser: argparse.ArgumentParser | None = None) -> Given:
        parser = parser or make_parser()
        return read_values(parser, describe(parser), argv)

    def test_words_are_dealt_out_as_the_parser_does(self) -> None:
        self.assertEqual(
            self.read("north --rows=5 -cred -ll --tag a --tag b --pair 1 2 --mess --no-notify --changed -3".split()),
            {
                "region": [["north"]],
                "--rows": [["5"]],
                "--colour": [["red"]],
                "--loud": [[], []],
                "--tag": [["a"], ["b"]],
                "--pair": [["1", "2"]],
                "--message": [[]],
                "--notify": [["no"]],
                "--changed": [["-3"]],
            },
        )

    def test_of_what_is_given_again_the_last_counts(self) -> None:
        self.assertEqual(self.read("n --rows 1 --rows 2 --notify --no-notify --warm --cold".split())["--rows"], [["2"]])
        values = self.read("n --warm --cold".split())
        self.assertEqual(values, {"region": [["n"]], "--cold": [[]]})

    def test_wrong_types_and_missing_values_are_still_shown(self) -> None:
        self.assertEqual(
            self.read(["--rows", "many", "--colour", "blue"]), {"--rows": [["many"]], "--colour": [["blue"]]}
        )

    def test_what_belongs_to_nothing_is_refused(self) -> None:
        for argv in (["n", "--nothing"], ["--rows"], ["n", "--help"]):
            with self.subTest(argv), self.assertRaises(ArgumentsError):
                self.read(argv)

    def test_an_order_that_a_form_cannot_say_is_refused(self) -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument("--first", dest="steps", action="append_const", const="first")
        parser.add_argument("--then", dest="steps", action="append_const", const="then")
        self.assertEqual(self.read(["--first", "--then"], parser), {"--first": [[]], "--then": [[]]})
        with self.assertRaisesMessage(ArgumentsError, "a form cannot show"):
            self.read(["--then", "--first"], parser)

    def test_subcommands_are_followed(self) -> None:
        parser = make_parser_with_subcommands()
        values = self.read("--ids 1 2 --loud stock north --rows a b".split(), parser)
        self.assertEqual(
            values,
            {
                "--ids": [["1", "2"]],
                "--loud": [[]],
                "verb": [["stock"]],
                "stock place": [["north"]],
                "stock north --rows": [["a", "b"]],
            },
        )
        self.assertEqual(write_argv(parser, describe(parser), values)[-5:], ["stock", "north", "--rows", "a", "b"])

    def test_lists_before_a_subcommand_do_not_swallow_it(self) -> None:
        parser = make_parser_with_subcommands()
        form = describe(parser)
        argv = write_argv(
            parser, form, {"--ids": [["1"]], "verb": [["copy"]], "copy source": [["a"]], "copy --depth": [["2"]]}
        )
        self.assertEqual(told(make_parser_with_subcommands(), argv)["ids"], ["1"])


WORDS = st.text(max_size=8) | st.sampled_from(["-x", "--rows", "--", "-3", "a b", "a,b", "k=v", "$env:NAME", "don't"])


class PropertyTests(SimpleTestCase):
    """Whatever is entered or written: it means the same after the way there and back."""

    @settings(max_examples=300, deadline=None)
    @given(
        st.fixed_dictionaries(
            {"region": WORDS.map(lambda word: [[word]])},
            optional={
                "codes": st.lists(WORDS, min_size=1, max_size=3).map(lambda words: [words]),
                "--rows": st.integers().map(lambda number: [[str(number)]]),
                "--colour": st.sampled_from(["red", "green"]).map(lambda word: [[word]]),
                "--dry-run": st.just([[]]),
                "--notify": st.sampled_from([[["yes"]], [["no"]]]),
                "--tag": st.lists(WORDS.map(lambda word: [word]), min_size=1, max_size=3),
                "--pair": st.lists(st.lists(WORDS, min_size=2, max_size=2), min_size=1, max_size=2),
                "--ids": st.lists(WORDS, min_size=1, max_size=3).map(lambda words: [words]),
                "--loud": st.integers(1, 3).map(lambda count: [[]] * count),
                "--message": WORDS.map(lambda word: [[word]]) | st.just([[]]),
                "--changed": st.integers().map(lambda number: [[str(number)]]),
                "--warm": st.just([[]]),
            },
        )
    )
    def test_values_to_text_to_values(self, values: Given) -> None:
        parser = make_parser()
        form = describe(parser)
        try:
            argv = write_argv(parser, form, values)
        except ArgumentsError:
            # Lists of words with dashes, which no command line can hold.
            self.assertTrue(any(word.startswith("-") for each in values.values() for words in each for word in words))
            return
        text = to_text(argv, parser)
        self.assertEqual(to_argv(text, parser), argv)
        self.assertEqual(read_values(parser, form, to_argv(text, parser)), values)
        got = told(make_parser(), argv)
        self.assertIsNotNone(got)
        self.assertEqual(got["region"], values["region"][0][0])
        self.assertEqual(got["tag"], [words[0] for words in values["--tag"]] if "--tag" in values else None)
        self.assertEqual(got["rows"], int(values["--rows"][0][0]) if "--rows" in values else 100)

    @settings(max_examples=400, deadline=None)
    @given(
        st.lists(
            st.sampled_from(
                "north south --rows 5 -3 --rows=7 -cred --colour green --dry-run --notify --no-notify --tag a --tag=b "
                "--pair 1 2 --ids -l -ll --loud --message --mess=x --full --changed 4 --warm --cold -- --col".split()
            ),
            max_size=9,
        )
    )
    def test_argv_to_values_to_argv(self, argv: list[str]) -> None:
        parser = make_parser()
        form = describe(parser)
        before = told(make_parser(exit_on_error=False), argv)
        try:
            values = read_values(parser, form, argv)
        except ArgumentsError:
            return  # The text stays as it is.
        after = write_argv(parser, form, values)
        # An option that lost against another one of its group is no longer there to be refused.
        if before is not None:
            self.assertEqual(told(make_parser(), after), before)


class CheckTests(TestCase):
    def read(self, text: str) -> Reading:
        return CommandForm.of("ez_form").read(text)

    def test_every_error_is_told_at_its_field(self) -> None:
        reading = self.read("--rows many, --colour mauve, --pairs 1 2, --pairs x 2, --full, --changed 3")
        self.assertEqual(
            set(reading.findings.errors), {"region", "--rows", "--colour", "--pairs", "--full", "--changed"}
        )
        self.assertEqual(reading.findings.missing, ["region"])
        self.assertIn("invalid int value: 'many'", reading.findings.errors["--rows"][0])

    def test_good_arguments_have_no_errors(self) -> None:
        reading = self.read("north, --rows 5, --since 2026-02-28, --message, --token x")
        self.assertEqual(reading.findings.errors, {})
        self.assertEqual(
            reading.values,
            {
                "region": [["north"]],
                "--rows": [["5"]],
                "--since": [["2026-02-28"]],
                "--message": [[]],
                "--token": [["x"]],
            },
        )

    def test_a_text_that_cannot_be_shown_says_why_and_stays(self) -> None:
        reading = self.read("north, --nothing")
        self.assertEqual((reading.text, reading.values), ("north, --nothing", None))
        self.assertIn("--nothing", reading.findings.errors[""][0])
        self.assertEqual(list(self.read("north, --rows").findings.errors), ["--rows"])

    def test_an_earlier_positional_is_asked_for(self) -> None:
        written = CommandForm.of("migrate").write({"migration_name": [["0001"]]})
        self.assertIsNone(written.text)
        self.assertIn("Migration name comes after it", written.findings.errors["app_label"][0])

    def test_hidden_options_are_kept(self) -> None:
        form = CommandForm.of("ez_form")
        reading = form.read("north, --internal x")
        assert reading.values is not None
        self.assertEqual(validate("ez_form", form.write(reading.values).text or ""), ["--internal", "x", "north"])
