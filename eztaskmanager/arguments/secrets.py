"""Arguments as others may see them."""

from __future__ import annotations

from collections.abc import Iterable

from eztaskmanager.arguments.text import Item, items, to_text
from eztaskmanager.exceptions import ArgumentsError

MASK = "••••"
# Shorter values are found in every text.
SHORTEST = 3
# A value that only names where the secret is.
REFERENCE = "$env:"


def mask_secrets(text: str, names: Iterable[str]) -> str:
    """Put dots in place of the values of options that hold secrets.

    Args:
        text: Arguments as people write them. What cannot be read is masked as a whole.
        names: Parts of options' names, such as password; whatever the case, and `_` is as good as `-`.
    """
    parts = [name.lower().replace("_", "-") for name in names]
    try:
        found = items(text)
    except ArgumentsError:
        return MASK if any(part in text.lower().replace("_", "-") for part in parts) else text
    if not any(_is_secret(item, parts) for item in found):
        return text
    return ", ".join(_masked(item) if _is_secret(item, parts) else _whole(item) for item in found)


def hide_secrets(said: str, text: str, names: Iterable[str]) -> str:
    """Put dots in place of the values of options that hold secrets, wherever another text repeats them.

    Args:
        said: What may repeat them, such as an error.
        text: Arguments as people write them.
        names: As for `mask_secrets`.
    """
    parts = [name.lower().replace("_", "-") for name in names]
    try:
        found = items(text)
    except ArgumentsError:
        return said
    values = {value for item in found if _is_secret(item, parts) for value in item.values if len(value) >= SHORTEST}
    return hide_values(said, values)


def hide_values(said: str, values: Iterable[str]) -> str:
    """Put dots in place of values, the longest first, for one may be a part of another."""
    for value in sorted(values, key=len, reverse=True):
        said = said.replace(value, MASK)
    return said


def _is_secret(item: Item, parts: list[str]) -> bool:
    if item.option is None or all(value.startswith(REFERENCE) for value in item.values):
        return False
    option = item.option.lower().replace("_", "-")
    return any(part in option for part in parts)


def _masked(item: Item) -> str:
    return f"{item.option}{'=' if item.is_attached else ' '}{MASK}"


def _whole(item: Item) -> str:
    values = [to_text([value]) for value in item.values]
    if item.option is None:
        return " ".join(values)
    if item.is_attached:
        return f"{item.option}={' '.join(values)}"
    return " ".join([item.option, *values])
