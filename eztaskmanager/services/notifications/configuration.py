"""Handlers as the project's `EZTASKMANAGER_NOTIFICATION_HANDLERS` describes them."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string

from eztaskmanager.services.notifications.base import NotificationHandler, parse_level
from eztaskmanager.settings import app_settings

logger = logging.getLogger(__name__)

SETTING = "EZTASKMANAGER_NOTIFICATION_HANDLERS"


def get_notification_handlers() -> Iterator[NotificationHandler]:
    """Make each handler of the setting; one that cannot be made is logged, and left out."""
    try:
        configurations = list(app_settings.NOTIFICATION_HANDLERS.items())
    except AttributeError:
        logger.error("%s is not a dictionary, so nobody is notified.", SETTING)
        return
    for name, configuration in configurations:
        try:
            handler_class, arguments = _read(configuration)
            handler = handler_class(**arguments)
        except Exception:  # A host's class may raise anything, and the run is not to suffer from it.
            logger.exception("The notification handler %r cannot be made; see manage.py check.", name)
        else:
            yield handler


def _read(configuration: Mapping[str, Any]) -> tuple[type[NotificationHandler], dict[str, Any]]:
    """Split a configuration into the class and its arguments; the user's own dictionary stays as it is."""
    arguments = {name: value for name, value in configuration.items() if name != "class"}
    if "level" in arguments:
        arguments["level"] = parse_level(arguments["level"])
    return import_string(configuration["class"]), arguments


def check_handlers() -> list[CheckMessage]:
    """Look at each handler's class, level and arguments, without making one."""
    configurations = app_settings.NOTIFICATION_HANDLERS
    if not isinstance(configurations, Mapping):
        message = f"{SETTING} is {configurations!r}; it must map names to handlers."
        return [Error(message, hint='Such as {"mail": {"class": …, "level": …}}.', id="eztaskmanager.E020")]
    return [error for name, configuration in configurations.items() for error in _check(name, configuration)]


def _check(name: str, configuration: Any) -> Iterator[CheckMessage]:
    where = f"The handler {name!r} of {SETTING}"
    if not isinstance(configuration, Mapping):
        yield Error(f"{where} is {configuration!r}; it must be a dictionary.", id="eztaskmanager.E020")
        return
    try:
        parse_level(configuration.get("level", "ok"))
    except ValueError as exc:
        yield Error(f"{where} has a wrong level: {exc}", id="eztaskmanager.E023")
    path = configuration.get("class")
    if not isinstance(path, str):
        hint = 'Give the dotted path, such as "eztaskmanager.services.notifications.EmailNotificationHandler".'
        yield Error(f"{where} has no class; its 'class' is {path!r}.", hint=hint, id="eztaskmanager.E021")
        return
    try:
        handler_class = import_string(path)
    except Exception as exc:  # A host's module may raise anything while it is imported.
        hint = "Correct the dotted path."
        if isinstance(exc, ModuleNotFoundError) and (exc.name or "").partition(".")[0] == "slack_sdk":
            hint = "Install the extra: pip install django-eztaskmanager[slack]."
        yield Error(f"{where}: {path!r} cannot be imported: {exc}", hint=hint, id="eztaskmanager.E021")
        return
    if not (inspect.isclass(handler_class) and issubclass(handler_class, NotificationHandler)):
        hint = "Derive it from eztaskmanager.services.notifications.NotificationHandler."
        yield Error(f"{where}: {path!r} is not a NotificationHandler.", hint=hint, id="eztaskmanager.E022")
        return
    if inspect.isabstract(handler_class):
        yield Error(f"{where}: {path!r} does not define emit().", id="eztaskmanager.E022")
        return
    arguments = {key: value for key, value in configuration.items() if key != "class"}
    try:
        inspect.signature(handler_class).bind(**arguments)
    except TypeError as exc:
        given = ", ".join(map(str, arguments)) or "none"
        yield Error(f"{where} does not fit {path!r}: {exc} (given: {given}).", id="eztaskmanager.E024")
