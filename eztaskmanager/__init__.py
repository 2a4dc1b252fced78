"""Management commands as tasks that people launch, schedule, watch and stop from the Django admin."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path


def _read_version() -> str:
    # In a checkout pyproject.toml stands beside the package and is newer than what an old installation says.
    project = Path(__file__).resolve().parent.parent / "pyproject.toml"
    if project.is_file():
        text = project.read_text(encoding="utf-8")
        found = re.search(r'^name = "django-eztaskmanager"$.*?^version = "([^"]+)"$', text, re.MULTILINE | re.DOTALL)
        if found:
            return found.group(1)
    return version("django-eztaskmanager")


def __getattr__(name: str) -> str:
    if name == "__version__":
        return _read_version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
