"""The commands that tasks of a file name."""

from __future__ import annotations

from collections.abc import Collection

from django.core.management import get_commands

from eztaskmanager.models import AppCommand
from eztaskmanager.models.commands import DANGEROUS

# Application and name.
Key = tuple[str, str]


def find_command(words: str, known: Collection[Key] = ()) -> Key:
    """Find the command that is meant by "app: name", or by its name alone.

    Args:
        words: As people write it.
        known: Those in the table, which may hold some that are no longer installed.

    Raises:
        ValueError: There is none, or there are several.
    """
    app_name, colon, name = (part.strip() for part in words.rpartition(":"))
    installed = {found: app for found, app in get_commands().items() if isinstance(app, str)}
    if colon:
        if installed.get(name) == app_name or (app_name, name) in known:
            return app_name, name
        hint = f"; there is one in {installed[name]}" if name in installed else ""
        raise ValueError(f"There is no command {name!r} in the app {app_name!r}{hint}.")
    if name in installed:
        return installed[name], name
    owners = sorted(app for app, found in known if found == name)
    if len(owners) > 1:
        raise ValueError(
            f"Several apps have a command {name!r}; write one of: {', '.join(f'{o}: {name}' for o in owners)}."
        )
    if not owners:
        raise ValueError(f"There is no command {name!r} among the installed apps.")
    return owners[0], name


def collect(keys: Collection[Key]) -> dict[Key, AppCommand]:
    """Get the rows of commands; those that are not in the table yet are collected, dangerous ones as inactive."""
    rows = rows_of(keys)
    for app_name, name in sorted(set(keys) - rows.keys()):
        rows[app_name, name] = AppCommand.objects.create(app_name=app_name, name=name, active=name not in DANGEROUS)
    return rows


def rows_of(keys: Collection[Key] | None = None) -> dict[Key, AppCommand]:
    """Get the rows that are in the table, of these commands or of all."""
    rows = AppCommand.objects.order_by("-pk")
    if keys is not None:
        rows = rows.filter(name__in={name for _, name in keys})
    return {(row.app_name, row.name): row for row in rows}
