"""The arguments of a task: text for people, a list of strings for the command."""

from __future__ import annotations

from eztaskmanager.arguments.inspection import get_parser, takes_option
from eztaskmanager.arguments.secrets import hide_secrets, hide_values, mask_secrets
from eztaskmanager.arguments.text import Item, items, to_argv, to_text
from eztaskmanager.arguments.validation import validate

__all__ = [
    "Item",
    "get_parser",
    "hide_secrets",
    "hide_values",
    "items",
    "mask_secrets",
    "takes_option",
    "to_argv",
    "to_text",
    "validate",
]
