"""How fast a run's log lines get into the database while a reader polls all the while, beside `logging.FileHandler`.

    python bench/log_rate_read.py [lines]

The database is chosen as the demo project does, by DEMO_DATABASE (sqlite, postgres, mysql).
"""

from __future__ import annotations

import sys
import threading
import time

from log_rate import FULL, rate, to_database, to_file
from surroundings import database

POLL_SECONDS = 0.7


def main(n_lines: int) -> None:
    """Measure, and print lines per second and their ratio."""
    with database() as vendor:
        file_rate = rate(n_lines, to_file, FULL)
        over, n_read = threading.Event(), [0]
        reader = threading.Thread(target=_read, args=(over, n_read), daemon=True)
        reader.start()
        ours = rate(n_lines, to_database)
        over.set()
        reader.join()
    print(
        f"{vendor}: {n_lines:,} lines with a reader, who had {n_read[0]:,} of them: supervised run {ours:,.0f}/s,"
        f" FileHandler {file_rate:,.0f}/s with time and level: {ours / file_rate:.2f} of it"
    )


def _read(over: threading.Event, n_read: list[int]) -> None:
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.urls import reverse

    from eztaskmanager.models import LaunchReport

    client = Client()
    client.force_login(get_user_model().objects.create_superuser("reader"))
    offset = 0
    while not over.is_set():
        report = LaunchReport.objects.order_by("-pk").first()
        if report is not None:
            address = reverse("eztaskmanager:ajax_read_log_lines", args=[report.pk])
            answer = client.get(address, {"offset": offset, "rows": 1}).json()
            n_read[0] += len(answer["new_log_lines"])
            offset = answer["next_offset"]
            if answer["new_log_lines"]:
                continue
        time.sleep(POLL_SECONDS)
    connection.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
