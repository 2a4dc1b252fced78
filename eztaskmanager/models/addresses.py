"""Web addresses that people give, and the server calls."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


def validate_web_address(address: str) -> None:
    """Refuse what is not a whole http or https address; hosts of the inner network, such as "checks", are fine.

    Raises:
        ValidationError: With a sentence.
    """
    try:
        parts = urlsplit(address)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or not address.isprintable() or " " in address:
        raise ValidationError(_("Give a whole address that begins with https:// or http://."), code="invalid")
