"""Waits in each of the ways there are, until it is stopped."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

ENDLESS = {
    "postgresql": "SELECT pg_sleep(600)",
    "mysql": "SELECT SLEEP(600)",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
}


class Command(BaseCommand):
    help = "Waits in the way that is named."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("way")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            print("waiting")
            getattr(self, f"wait_{options['way']}")()
        finally:
            print("cleaned up")

    def wait_asleep(self) -> None:
        time.sleep(600)

    def wait_busy(self) -> None:
        while True:
            try:
                sum(range(1000))
            except Exception:  # As careless as some are.
                pass

    def wait_for_child(self) -> None:
        subprocess.run(["sleep", "600"], check=True)

    def wait_asyncio(self) -> None:
        async def spin() -> None:
            while True:
                await asyncio.sleep(0)
                time.sleep(0.01)

        asyncio.run(spin())

    def wait_database(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"{ENDLESS[connection.vendor]} -- ez_wait")
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 42")
                print(f"the connection still works: {cursor.fetchone()[0]}")

    def wait_deaf(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("deaf")
        time.sleep(600)

    def wait_flood(self) -> None:
        subprocess.run(["yes", "flood"], check=True)
