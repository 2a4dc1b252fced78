"""What a parser says about the values its options and positionals take.

argparse keeps this in attributes with an underscore; they are the same from Python 3.10 to 3.14.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator

TAKES_ONE: tuple[int | str | None, ...] = (None, "?", 1)
TAKES_SEVERAL = ("*", "+", argparse.REMAINDER, argparse.PARSER)


def looks_like_option(word: str) -> bool:
    """Tell whether a word starts with a dash and is not the dash that stands for standard input."""
    return len(word) > 1 and word.startswith("-")


def parsers_of(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Walk through a parser and those of its subcommands."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            seen: list[argparse.ArgumentParser] = []
            for child in action.choices.values():
                # Aliases of a subcommand share its parser.
                if child not in seen:
                    seen.append(child)
                    yield from parsers_of(child)


class ParserReader:
    """Follows a command line through a parser and its subcommands; without a parser it knows nothing."""

    def __init__(self, parser: argparse.ArgumentParser | None) -> None:
        self._parsers = [parser] if parser is not None else []
        self._n_positionals = 0

    def option_takes_one(self, option: str) -> bool:
        """Tell whether an option is known and takes exactly one value."""
        action = self._find(option)
        return action is not None and action.nargs in TAKES_ONE

    def takes_several(self, option: str) -> bool:
        """Tell whether an option is known and takes more than one value."""
        action = self._find(option)
        return action is not None and not self.is_flag(option) and action.nargs not in TAKES_ONE

    def is_flag(self, option: str) -> bool:
        """Tell whether an option is known and takes no value."""
        action = self._find(option)
        return action is not None and action.nargs == 0

    def positional_takes_one(self) -> bool:
        """Tell whether the next positional takes exactly one value."""
        action = self._positional()
        return action is not None and action.nargs in TAKES_ONE

    def confuses(self, value: str, takes_one: bool) -> bool:
        """Tell whether a value that starts with a dash must be tied to the option that takes it."""
        if not takes_one:
            return False
        return not self.is_number(value)

    def is_number(self, word: str) -> bool:
        """Tell whether a word with a dash is a negative number to the parser, and no option."""
        parser = self._parsers[-1]
        return not parser._has_negative_number_optionals and parser._negative_number_matcher.match(word) is not None

    def names_of_option(self, option: str) -> list[str]:
        """Give all names of what an option may mean, its dest the last; none when it is not known."""
        for parser in reversed(self._parsers):
            actions = parser._option_string_actions
            meant = [actions[option]] if option in actions else []
            if not meant and option.startswith("--") and parser.allow_abbrev:
                meant = [action for name, action in actions.items() if name.startswith(option)]
            if meant:
                return [name for action in meant for name in (*action.option_strings, action.dest)]
        return []

    def split_joined(self, word: str) -> tuple[str, str] | None:
        """Split `-vofile` into the options and the value of the last, `-vo` and `file`; None if it is no such word."""
        if word.startswith("--"):
            return None
        for at in range(1, len(word)):
            option = f"-{word[at]}"
            if not self.names_of_option(option):
                return None
            if not self.is_flag(option):
                return (word[: at + 1], word[at + 1 :]) if at + 1 < len(word) else None
        return None

    def name_of_positional(self) -> str:
        """Give the dest of the next positional; empty when it is not known."""
        action = self._positional()
        return action.dest if action is not None else ""

    def pass_positionals(self, values: Iterable[str]) -> None:
        """Note that these positional values were given; the name of a subcommand leads to its parser."""
        for value in values:
            action = self._positional()
            self._n_positionals += 1
            if isinstance(action, argparse._SubParsersAction) and value in action.choices:
                self._parsers.append(action.choices[value])
                self._n_positionals = 0

    def _positional(self) -> argparse.Action | None:
        n_before = 0
        for action in self._parsers[-1]._get_positional_actions() if self._parsers else ():
            if action.nargs in TAKES_SEVERAL:
                return action
            n_before += action.nargs if isinstance(action.nargs, int) else 1
            if self._n_positionals < n_before:
                return action
        return None

    def _find(self, option: str) -> argparse.Action | None:
        for parser in reversed(self._parsers):
            actions = parser._option_string_actions
            if option in actions:
                return actions[option]
            if option.startswith("--") and parser.allow_abbrev:
                meant = {id(action): action for name, action in actions.items() if name.startswith(option)}
                if len(meant) == 1:
                    return next(iter(meant.values()))
        return None
