"""The house has floors: a module imports from lower ones, or from its own column, never from above or the side."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import TestCase

PACKAGE = Path(__file__).resolve().parent.parent
MAX_LINES = 400

# Module → (floor, column). What a table's line says of a package holds for all in it, unless a longer line says more.
PLACES = {
    "": (0, "root"),
    "settings": (0, "settings"),
    "exceptions": (0, "exceptions"),
    "permissions": (0, "permissions"),
    "log_extra": (0, "log_extra"),
    "signals": (0, "signals"),
    "arguments": (1, "arguments"),
    "crontabs": (1, "crontabs"),
    "durations": (1, "durations"),
    "output": (1, "output"),
    "schedules": (1, "schedules"),
    "models": (2, "models"),
    "supervision": (2, "supervision"),
    "services.backlog": (3, "log"),
    "services.log_writer": (3, "log"),
    "services.recorder": (3, "log"),
    "services.logger": (3, "log"),
    "services.log_search": (3, "log"),
    "services.log_limits": (3, "log"),
    "services.audit": (3, "audit"),
    "services.retention": (3, "retention"),
    "services.argument_checks": (3, "arguments"),
    "services.patience": (3, "patience"),
    "services.impatience": (3, "patience"),
    "services.queues": (3, "queues"),
    "services.notifications": (3, "notifications"),
    "services.scheduling": (4, "scheduling"),
    "services.alerting": (4, "alerting"),
    "services.monitoring": (4, "monitoring"),
    "services.metrics": (4, "monitoring"),
    "services.as_code": (4, "as_code"),
    "services.task_files": (4, "as_code"),
    "services.overview": (4, "overview"),
    "services": (5, "runs"),
    "services.claiming": (5, "runs"),
    "services.sideline": (5, "runs"),
    "services.runner": (5, "runs"),
    "services.ticking": (5, "runs"),
    "services.ticker": (5, "runs"),
    "tasks": (6, "tasks"),
    "management": (6, "management"),
    "admin": (6, "pages"),
    "forms": (6, "pages"),
    "templatetags": (6, "pages"),
    "urls": (6, "pages"),
    "views": (6, "pages"),
    "apps": (7, "apps"),
    "checks": (7, "checks"),
    "tests": (9, "tests"),
    "migrations": (9, "migrations"),
}
# Imports inside a function that go up or aside, and why they may.
SANCTIONED = {
    # The names of the predecessor: its models know the notification handlers.
    ("models.reports", "services.notifications"),
    # Ready is the moment at which checks are registered.
    ("apps", "checks"),
}
# What an extra brings → the only files that may import it.
OPTIONAL = {
    "rq": {"services.queues.rq", "services.queues.rq_timers"},
    "redis": {"services.queues.rq", "services.queues.rq_timers"},
    "django_rq": {"services.queues.rq", "services.queues.rq_timers"},
    "rq_scheduler": {"services.queues.rq_timers"},
    "celery": {"services.queues.celery", "tasks"},
    "kombu": {"services.queues.celery"},
    "django_tasks": {"services.queues.django_tasks"},
    "django_tasks_db": {"services.queues.django_tasks"},
    "slack_sdk": {"services.notifications.slack"},
    "requests": {"services.notifications.http"},
    "apprise": {"services.notifications.apprise"},
    "prometheus_client": {"services.metrics"},
    "yaml": {"services.task_files"},
    "psycopg": {"services.log_writer"},
    "MySQLdb": {"services.log_writer"},
}
PURE = ("arguments", "crontabs", "durations", "output", "schedules")


@dataclass(frozen=True)
class Import:
    """One imported name."""

    source: str
    target: str
    is_late: bool
    line: int

    def __str__(self) -> str:
        return f"{self.source}, line {self.line}, imports {self.target}"


def module_name(path: Path) -> str:
    """Give the dotted name of a file inside the package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources() -> Iterator[tuple[str, Path]]:
    """Give all modules of the package itself."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = module_name(path)
        if name.split(".")[0] not in ("tests", "migrations"):
            yield name, path


MODULES = dict(sources())


def find_imports(name: str, path: Path) -> Iterator[Import]:
    """Give the imports of a file, those for the type checker left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    late: set[ast.AST] = set()
    unseen: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            late.update(ast.walk(node))
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for part in node.body:
                unseen.update(ast.walk(part))
    for node in ast.walk(tree):
        if node in unseen:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, alias.name, node in late, node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                is_module = whole.removeprefix("eztaskmanager.") in MODULES
                yield Import(name, whole if is_module else node.module, node in late, node.lineno)


ALL_IMPORTS = [found for name, path in MODULES.items() for found in find_imports(name, path)]


def place_of(module: str) -> tuple[int, str]:
    """Give the floor and the column of a module.

    Raises:
        LookupError: It has none in the table.
    """
    if not module:
        return PLACES[""]
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        key = ".".join(parts[:length])
        # A package that only holds others says nothing of them.
        if key in PLACES and not (key == "services" and length < len(parts)):
            return PLACES[key]
    raise LookupError(f"{module} has no place in the house; give it one in PLACES.")


class FloorTests(TestCase):
    def test_every_module_has_its_place(self) -> None:
        for name in MODULES:
            with self.subTest(module=name):
                place_of(name)

    def test_imports_go_downwards_or_stay_in_their_column(self) -> None:
        for found in ALL_IMPORTS:
            if found.target.split(".")[0] != "eztaskmanager":
                continue
            target = found.target.removeprefix("eztaskmanager").removeprefix(".")
            if found.is_late and any(
                (found.source, target) == (source, wanted)
                or (found.source == source and target.startswith(f"{wanted}."))
                for source, wanted in SANCTIONED
            ):
                continue
            floor, column = place_of(found.source)
            target_floor, target_column = place_of(target)
            with self.subTest(str(found)):
                self.assertTrue(
                    target_floor < floor or (target_floor, target_column) == (floor, column),
                    f"{found}: that is floor {target_floor}, {target_column}; it is itself on {floor}, {column}.",
                )

    def test_what_an_extra_brings_is_imported_by_one_file(self) -> None:
        for found in ALL_IMPORTS:
            top = found.target.split(".")[0]
            if top in OPTIONAL:
                with self.subTest(str(found)):
                    self.assertIn(found.source, OPTIONAL[top])

    def test_pure_modules_know_neither_database_nor_network(self) -> None:
        for found in ALL_IMPORTS:
            if found.source.split(".")[0] in PURE:
                with self.subTest(str(found)):
                    self.assertFalse(found.target.startswith(("django.db", "django.apps", "socket", "urllib.request")))

    def test_no_file_does_two_things_by_its_length(self) -> None:
        for name, path in MODULES.items():
            with self.subTest(module=name):
                self.assertLessEqual(len(path.read_text(encoding="utf-8").splitlines()), MAX_LINES)

    def test_no_table_speaks_of_what_is_gone(self) -> None:
        for name in PLACES:
            with self.subTest(module=name):
                self.assertTrue(not name or name in ("tests", "migrations") or name in MODULES)
