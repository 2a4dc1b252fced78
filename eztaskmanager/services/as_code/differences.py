"""What an import changes, for people."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from eztaskmanager.services.as_code.documents import Plain


@dataclass(frozen=True)
class Change:
    """A task or a category that becomes another.

    Attributes:
        what: "Task" or "Category".
        name: Its name.
        before: As it is, without secrets; None where it is new.
        after: As it will be, without secrets; None where it goes.
    """

    what: str
    name: str
    before: Plain | None
    after: Plain | None

    @property
    def verb(self) -> str:
        """What becomes of it."""
        if self.before is None:
            return "is added"
        return "is removed" if self.after is None else "is changed"

    def describe(self, dump: Callable[[Plain], str]) -> str:
        """Tell it as a heading and the lines that differ.

        Args:
            dump: Writes a task in the format of the file.
        """
        before, after = (
            [] if plain is None else dump(plain).rstrip("\n").split("\n") for plain in (self.before, self.after)
        )
        # The first two lines are for names of files.
        lines = list(difflib.unified_diff(before, after, lineterm=""))[2:]
        if not lines:
            lines = ["  (the value of a secret option)"]
        return "\n".join([f"{self.what} {self.name!r} {self.verb}:", *lines])
