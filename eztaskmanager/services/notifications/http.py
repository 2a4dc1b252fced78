"""Calling web addresses; needs the extra `webhook`."""

from __future__ import annotations

from http.client import responses
from collections.abc import Mapping
from urllib.parse import SplitResult, urljoin, urlsplit

import requests

from eztaskmanager.services.notifications.base import AGENT, DeliveryFailed
from eztaskmanager.services.notifications.deadlines import patiently

SCHEMES = ("http", "https")
MOST_REDIRECTS = 3
PORTS = {"http": 80, "https": 443}


def call(
    method: str,
    url: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 10,
) -> None:
    """Call an address, and be content with any 2xx; what it answers beyond that is not read.

    A redirect is followed on the same host only, with the same method and body: what is sent may hold secrets.

    Args:
        method: GET or POST.
        url: Of http or https.
        body: What is sent.
        headers: What is said beside it.
        timeout: Seconds to wait for the connection, and as many for the answer; all together no more than three times
            as long.

    Raises:
        DeliveryFailed: It did not answer, or not so. The address itself, which may be a secret, is not told.
    """
    patiently(lambda: _call(method, url, body, headers, timeout), timeout, _split(url).hostname or "")


def _call(method: str, url: str, body: bytes | None, headers: Mapping[str, str] | None, timeout: float) -> None:
    for _ in range(MOST_REDIRECTS + 1):
        parts = _split(url)
        try:
            with requests.request(
                method,
                url,
                data=body,
                headers={"User-Agent": AGENT, **(headers or {})},
                timeout=timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                status, location = answer.status_code, answer.headers.get("Location", "")
        # Without their cause, which repeats the address, and would get into logs with it.
        except requests.Timeout:
            raise DeliveryFailed(f"{parts.hostname} did not answer within {timeout:g} s.") from None
        except (requests.RequestException, ValueError) as exc:
            raise DeliveryFailed(f"{parts.hostname} could not be called: {_reason(exc)}.") from None
        if 200 <= status < 300:
            return
        if not (300 <= status < 400 and location):
            # The words of the standard: those of the server are part of its answer, which is nobody's.
            raise DeliveryFailed(f"{parts.hostname} answered {status} {responses.get(status, '')}".rstrip() + ".")
        url = urljoin(url, location)
        if not _is_same_host(parts, _split(url)):
            raise DeliveryFailed(f"{parts.hostname} redirects to another host, {_split(url).hostname}.")
    raise DeliveryFailed(f"{parts.hostname} redirects again and again.")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise DeliveryFailed("The address is none that begins with https:// or http://.")
    return parts


def _is_same_host(old: SplitResult, new: SplitResult) -> bool:
    if old.hostname != new.hostname:
        return False
    ports = [parts.port or PORTS[parts.scheme] for parts in (old, new)]
    # From http to https is a step up, the other way a step down.
    is_step_up = (old.scheme, new.scheme) == ("http", "https") and ports == [80, 443]
    return is_step_up or (old.scheme == new.scheme and ports[0] == ports[1])


def _reason(exc: Exception) -> str:
    # The message of requests repeats the address.
    cause: BaseException = exc
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    return cause.strerror or type(cause).__name__ if isinstance(cause, OSError) else type(cause).__name__
