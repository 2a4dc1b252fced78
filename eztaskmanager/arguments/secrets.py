"""Arguments as others may see them."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from eztaskmanager.arguments.environment import is_reference
from eztaskmanager.arguments.reading import ParserReader, looks_like_option
from eztaskmanager.arguments.text import Item, items, pass_item, to_text
from eztaskmanager.exceptions import ArgumentsError
from eztaskmanager.settings import app_settings

MASK = "••••"
NEGATIVE_NUMBER = re.compile(r"-(\d+|\d*\.\d+)")
SHORTEST_ABBREVIATION = 3


def has_secret_name(names: Iterable[str], parts: Iterable[str] | None = None) -> bool:
    """Tell whether any of an option's names says that it holds a secret.

    Args:
        names: With or without dashes; whatever the case, and `_` is as good as `-`.
        parts: Parts of names, such as password; those of the setting when None.
    """
    wanted = [_plain(part) for part in (app_settings.SECRET_OPTIONS if parts is None else parts)]
    return any(part in _plain(name) for name in names for part in wanted)


def mask_secrets(text: str, names: Iterable[str], parser: ArgumentParser | None = None) -> str:
    """Put dots in place of the values of options, and of positionals, that hold secrets.

    Args:
        text: Arguments as people write them. What cannot be read is masked as a whole.
        names: Parts of options' names, such as password; whatever the case, and `_` is as good as `-`.
        parser: Tells of positionals and of abbreviated and joined options. It stays as it is.
    """
    parts = list(names)
    try:
        written = read_pieces(text, parts, parser)
    except ArgumentsError:
        return MASK if has_secret_name([text], parts) else text
    if not any(piece.secret for pieces in written for piece in pieces):
        return text
    return write_pieces(written)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of an item.

    Attributes:
        words: Unquoted.
        secret: Name of the option or positional whose secret they are; empty where they are none.
        tie: What stands before it: a space, an equals sign, a comma and a space, or nothing.
    """

    words: tuple[str, ...]
    secret: str = ""
    tie: str = " "


def hide_values(said: str, values: Iterable[str]) -> str:
    """Put dots in place of values, the longest first, for one may be a part of another."""
    for value in sorted(values, key=len, reverse=True):
        said = said.replace(value, MASK)
    return said


def read_pieces(text: str, parts: Sequence[str], parser: ArgumentParser | None) -> list[list[Piece]]:
    """Cut a text into items, and these into what may be seen and what may not.

    Raises:
        ArgumentsError: A quotation is not closed.
    """
    walk = _Walk(ParserReader(parser), ParserReader(parser), parts, has_parser=parser is not None)
    return [_merged(walk.pass_item(item)) for item in items(text)]


def write_pieces(written: Iterable[Iterable[Piece]]) -> str:
    """Write the items with dots for what may not be seen."""
    texts = []
    for pieces in written:
        text = ""
        for piece in pieces:
            # Where a secret is to be found, is none.
            is_hidden = piece.secret and not all(map(is_reference, piece.words))
            words = [MASK] if is_hidden else [to_text([word]) for word in piece.words]
            text += (piece.tie if text else "") + " ".join(words)
        texts.append(text)
    return ", ".join(texts)


def _merged(pieces: Iterable[Piece]) -> list[Piece]:
    found: list[Piece] = []
    for piece in pieces:
        if found and piece.secret and found[-1].secret == piece.secret:
            found[-1] = Piece((*found[-1].words, *piece.words), piece.secret, found[-1].tie)
        else:
            found.append(piece)
    return found


@dataclass
class _Walk:
    """Follows a command line, and knows to whom each word belongs."""

    reader: ParserReader
    # Knows what `to_argv` knows, and so which words it joins.
    writer: ParserReader
    parts: Sequence[str]
    has_parser: bool
    _option: str | None = None
    _secret: str = ""
    _n_values: int = 0
    _is_past_options: bool = False
    _is_closed: bool = False

    def pass_item(self, item: Item) -> Iterator[Piece]:
        """Give the pieces of the next item."""
        is_open = self._option is not None and (not self._n_values or self.reader.takes_several(self._option))
        takes_one = item.option is not None and self.writer.option_takes_one(item.option)
        # What is joined is one word, whoever takes it then, and whatever it looks like.
        is_joined = len(pass_item(item, self.writer)) < len(item.values)
        if item.option is None and is_joined:
            if not is_open:
                yield from self._pass_joined(item.values)
            else:
                yield Piece(tuple(item.values), self._secret)
                self._n_values += 1
            return
        words = ([] if item.option is None else [item.option]) + list(item.values)
        is_same = False
        for number, word in enumerate(words):
            # `--token=x y` is one value by its item, and `"--token=x" y` is two.
            tie = ", " if number and self._is_closed else " "
            if item.is_attached and number == 1:
                yield Piece((word,), self._secret, "=")
                self._n_values += 1
            elif not (takes_one and number) and self._ends_values(word, is_same):
                yield from self._pass_option(word, tie)
                is_same = self._option is not None
            else:
                yield replace(self._pass_value(word, is_same), tie=tie)
                self._is_closed = False

    def _pass_joined(self, words: Sequence[str]) -> Iterator[Piece]:
        """Pass words that are one positional value; what looks like a secret option in it is hidden all the same."""
        secret = self._secret_positional()
        self.reader.pass_positionals([" ".join(words)])
        for word in words:
            if not secret and looks_like_option(word) and has_secret_name([word], self.parts):
                secret = word.partition("=")[0]
                yield Piece((word,), secret if "=" in word else "")
            else:
                yield Piece((word,), secret)

    def _secret_positional(self) -> str:
        name = self.reader.name_of_positional()
        return name if name and has_secret_name([name], self.parts) else ""

    def _is_option(self, word: str) -> bool:
        if self._is_past_options or not looks_like_option(word):
            return False
        if self.has_parser and " " in word and not self._is_known(word):
            # To argparse a word with a blank is a value.
            return False
        return NEGATIVE_NUMBER.fullmatch(word) is None or bool(self.reader.names_of_option(word))

    def _ends_values(self, word: str, is_same: bool) -> bool:
        """Tell whether a word is an option; where a secret is awaited only one that the parser knows."""
        if not self._is_option(word):
            return False
        return not (is_same and self._secret) or (self.has_parser and self._is_known(word))

    def _is_known(self, word: str) -> bool:
        name = word.partition("=")[0]
        return bool(self.reader.names_of_option(name)) or self.reader.split_joined(word) is not None

    def _pass_option(self, word: str, tie: str) -> Iterator[Piece]:
        self._is_closed = False
        if word == "--":
            self._is_past_options = True
            # An option that still waits takes the word after the dashes.
            if self._n_values:
                self._option, self._secret = None, ""
            yield Piece((word,), tie=tie)
            return
        name, sign, value = word.partition("=")
        if not sign and not self.reader.names_of_option(name):
            joined = self.reader.split_joined(word)
            if joined is not None:
                name, value = joined
                sign = "joined"
        self._open(name)
        yield Piece((name,), tie=tie)
        if sign:
            yield Piece((value,), self._secret, "=" if sign == "=" else "")
            self._option, self._secret, self._is_closed = None, "", True

    def _open(self, name: str) -> None:
        key = name if len(name) < 3 or name.startswith("--") else f"-{name[-1]}"
        names = self.reader.names_of_option(key) or self.reader.names_of_option(name) or [name]
        self._option = None if self.reader.is_flag(name) else name
        is_secret = has_secret_name(names, self.parts) or (not self.has_parser and self._may_abbreviate(name))
        self._secret, self._n_values = (names[0] if is_secret else ""), 0

    def _may_abbreviate(self, name: str) -> bool:
        last = _plain(name).rpartition("-")[2]
        return len(last) >= SHORTEST_ABBREVIATION and any(_plain(part).startswith(last) for part in self.parts)

    def _pass_value(self, word: str, is_same: bool) -> Piece:
        if self._option is not None and (is_same or not self._n_values or self.reader.takes_several(self._option)):
            self._n_values += 1
            return Piece((word,), self._secret)
        secret = self._secret_positional()
        self.reader.pass_positionals([word])
        return Piece((word,), secret)


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")
