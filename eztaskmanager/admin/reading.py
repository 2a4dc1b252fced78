"""Inlines that are only read."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from eztaskmanager.admin.typing import InlineBase, InlineFormSet


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


class ReadOnlyInline(InlineBase):
    """Rows of a table that only shows; they are made, edited and deleted elsewhere."""

    formset = ReadOnlyFormSet
    extra = 0
    max_num = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here."""
        return False
