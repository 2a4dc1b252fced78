"""The demo project's database: SQLite, or what DEMO_DATABASE names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def get_database(kind: str, name: str, folder: Path) -> dict[str, Any]:
    """Give the entry for `DATABASES`.

    Args:
        kind: sqlite, postgres or mysql.
        name: The database; with SQLite a path, or a name from which a path in `folder` is made.
        folder: Where SQLite's file lies.

    Raises:
        ValueError: There is no such kind.
    """
    if kind == "sqlite":
        return _sqlite(Path(name) if os.sep in name else folder / f"{name}.sqlite3")
    if kind == "postgres":
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name,
            "HOST": os.environ.get("PGHOST", "127.0.0.1"),
            "PORT": os.environ.get("PGPORT", "5432"),
            "USER": os.environ.get("PGUSER", "postgres"),
            "PASSWORD": os.environ.get("PGPASSWORD", ""),
        }
    if kind == "mysql":
        return {
            "ENGINE": "django.db.backends.mysql",
            "NAME": name,
            "HOST": os.environ.get("MYSQL_HOST", "127.0.0.1"),
            "PORT": os.environ.get("MYSQL_TCP_PORT", "3306"),
            "USER": os.environ.get("MYSQL_USER", "root"),
            "PASSWORD": os.environ.get("MYSQL_PWD", ""),
            "OPTIONS": {"charset": "utf8mb4"},
            "TEST": {"CHARSET": "utf8mb4"},
        }
    raise ValueError(f"DEMO_DATABASE is {kind!r}; it may be sqlite, postgres or mysql.")


def _sqlite(path: Path) -> dict[str, Any]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            "timeout": 30,
            # A transaction waits for its turn at the start, where it can; later it would fail at once.
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        },
        # A file in the tests too: their threads and processes see it.
        "TEST": {"NAME": str(path.with_name(f"{path.stem}-test.sqlite3"))},
    }
