"""Inlines that are only read."""

from __future__ import annotations

from typing import Any

from eztaskmanager.admin.typing import InlineFormSet


class ReadOnlyFormSet(InlineFormSet):
    """Reads nothing from the post, so that a row that came or went meanwhile does no harm."""

    def __init__(self, data: Any = None, files: Any = None, **kwargs: Any) -> None:
        super().__init__(None, None, **kwargs)

    def is_valid(self) -> bool:
        """Nothing can be wrong."""
        return True

    def save(self, commit: bool = True) -> list[Any]:
        """Change nothing."""
        self.new_objects: list[Any] = []
        self.changed_objects: list[Any] = []
        self.deleted_objects: list[Any] = []
        return []
