"""Run the benches, each on every database that answers.

    python bench/run.py [name …]

BENCH_DATABASES says which databases, of sqlite, postgres and mysql; by default all that answer.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
HELPERS = {"run", "surroundings", "bare_jobs"}


def find_benches() -> list[str]:
    """Give the names of all benches."""
    paths = (path for path in HERE.glob("*.py") if path.name != Path(__file__).name)
    return sorted(path.stem for path in paths if '\nif __name__ == "__main__":' in path.read_text(encoding="utf-8"))


def find_databases() -> Iterator[str]:
    """Give the databases that answer."""
    given = os.environ.get("BENCH_DATABASES")
    if given:
        yield from given.replace(",", " ").split()
        return
    sys.path.insert(0, str(ROOT))

    from eztaskmanager.tests import services  # Only here: the path was not there before.

    yield "sqlite"
    for name, find in (("postgres", services.postgres_url), ("mysql", services.mysql_url)):
        try:
            find()
        except (services.ServiceMissing, ImportError) as exc:
            print(f"Without {name}: {exc}")
        else:
            yield name


def main(names: list[str]) -> int:
    """Run the named benches, or all; tell how many failed."""
    known = find_benches()
    unknown = sorted(set(names) - set(known))
    if unknown:
        print(f"There is no bench {', '.join(unknown)}; there are {', '.join(known)}.", file=sys.stderr)
        return 2
    print(
        f"Python {platform.python_version()}, Django {version('Django')}, {os.cpu_count()} cores,"
        f" {platform.system()} {platform.machine()}"
    )
    n_failed = 0
    databases = list(find_databases())
    for name in names or known:
        print(f"\n{name}", flush=True)
        for database in databases:
            environment = {**os.environ, "DEMO_DATABASE": database, "DEMO_QUEUE": "memory"}
            environment.setdefault("DEMO_DATABASE_NAME", "ez_bench")
            done = subprocess.run([sys.executable, str(HERE / f"{name}.py")], env=environment, check=False)
            if done.returncode:
                n_failed += 1
                print(f"  on {database}: failed with {done.returncode}")
    return int(n_failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
