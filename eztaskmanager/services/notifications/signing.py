"""Signatures of webhooks: who receives one can tell that it is ours, and that nobody sends it once more later.

The header is `t=<seconds since 1970>,v1=<hexadecimal HMAC-SHA256>`, over the number, a dot, and the body.
"""

from __future__ import annotations

import hashlib
import hmac
import time

SIGNATURE_HEADER = "X-EzTaskManager-Signature"


class BadSignature(ValueError):
    """The signature is missing, wrong, or too old."""


def sign(secret: str, body: bytes, moment: float | None = None) -> str:
    """Make the header for a body.

    Args:
        secret: Shared with the receiver.
        body: As it is sent.
        moment: Seconds since 1970; None for now.
    """
    seconds = int(time.time() if moment is None else moment)
    return f"t={seconds},v1={_digest(secret, seconds, body)}"


def verify(secret: str, body: bytes, header: str, *, tolerance: float = 300, moment: float | None = None) -> None:
    """Hold a header against a body, as a receiver does.

    Args:
        secret: Shared with the sender.
        body: As it was received, byte by byte.
        header: What stood in `X-EzTaskManager-Signature`.
        tolerance: Seconds that the clocks of the two may differ, the way included.
        moment: Seconds since 1970; None for now.

    Raises:
        BadSignature: Whatever it is, the body is not to be trusted.
    """
    parts = dict(part.strip().partition("=")[::2] for part in header.split(","))
    try:
        seconds = int(parts.get("t", ""))
    except ValueError:
        raise BadSignature("The signature has no time.") from None
    # A server may hand over bytes that are no text as lone surrogates.
    given = parts.get("v1", "").encode(errors="surrogatepass")
    if not hmac.compare_digest(_digest(secret, seconds, body).encode(), given):
        raise BadSignature("The signature is wrong.")
    if abs((time.time() if moment is None else moment) - seconds) > tolerance:
        raise BadSignature("The signature is too old, or the clocks differ.")


def _digest(secret: str, seconds: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
