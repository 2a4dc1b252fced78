"""The text in which people write arguments, and its way to a command and back.

Items are separated by commas. In an item the option and its values are separated by white space, or the first value
by `=`: `-f, --second a b, --third=x, pos1`. Quotes of either kind keep commas, spaces and `=`; they open at the start
of a word, after `=` or after another quotation, so that the apostrophe of `don't` is one. A backslash takes the
meaning from a comma, a space, `=`, a quote or a backslash; before anything else it stands for itself.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from eztaskmanager.arguments.reading import ParserReader, looks_like_option
from eztaskmanager.exceptions import ArgumentsError

QUOTES = "\"'"
ESCAPABLE = QUOTES + "\\,="


@dataclass(frozen=True, slots=True)
class Item:
    """What stands between two commas.

    Attributes:
        option: The first word, if it starts with a dash; else None.
        values: The other words, unquoted.
        is_attached: Whether the first value follows the option by `=`.
    """

    option: str | None
    values: tuple[str, ...]
    is_attached: bool = False

    @property
    def name(self) -> str:
        """The option, or the positional value."""
        return " ".join(self.values) if self.option is None else self.option

    @property
    def is_bare(self) -> bool:
        """Whether it is an option without a value, or no option."""
        return self.option is None or not self.values


class _Scanner:
    """Cuts a text into items."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._words: list[str] = []
        self._word: str | None = None
        self._is_attached = False

    def scan(self, text: str) -> list[Item]:
        at, may_quote = 0, True
        while at < len(text):
            char, at = text[at], at + 1
            if char in QUOTES and (may_quote or self._word is None):
                at = self._scan_quotation(text, at, char)
                may_quote = True
                continue
            may_quote = char == "="
            if char == ",":
                self._end_item()
            elif char.isspace():
                self._end_word()
            elif char == "=" and not self._words and looks_like_option(self._word or ""):
                self._end_word()
                self._word, self._is_attached = "", True
            elif char == "\\" and at < len(text) and (text[at] in ESCAPABLE or text[at].isspace()):
                self._add(text[at])
                at += 1
            else:
                self._add(char)
        self._end_item()
        return self.items

    def _scan_quotation(self, text: str, at: int, quote: str) -> int:
        opened = at
        self._add("")
        while at < len(text):
            char, at = text[at], at + 1
            if char == quote:
                return at
            # Single quotes keep everything, as in a shell.
            if char == "\\" and quote == '"' and text[at : at + 1] in ('"', "\\"):
                char, at = text[at], at + 1
            self._add(char)
        message = _("The quotation that %(quote)s opens at character %(position)d is never closed.")
        raise ArgumentsError(message % {"quote": quote, "position": opened})

    def _add(self, text: str) -> None:
        self._word = (self._word or "") + text

    def _end_word(self) -> None:
        if self._word is not None:
            self._words.append(self._word)
            self._word = None

    def _end_item(self) -> None:
        self._end_word()
        if self._words:
            has_option = looks_like_option(self._words[0])
            option = self._words[0] if has_option else None
            self.items.append(Item(option, tuple(self._words[1:] if has_option else self._words), self._is_attached))
        self._words, self._is_attached = [], False


def items(text: str) -> list[Item]:
    """Cut a text into its items.

    Raises:
        ArgumentsError: A quotation is not closed.
    """
    return _Scanner().scan(text)


def to_argv(text: str, parser: ArgumentParser | None = None) -> list[str]:
    """Turn a text into what a command line would hold.

    Args:
        text: Items as described above.
        parser: Tells which options take one value, whose words are then joined by a space. Without it each word
            stays a value of its own.

    Raises:
        ArgumentsError: A quotation is not closed.
    """
    reader = ParserReader(parser)
    return [word for item in items(text) for word in _words_of(item, reader)]


def pass_item(item: Item, reader: ParserReader) -> list[str]:
    """Give the values of an item as `to_argv` hands them over, those of what takes one joined; the reader goes on."""
    values = list(item.values)
    takes_one = reader.positional_takes_one() if item.option is None else reader.option_takes_one(item.option)
    if takes_one and len(values) > 1:
        values = [" ".join(values)]
    if item.option is None or reader.is_flag(item.option):
        reader.pass_positionals(values)
    return values


def _words_of(item: Item, reader: ParserReader) -> list[str]:
    takes_one = item.option is not None and reader.option_takes_one(item.option)
    values = pass_item(item, reader)
    if item.option is None:
        return values
    # argparse would take a value with a dash for the next option.
    if (
        len(values) == 1
        and looks_like_option(values[0])
        and (item.is_attached or reader.confuses(values[0], takes_one))
    ):
        return [f"{item.option}={values[0]}"]
    return [item.option, *values]


def to_text(argv: Sequence[str], parser: ArgumentParser | None = None) -> str:
    """Write a text that `to_argv` reads as this list again, with this parser or any other.

    Args:
        argv: Any strings.
        parser: Where it is given, values of an option that takes several stay in one item, and then the text is for
            this parser.
    """
    reader = ParserReader(parser)
    texts: list[str] = []
    last_option: str | None = None
    n_values = 0
    for word in argv:
        is_several = last_option is not None and reader.takes_several(last_option)
        if looks_like_option(word) and not (is_several and reader.is_number(word)):
            last_option, n_values = (None if "=" in word else word), 0
        elif last_option is not None and (n_values == 0 or is_several) and not reader.is_flag(last_option):
            texts[-1] += " " + _quote(word)
            n_values += 1
            continue
        else:
            last_option = None
            reader.pass_positionals([word])
        texts.append(_quote(word))
    return ", ".join(texts)


def _quote(word: str) -> str:
    try:
        # With a neighbour, for a backslash at the end would swallow the comma.
        if to_argv(f"{word}, {word}") == [word, word]:
            return word
    except ArgumentsError:
        pass  # It holds a quote that would open a quotation.
    if "'" not in word and ('"' in word or "\\" in word):
        return f"'{word}'"
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
