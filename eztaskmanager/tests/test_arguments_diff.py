"""What changed between the arguments of two runs."""

from __future__ import annotations

from unittest import TestCase

from eztaskmanager.arguments.diff import Change, diff_arguments

SECRETS = ("password", "token")


def diff(before: str, after: str) -> list[tuple[str, str, str]]:
    return [(change.kind, change.before, change.after) for change in diff_arguments(before, after, SECRETS)]


class DiffTests(TestCase):
    def test_items_are_added_removed_changed_or_stay(self) -> None:
        self.assertEqual(
            diff("--rows 4, -f, north", "--rows 5, north, --dry-run"),
            [
                ("changed", "--rows 4", "--rows 5"),
                ("same", "north", "north"),
                ("added", "", "--dry-run"),
                ("removed", "-f", ""),
            ],
        )

    def test_neither_order_nor_quotes_nor_spaces_are_a_change(self) -> None:
        for before, after in (
            ("--a 1, --b 2", "--b 2,--a   1"),
            ('--a "x"', "--a x"),
            ("--a=x", "--a x"),
            ("", "  "),
        ):
            with self.subTest(before=before, after=after):
                self.assertTrue(all(kind == "same" for kind, _, _ in diff(before, after)))

    def test_positional_values_are_compared_by_their_places_and_repeated_options_by_their_order(self) -> None:
        self.assertEqual(
            diff("a, b, --tag x, --tag y", "a, c, --tag x, --tag z, --tag y"),
            [
                ("same", "a", "a"),
                ("changed", "b", "c"),
                ("same", "--tag x", "--tag x"),
                ("changed", "--tag y", "--tag z"),
                ("added", "", "--tag y"),
            ],
        )

    def test_a_changed_secret_is_told_without_its_values(self) -> None:
        (change,) = diff_arguments("--password one", "--password=two", SECRETS)
        self.assertEqual(change, Change("changed", "--password ••••", "--password ••••", is_secret=True))
        for before, after in (("--token abc", ""), ("", "--token abc"), ("--token abc", "--token abc")):
            for each in diff_arguments(before, after, SECRETS):
                self.assertNotIn("abc", f"{each.before} {each.after}")

    def test_what_cannot_be_read_is_compared_as_a_whole_and_its_secrets_are_hidden(self) -> None:
        self.assertEqual(diff("--a 'x", "--a x"), [("changed", "--a 'x", "--a x")])
        self.assertEqual(diff("--a 'x", "--a 'x"), [("same", "--a 'x", "--a 'x")])
        (change,) = diff_arguments("--password 'abc", "--a", SECRETS)
        self.assertNotIn("abc", change.before)
