"""The arguments of a task: text for people, a list of strings for the command."""

from __future__ import annotations

from eztaskmanager.arguments.inspection import get_parser, takes_option
from eztaskmanager.arguments.masking import hide_secrets, mask_arguments, put_secrets_back
from eztaskmanager.arguments.refining import FieldRefinement, FormRefinement
from eztaskmanager.arguments.secrets import hide_values, mask_secrets
from eztaskmanager.arguments.text import Item, items, to_argv, to_text
from eztaskmanager.arguments.validation import validate

__all__ = [
    "FieldRefinement",
    "FormRefinement",
    "Item",
    "get_parser",
    "hide_secrets",
    "hide_values",
    "items",
    "mask_arguments",
    "mask_secrets",
    "put_secrets_back",
    "takes_option",
    "to_argv",
    "to_text",
    "validate",
]
