"""Handlers as the project's `EZTASKMANAGER_NOTIFICATION_HANDLERS` describes them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.module_loading import import_string

from eztaskmanager.arguments import hide_values
from eztaskmanager.services.notifications.base import NotificationHandler
from eztaskmanager.services.notifications.levels import parse_level
from eztaskmanager.services.notifications.rules import RULE_NAMES, Rules, read_rules
from eztaskmanager.settings import app_settings

logger = logging.getLogger(__name__)

SETTING = "EZTASKMANAGER_NOTIFICATION_HANDLERS"
LONGEST_NAME = 100
SHORTEST_SECRET = 6


@dataclass(frozen=True)
class Configured:
    """One handler of the setting; its class is not imported before it is needed.

    Attributes:
        name: Its key.
        path: Dotted path of its class.
        arguments: Of its class, the level among them if one is given.
        rules: What it is told of.
    """

    name: str
    path: str
    arguments: Mapping[str, Any]
    rules: Rules

    def load(self) -> type[NotificationHandler]:
        """Import the class. Whatever its module raises comes through."""
        found: type[NotificationHandler] = import_string(self.path)
        return found

    def make(self) -> NotificationHandler:
        """Make the handler. Whatever its class raises comes through."""
        handler = self.load()(**self.arguments)
        handler.rules = self.rules
        return handler

    @property
    def level(self) -> str:
        """The level given, or else that of the handler itself."""
        given = self.arguments.get("level")
        return self.make().level if given is None else str(given)

    def without_secrets(self, text: str) -> str:
        """Put dots in place of arguments that a text repeats, and that may be secret: tokens, addresses."""
        parts = [*app_settings.SECRET_OPTIONS, "url"]
        return hide_values(
            text,
            [
                value
                for name, given in self.arguments.items()
                if any(part in name.lower() for part in parts)
                for value in ([given] if isinstance(given, str) else given if isinstance(given, (list, tuple)) else [])
                if isinstance(value, str) and len(value) >= SHORTEST_SECRET
            ],
        )


def read_handlers() -> Iterator[Configured]:
    """Read the setting, which stays as it is; a handler that cannot be read is logged, and left out."""
    try:
        configurations = list(app_settings.NOTIFICATION_HANDLERS.items())
    except AttributeError:
        logger.error("%s is not a dictionary, so nobody is notified.", SETTING)
        return
    for name, configuration in configurations:
        try:
            yield read_handler(name, configuration)
        except Exception:  # Whatever a project may write there, the run is not to suffer from it.
            logger.exception("The notification handler %r cannot be read; see manage.py check.", name)


def read_handler(name: str, configuration: Mapping[str, Any]) -> Configured:
    """Split the dictionary of a handler into class, arguments and rules.

    Raises:
        ValueError: The name, the level or a rule means nothing.
        KeyError: It has no class.
    """
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
        raise ValueError(f"{name!r} is no name of 1 to {LONGEST_NAME} letters.")
    arguments = {key: value for key, value in configuration.items() if key not in ("class", *RULE_NAMES)}
    if "level" in arguments:
        arguments["level"] = parse_level(arguments["level"])
    rules = read_rules(configuration, timezone.get_default_timezone_name())
    return Configured(name, configuration["class"], arguments, rules)


def find_handler(name: str) -> Configured | None:
    """Read the handler of a name; None if the setting has none.

    Raises:
        ValueError: The level or a rule means nothing.
        KeyError: It has no class.
    """
    configurations = app_settings.NOTIFICATION_HANDLERS
    return read_handler(name, configurations[name]) if name in configurations else None


def get_notification_handlers() -> Iterator[NotificationHandler]:
    """Make each handler of the setting; one that cannot be made is logged, and left out."""
    for configured in read_handlers():
        try:
            handler = configured.make()
        except (Exception, SystemExit):  # A host's class may raise anything, and the run is not to suffer from it.
            logger.exception("The notification handler %r cannot be made; see manage.py check.", configured.name)
        else:
            yield handler
