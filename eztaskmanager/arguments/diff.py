"""What is different between the arguments of two runs, item by item."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from eztaskmanager.arguments.secrets import mask_secrets, read_pieces, write_pieces
from eztaskmanager.arguments.text import items
from eztaskmanager.exceptions import ArgumentsError

ADDED, REMOVED, CHANGED, SAME = "added", "removed", "changed", "same"
Key = tuple[str, int]


@dataclass(frozen=True)
class Change:
    """An item, and what became of it.

    Attributes:
        kind: added, removed, changed or same.
        before: The item as it was, a secret masked; empty for one that was added.
        after: The item as it is, a secret masked; empty for one that was removed.
        is_secret: Whether the values are hidden, so that `before` and `after` may look the same.
    """

    kind: str
    before: str
    after: str
    is_secret: bool = False


@dataclass(frozen=True)
class _Shown:
    values: tuple[str, ...]
    text: str
    is_secret: bool


def diff_arguments(
    before: str, after: str, secret_names: Iterable[str], parser: ArgumentParser | None = None
) -> list[Change]:
    """Compare two texts of arguments; what stayed and what came in their new order, then what went.

    Options are told apart by their names, repeated ones by their order, and positional values by their places. The
    order of options and how they are quoted makes no difference.

    Args:
        before: Arguments as people write them. Where one of the two cannot be read, they are compared as a whole.
        after: The same.
        secret_names: Parts of the names of options that hold secrets, as for `mask_secrets`.
        parser: As for `mask_secrets`.
    """
    names = list(secret_names)
    try:
        old, new = dict(_keyed(before, names, parser)), dict(_keyed(after, names, parser))
    except ArgumentsError:
        kind = SAME if before == after else CHANGED
        return [Change(kind, mask_secrets(before, names, parser), mask_secrets(after, names, parser))]
    return [
        *(_compare(old.get(key), shown) for key, shown in new.items()),
        *(_compare(shown, None) for key, shown in old.items() if key not in new),
    ]


def _keyed(text: str, names: list[str], parser: ArgumentParser | None) -> Iterator[tuple[Key, _Shown]]:
    seen: Counter[str] = Counter()
    for item, pieces in zip(items(text), read_pieces(text, names, parser)):
        name = item.option or ""
        # How the value is tied to its option is no difference.
        told = write_pieces([[replace(piece, tie=" ") if piece.tie == "=" else piece for piece in pieces]])
        yield (name, seen[name]), _Shown(item.values, told, any(piece.secret for piece in pieces))
        seen[name] += 1


def _compare(old: _Shown | None, new: _Shown | None) -> Change:
    if old is None or new is None:
        kind = ADDED if old is None else REMOVED
    else:
        kind = SAME if old.values == new.values else CHANGED
    shown = [each for each in (old, new) if each is not None]
    return Change(
        kind,
        "" if old is None else old.text,
        "" if new is None else new.text,
        any(each.is_secret for each in shown),
    )
