"""Tests of the grammar of arguments, and of its way back."""

from __future__ import annotations

import argparse

from django.test import SimpleTestCase
from hypothesis import example, given, settings, strategies as st

from eztaskmanager.arguments import Item, items, to_argv, to_text
from eztaskmanager.exceptions import ArgumentsError

STEADY = settings(deadline=None, derandomize=True, max_examples=400)

TRICKY = st.text(alphabet=st.sampled_from("ab1-=,;:\"'\\ \t\n{}[]*%à"), max_size=8)
ANY = st.text(max_size=12)
OPTIONS = st.sampled_from(
    ["-f", "-vf", "-", "--", "--second", "--sec", "--third=x", "--third=-x", "--ids", "--pair", "-5", "sub", "other"]
)
ARGV = st.lists(TRICKY | ANY | OPTIONS, max_size=8)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("-f", action="store_true")
    parser.add_argument("--second")
    parser.add_argument("-t", "--third", action="append")
    parser.add_argument("--maybe", nargs="?")
    parser.add_argument("--ids", nargs="+")
    parser.add_argument("--pair", nargs=2)
    parser.add_argument("title")
    parser.add_argument("tags", nargs="*")
    return parser


def make_parser_of_subcommands() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--second", nargs="*")
    parser.add_argument("where", nargs=2)
    children = parser.add_subparsers()
    sub = children.add_parser("sub", aliases=["other"])
    sub.add_argument("--ids", nargs="+")
    sub.add_argument("--second")
    sub.add_argument("what")
    return parser


PARSERS = (make_parser(), make_parser_of_subcommands())


class GrammarTests(SimpleTestCase):
    def test_commas_separate_items_and_spaces_or_equals_their_values(self) -> None:
        self.assertEqual(
            items("-f, --second a b, --third=x, pos1"),
            [
                Item("-f", ()),
                Item("--second", ("a", "b")),
                Item("--third", ("x",), is_attached=True),
                Item(None, ("pos1",)),
            ],
        )

    def test_items_without_a_value_are_bare_and_have_a_name(self) -> None:
        self.assertEqual(
            [(item.name, item.is_bare) for item in items("-f, --second a, pos1, two words")],
            [("-f", True), ("--second", False), ("pos1", True), ("two words", True)],
        )

    def test_without_a_parser_each_word_is_an_argument(self) -> None:
        self.assertEqual(
            to_argv("-f, --second a b, --third=x, pos1"), ["-f", "--second", "a", "b", "--third", "x", "pos1"]
        )

    def test_quotes_keep_commas_spaces_and_equals(self) -> None:
        self.assertEqual(
            to_argv("""--a "x, y", --b 'k=v w', --c="1,2" """), ["--a", "x, y", "--b", "k=v w", "--c", "1,2"]
        )

    def test_quotations_may_be_part_of_a_word_after_equals_and_after_another(self) -> None:
        self.assertEqual(to_argv("""--filter name="Ada, L." , "a"'b'c"""), ["--filter", "name=Ada, L.", "abc"])

    def test_empty_quotations_are_empty_arguments(self) -> None:
        self.assertEqual(to_argv("""--a "", '', --b="", --c="""), ["--a", "", "", "--b", "", "--c", ""])

    def test_an_apostrophe_within_a_word_is_no_quote(self) -> None:
        self.assertEqual(to_argv("--city L'Aquila, --text don't"), ["--city", "L'Aquila", "--text", "don't"])

    def test_a_backslash_takes_the_meaning_from_what_has_one(self) -> None:
        self.assertEqual(to_argv(r"a\,b, c\ d, \"e\", f\\g, --h\=i"), ["a,b", "c d", '"e"', "f\\g", "--h=i"])

    def test_a_backslash_before_anything_else_stays(self) -> None:
        self.assertEqual(to_argv(r"--re ^\d+$, --at C:\temp\x"), ["--re", r"^\d+$", "--at", r"C:\temp\x"])

    def test_double_quotes_know_two_escapes_and_single_quotes_none(self) -> None:
        self.assertEqual(to_argv(r""""say \"hi\" \\ \n", 'C:\dir\' """), ['say "hi" \\ \\n', "C:\\dir\\"])

    def test_only_the_first_equals_of_an_option_separates(self) -> None:
        self.assertEqual(to_argv("--where=a=b, --set k=v, k=v"), ["--where", "a=b", "--set", "k=v", "k=v"])

    def test_a_value_with_a_dash_stays_tied_to_its_option(self) -> None:
        self.assertEqual(to_argv("--text=-x, --offset=-5, --file=-"), ["--text=-x", "--offset=-5", "--file", "-"])

    def test_line_breaks_and_empty_items_do_not_count(self) -> None:
        self.assertEqual(to_argv(" ,-f,\n\n --second\ta ,, "), ["-f", "--second", "a"])
        self.assertEqual(to_argv(""), [])

    def test_an_open_quotation_is_told_with_its_place(self) -> None:
        with self.assertRaisesMessage(ArgumentsError, '" opens at character 5'):
            to_argv('--a "b, c')


class ParserTests(SimpleTestCase):
    def test_an_option_of_one_value_gets_its_words_as_one(self) -> None:
        self.assertEqual(
            to_argv("--second a b, -t=c d, --maybe e f", PARSERS[0]),
            ["--second", "a b", "-t", "c d", "--maybe", "e f"],
        )

    def test_an_option_of_several_values_gets_them_one_by_one(self) -> None:
        self.assertEqual(
            to_argv("--ids=1 2 3, --pair a 'b c'", PARSERS[0]), ["--ids", "1", "2", "3", "--pair", "a", "b c"]
        )

    def test_repeated_options_stay(self) -> None:
        self.assertEqual(to_argv("-t a, -t b c, --third=d", PARSERS[0]), ["-t", "a", "-t", "b c", "--third", "d"])

    def test_an_abbreviated_option_is_understood(self) -> None:
        self.assertEqual(to_argv("--sec a b", PARSERS[0]), ["--sec", "a b"])

    def test_a_positional_of_one_value_gets_its_words_as_one(self) -> None:
        self.assertEqual(to_argv("A long title, red green", PARSERS[0]), ["A long title", "red", "green"])

    def test_the_value_of_a_flag_is_a_positional(self) -> None:
        self.assertEqual(to_argv("-f title, red green", PARSERS[0]), ["-f", "title", "red", "green"])

    def test_a_value_with_a_dash_is_tied_where_argparse_would_take_it_for_an_option(self) -> None:
        self.assertEqual(to_argv("--second -x y, --third -5", PARSERS[0]), ["--second=-x y", "--third", "-5"])

    def test_the_options_of_a_subcommand_are_its_own(self) -> None:
        self.assertEqual(
            to_argv("--second a b, here there, other, --second a b, --ids 1 2, one thing", PARSERS[1]),
            ["--second", "a", "b", "here", "there", "other", "--second", "a b", "--ids", "1", "2", "one thing"],
        )

    def test_a_quoted_value_reaches_the_command_as_it_is(self) -> None:
        parsed = PARSERS[0].parse_args(to_argv("--second \"it's, a = b\", title, --ids '1 2' 3", PARSERS[0]))
        self.assertEqual((parsed.second, parsed.ids, parsed.title), ("it's, a = b", ["1 2", "3"], "title"))


class WayBackTests(SimpleTestCase):
    @STEADY
    @given(ARGV)
    @example(["a\\", "b"])
    @example(["--a=-b", "c"])
    @example(["", "-", "--", "'"])
    def test_the_text_of_a_list_is_read_as_that_list(self, argv: list[str]) -> None:
        self.assertEqual(to_argv(to_text(argv)), argv)

    @STEADY
    @given(ARGV, st.sampled_from(PARSERS))
    def test_it_is_so_with_any_parser(self, argv: list[str], parser: argparse.ArgumentParser) -> None:
        self.assertEqual(to_argv(to_text(argv), parser), argv)

    @STEADY
    @given(ARGV, st.sampled_from(PARSERS))
    @example(["here", "there", "sub", "--second", "a", "b"], PARSERS[1])
    def test_it_is_so_for_the_text_made_for_a_parser(self, argv: list[str], parser: argparse.ArgumentParser) -> None:
        self.assertEqual(to_argv(to_text(argv, parser), parser), argv)

    @STEADY
    @given(TRICKY | ANY)
    def test_a_text_that_can_be_read_keeps_its_meaning_when_written_anew(self, text: str) -> None:
        try:
            argv = to_argv(text)
        except ArgumentsError:
            return
        self.assertEqual(to_argv(to_text(argv)), argv)

    def test_the_text_is_one_that_people_would_write(self) -> None:
        argv = ["-f", "--second", "a b", "--third", "x", "--offset=-5", '{"a": 1}', "pos1"]
        self.assertEqual(to_text(argv), """-f, --second "a b", --third x, --offset=-5, '{"a": 1}', pos1""")

    def test_the_text_for_a_parser_keeps_several_values_together(self) -> None:
        self.assertEqual(to_text(["--ids", "1", "2", "x y", "-f"], PARSERS[0]), '--ids 1 2 "x y", -f')
