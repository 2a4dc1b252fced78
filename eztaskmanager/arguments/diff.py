"""What is different between the arguments of two runs, item by item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from eztaskmanager.arguments.secrets import MASK, _is_secret, _whole, mask_secrets
from eztaskmanager.arguments.text import Item, items
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


def diff_arguments(before: str, after: str, secret_names: Iterable[str]) -> list[Change]:
    """Compare two texts of arguments; what stayed and what came in their new order, then what went.

    Options are told apart by their names, repeated ones by their order, and positional values by their places. The
    order of options and how they are quoted makes no difference.

    Args:
        before: Arguments as people write them. Where one of the two cannot be read, they are compared as a whole.
        after: The same.
        secret_names: Parts of the names of options that hold secrets, as for `mask_secrets`.
    """
    names = list(secret_names)
    try:
        old, new = dict(_keyed(items(before))), dict(_keyed(items(after)))
    except ArgumentsError:
        kind = SAME if before == after else CHANGED
        return [Change(kind, mask_secrets(before, names), mask_secrets(after, names))]
    parts = [name.lower().replace("_", "-") for name in names]
    return [
        *(_compare(old.get(key), item, parts) for key, item in new.items()),
        *(_compare(item, None, parts) for key, item in old.items() if key not in new),
    ]


def _keyed(found: Iterable[Item]) -> Iterator[tuple[Key, Item]]:
    seen: Counter[str] = Counter()
    for item in found:
        name = item.option or ""
        yield (name, seen[name]), item
        seen[name] += 1


def _compare(old: Item | None, new: Item | None, parts: list[str]) -> Change:
    is_secret = any(item is not None and _is_secret(item, parts) for item in (old, new))
    if old is None or new is None:
        kind = ADDED if old is None else REMOVED
    else:
        kind = SAME if old.values == new.values else CHANGED
    return Change(kind, _show(old, is_secret), _show(new, is_secret), is_secret)


def _show(item: Item | None, is_secret: bool) -> str:
    if item is None:
        return ""
    if is_secret and item.values:
        return f"{item.option} {MASK}"
    return _whole(item)
