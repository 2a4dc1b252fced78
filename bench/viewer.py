"""What reading a log costs with a thousand and with a million lines: polls, windows, searches, and the page.

    python bench/viewer.py [lines]

The database is chosen as the demo project does, by DEMO_DATABASE (sqlite, postgres, mysql). A ratio of three and more
between the two logs is a failure for polls and windows.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from lines import write_lines
from page import measure_page
from surroundings import database, started_report

SMALL = 1_000
ROUNDS = 40
ALLOWED = 3.0


def main(n_lines: int) -> int:
    """Measure, print, and tell whether a poll or a window costs too much."""
    with database() as vendor:
        began = time.perf_counter()
        small, large = (_report(count) for count in (SMALL, n_lines))
        print(f"{vendor}: {n_lines:,} lines made in {time.perf_counter() - began:.1f} s")
        asks = [_asks(report) for report in (small, large)]
        worst = 0.0
        for name in asks[0]:
            at_small, at_large = _medians([named[name] for named in asks])
            worst = max(worst, at_large / at_small)
            print(
                f"{vendor}: {name}: {at_small:.1f} ms at {SMALL:,} lines, {at_large:.1f} ms at {n_lines:,}:"
                f" {at_large / at_small:.2f} times"
            )
        for name, parameters in (
            ("text", {"q": f"row {n_lines - 1} of"}),
            ("expression", {"q": f"row {n_lines - 1}[ ]of", "regex": 1}),
        ):
            seconds, answers, found = _search(large, parameters)
            assert found == [n_lines - 1], found
            print(f"{vendor}: a rare {name} in {n_lines:,} lines: {seconds:.2f} s in {answers} answers")
        measure_page(vendor, {SMALL: small, n_lines: large})
    if worst > ALLOWED:
        print(f"{vendor}: {worst:.2f} times is more than {ALLOWED:g}", file=sys.stderr)
    return int(worst > ALLOWED)


def _report(count: int) -> Any:
    report = started_report("ez_talk")
    write_lines(report, count)
    return report


def _client() -> Any:
    from django.contrib.auth import get_user_model
    from django.test import Client

    users = get_user_model()
    user = users.objects.filter(username="bench").first() or users.objects.create_superuser("bench")
    client = Client()
    client.force_login(user)
    return client


def _asks(report: Any) -> dict[str, Callable[[], None]]:
    from django.urls import reverse

    client = _client()
    address = reverse("eztaskmanager:ajax_read_log_lines", args=[report.pk])
    size = report.n_log_lines
    tag = client.get(address, {"rows": 1, "offset": size})["ETag"]

    def ask(status: int = 200, lines: int = 0, headers: dict[str, str] | None = None, **parameters: int) -> None:
        answer = client.get(address, {"rows": 1, **parameters}, headers=headers)
        assert answer.status_code == status, answer
        if status == 200:
            assert len(answer.json()["new_log_lines"]) == lines, answer.json()

    return {
        "an idle poll with its tag": lambda: ask(304, offset=size, headers={"If-None-Match": tag}),
        "an idle poll without": lambda: ask(offset=size),
        "a poll with 20 new lines": lambda: ask(lines=20, offset=size - 20),
        "a random window of 200": lambda: ask(lines=200, offset=random.randint(0, size - 200), limit=200),
    }


def _medians(asks: list[Callable[[], None]]) -> list[float]:
    """Give milliseconds; by turns, so that what else the machine does weighs on all alike."""
    times: list[list[float]] = [[] for _ in asks]
    for _ in range(ROUNDS):
        for ask, taken in zip(asks, times):
            began = time.perf_counter()
            ask()
            taken.append(time.perf_counter() - began)
    return [statistics.median(taken) * 1000 for taken in times]


def _search(report: Any, parameters: dict[str, Any]) -> tuple[float, int, list[int]]:
    """Search to the end, as the page does; give seconds, how many answers it took, and what was found."""
    from django.urls import reverse

    client = _client()
    address = reverse("eztaskmanager:find_log_lines", args=[report.pk])
    began = time.perf_counter()
    after, answers, numbers = 0, 0, []
    while True:
        response = client.get(address, {**parameters, "after": after})
        assert response.status_code == 200, response.content
        answer = response.json()
        answers += 1
        numbers += answer["numbers"]
        if answer["is_complete"]:
            return time.perf_counter() - began, answers, numbers
        after = answer["scanned_to"]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
