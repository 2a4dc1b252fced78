"""Arguments of the built-in handlers, refused with what is allowed; none is repeated that may be a secret.

Each takes the argument's name and its value, and raises `ValueError` with a sentence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import getaddresses

from django.core.exceptions import ValidationError

from eztaskmanager.models.addresses import validate_web_address


def read_text(name: str, value: object, *, may_be_empty: bool = False) -> str:
    """Take a text."""
    if not isinstance(value, str) or not (value or may_be_empty):
        raise ValueError(f"{name!r} is {_kind(value)}; give a text{'' if may_be_empty else ' that is not empty'}.")
    return value


def read_texts(name: str, value: object) -> list[str]:
    """Take a text or several."""
    texts = [value] if isinstance(value, str) else value
    if isinstance(texts, (list, tuple, set, frozenset)):
        good = [text for text in texts if isinstance(text, str) and text]
        if good and len(good) == len(texts):
            return good
    raise ValueError(f"{name!r} is {_kind(value)}; give at least one address, or a list of them.")


def read_mail_address(name: str, value: object) -> str:
    """Take one address of mail, with a name before it or not."""
    text = value if isinstance(value, str) and value.isprintable() else ""
    found = getaddresses([text])
    address = found[0][1] if len(found) == 1 else ""
    # A name without a domain, and alone, is an address of the machine's own, such as root.
    if not address or address.strip("@") != address or ("@" not in address and address != text):
        raise ValueError(f"{name!r} has {value!r}, which is no address such as ops@example.org.")
    return text


def read_web_address(name: str, value: object) -> str:
    """Take a whole address of http or https."""
    try:
        validate_web_address(value if isinstance(value, str) else "")
    except ValidationError:
        raise ValueError(f"{name!r} is no address that begins with https:// or http://.") from None
    return str(value)


def read_seconds(name: str, value: object) -> float:
    """Take a time-out."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ValueError(f"{name!r} is {value!r}; give seconds, a number above 0.")
    return value


def read_count(name: str, value: object) -> int:
    """Take a whole number from 0 on."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name!r} is {value!r}; give a whole number from 0 on.")
    return value


def read_headers(name: str, value: object) -> dict[str, str]:
    """Take headers of a request; None is none."""
    headers = {} if value is None else value
    is_good = isinstance(headers, Mapping) and all(
        isinstance(text, str) and text.isprintable() for pair in headers.items() for text in pair
    )
    if not is_good:
        raise ValueError(f"{name!r} is no dictionary of texts to texts, each in one line.")
    return dict(headers)  # type: ignore[call-overload, no-any-return]


def _kind(value: object) -> str:
    return "empty" if value is not None and not value else "None" if value is None else f"wrong, {type(value).__name__}"
