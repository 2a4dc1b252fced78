"""Categories with their colours, as safe HTML."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

from eztaskmanager.models import TaskCategory


def swatch(color: str) -> SafeString:
    """Show a colour, which a strict policy lets only pictures bring; empty for none."""
    if not color:
        return SafeString("")
    return format_html(
        '<svg class="ez-swatch" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" focusable="false">'
        '<rect x="0.5" y="0.5" width="11" height="11" rx="3" fill="{}" /></svg>',
        color,
    )


def category_label(category: TaskCategory | None) -> SafeString:
    """Show a category's colour and name; empty for none."""
    if category is None:
        return SafeString("")
    return format_html('<span class="ez-category">{}{}</span>', swatch(category.color), category.name)
