"""What workers, the admin and the commands call; loaded on first use, for some of it needs an engine."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eztaskmanager.services.runner import run_management_command as run_management_command

__all__ = ["run_management_command"]


def __getattr__(name: str) -> Any:
    if name == "run_management_command":
        return import_module("eztaskmanager.services.runner").run_management_command
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
