"""A command line of the shell, cut into words and operators; nothing is filled in, but it is known what would be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# The longest first.
OPERATORS = (
    *("&>>", "<<<", "&&", "||", "|&", ";;", "&>", ">>", ">&", ">|", "<<", "<&", "<>"),
    *("|", "&", ";", "<", ">", "(", ")"),
)
REDIRECTIONS = frozenset(operator for operator in OPERATORS if "<" in operator or ">" in operator)


class NotReadable(Exception):
    """A command line that is not closed."""


@dataclass(frozen=True)
class Word:
    """A word.

    Attributes:
        text: Without its quotes.
        filled: What of it the shell would fill in, as it is written: `$HOME`, `*`; or empty.
    """

    text: str
    filled: str = ""


@dataclass(frozen=True)
class Operator:
    """What stands between words: `&&`, `|`, `>`…"""

    text: str


class _Scanner:
    def __init__(self, line: str) -> None:
        self._line = line
        self._at = 0
        self._word: str | None = None
        self._filled = ""
        self._is_quoted = False

    def scan(self) -> Iterator[Word | Operator]:
        while self._at < len(self._line):
            char = self._line[self._at]
            if char.isspace():
                yield from self._end_word()
                self._at += 1
            elif char == "#" and self._word is None:
                break
            elif char == "'":
                self._take_quotation(self._find("'"))
            elif char == '"':
                self._scan_double()
            elif char == "\\":
                self._add(self._line[self._at + 1 : self._at + 2])
                self._is_quoted = True
                self._at += 2
            elif char in "&|;<>()":
                yield from self._scan_operator()
            else:
                self._scan_plain(char)
        yield from self._end_word()

    def _scan_operator(self) -> Iterator[Word | Operator]:
        operator = next(each for each in OPERATORS if self._line.startswith(each, self._at))
        if operator in REDIRECTIONS and self._word is not None and self._word.isdecimal() and not self._is_quoted:
            # The number of a descriptor, as in 2>&1.
            self._word = None
        yield from self._end_word()
        self._at += len(operator)
        yield Operator(operator)

    def _scan_plain(self, char: str) -> None:
        if char in "$`":
            self._note(self._filling())
            if self._line.startswith("$(", self._at):
                self._at = self._end_of_substitution()
                self._add("$()")
                return
        elif char in "*?[" or (char == "~" and self._word is None) or (char == "{" and "," in self._rest_of_word()):
            self._note(char)
        self._add(char)
        self._at += 1

    def _scan_double(self) -> None:
        self._take_quotation(self._at)
        while True:
            self._at += 1
            char = self._line[self._at : self._at + 1]
            if not char:
                raise NotReadable("A quotation is never closed.")
            if char == '"':
                self._at += 1
                return
            if char == "\\" and self._line[self._at + 1 : self._at + 2] in tuple('$`"\\'):
                self._at += 1
                char = self._line[self._at]
            elif char in "$`":
                self._note(self._filling())
            self._add(char)

    def _take_quotation(self, end: int) -> None:
        self._add(self._line[self._at + 1 : end])
        self._is_quoted = True
        if end != self._at:
            self._at = end + 1

    def _find(self, quote: str) -> int:
        end = self._line.find(quote, self._at + 1)
        if end < 0:
            raise NotReadable("A quotation is never closed.")
        return end

    def _filling(self) -> str:
        """Give what starts here, if the shell fills it in: a `$` before nothing stands for itself."""
        char, after = self._line[self._at], self._line[self._at + 1 : self._at + 2]
        if char == "$" and not (after.isalnum() or after in tuple("_({?#@*!$-")):
            return ""
        return self._rest_of_word()

    def _end_of_substitution(self) -> int:
        depth = 0
        for at in range(self._at + 1, len(self._line)):
            depth += {"(": 1, ")": -1}.get(self._line[at], 0)
            if depth == 0:
                return at + 1
        return len(self._line)

    def _rest_of_word(self) -> str:
        rest = self._line[self._at :].split()
        return rest[0].rstrip("\"';") if rest else ""

    def _note(self, filled: str) -> None:
        self._filled = self._filled or filled

    def _add(self, text: str) -> None:
        self._word = (self._word or "") + text

    def _end_word(self) -> Iterator[Word]:
        if self._word is not None:
            yield Word(self._word, self._filled)
        self._word, self._filled, self._is_quoted = None, "", False


def scan(line: str) -> list[Word | Operator]:
    """Cut a command line.

    Raises:
        NotReadable: A quotation is never closed.
    """
    return list(_Scanner(line).scan())
