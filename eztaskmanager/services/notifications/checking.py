"""What is wrong in the project's `EZTASKMANAGER_NOTIFICATION_HANDLERS`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.checks import CheckMessage, Error, Warning as CheckWarning
from django.utils import timezone
from django.utils.module_loading import import_string

from eztaskmanager.services.notifications.base import NotificationHandler
from eztaskmanager.services.notifications.configuration import LONGEST_NAME, SETTING
from eztaskmanager.services.notifications.levels import parse_level
from eztaskmanager.services.notifications.rules import RULE_NAMES, read_rules
from eztaskmanager.settings import app_settings

# What a class needs → the extra that brings it.
EXTRAS = {"slack_sdk": "slack", "requests": "webhook", "apprise": "apprise"}


def check_handlers() -> list[CheckMessage]:
    """Look at each handler's class, level, rules and arguments; of a project's own classes none is made."""
    configurations = app_settings.NOTIFICATION_HANDLERS
    if not isinstance(configurations, Mapping):
        message = f"{SETTING} is {configurations!r}; it must map names to handlers."
        return [Error(message, hint='Such as {"mail": {"class": …, "level": …}}.', id="eztaskmanager.E020")]
    return [error for name, configuration in configurations.items() for error in _check(name, configuration)]


def _check(name: object, configuration: Any) -> Iterator[CheckMessage]:
    where = f"The handler {name!r} of {SETTING}"
    if not isinstance(configuration, Mapping):
        yield Error(f"{where} is {configuration!r}; it must be a dictionary.", id="eztaskmanager.E020")
        return
    if not isinstance(name, str) or not name or len(name) > LONGEST_NAME:
        yield Error(f"{where} needs a name of 1 to {LONGEST_NAME} letters.", id="eztaskmanager.E026")
    try:
        parse_level(configuration.get("level", "ok"))
    except ValueError as exc:
        yield Error(f"{where} has a wrong level: {exc}", id="eztaskmanager.E023")
    try:
        read_rules(configuration, timezone.get_default_timezone_name())
    except ValueError as exc:
        yield Error(f"{where} has a wrong rule {exc}.", id="eztaskmanager.E025")
    yield from _check_class(where, configuration)


def _check_class(where: str, configuration: Mapping[str, Any]) -> Iterator[CheckMessage]:
    path = configuration.get("class")
    if not isinstance(path, str):
        hint = 'Give the dotted path, such as "eztaskmanager.services.notifications.EmailNotificationHandler".'
        yield Error(f"{where} has no class; its 'class' is {path!r}.", hint=hint, id="eztaskmanager.E021")
        return
    try:
        handler_class = import_string(path)
    except (Exception, SystemExit) as exc:  # A host's module may raise anything while it is imported.
        hint = "Correct the dotted path."
        missing = (exc.name or "").partition(".")[0] if isinstance(exc, ModuleNotFoundError) else ""
        if missing in EXTRAS:
            hint = f"Install the extra: pip install django-eztaskmanager[{EXTRAS[missing]}]."
        fault = f"SystemExit: {exc}" if isinstance(exc, SystemExit) else exc
        yield Error(f"{where}: {path!r} cannot be imported: {fault}", hint=hint, id="eztaskmanager.E021")
        return
    if not (inspect.isclass(handler_class) and issubclass(handler_class, NotificationHandler)):
        hint = "Derive it from eztaskmanager.services.notifications.NotificationHandler."
        yield Error(f"{where}: {path!r} is not a NotificationHandler.", hint=hint, id="eztaskmanager.E022")
        return
    if inspect.isabstract(handler_class):
        methods = " and ".join(f"{name}()" for name in sorted(handler_class.__abstractmethods__))
        yield Error(f"{where}: {path!r} does not define {methods}.", id="eztaskmanager.E022")
        return
    if configuration.get("alerts") and not handler_class.supports_alerts:
        hint = "Derive it from MessageHandler, or leave 'alerts' out."
        yield CheckWarning(f"{where}: {path!r} cannot tell of alerts.", hint=hint, id="eztaskmanager.W020")
    arguments = {key: value for key, value in configuration.items() if key not in ("class", *RULE_NAMES)}
    try:
        inspect.signature(handler_class).bind(**arguments)
    except TypeError as exc:
        given = ", ".join(map(str, arguments)) or "none"
        yield Error(f"{where} does not fit {path!r}: {exc} (given: {given}).", id="eztaskmanager.E024")
        return
    if not handler_class.__module__.startswith(f"{__package__}."):
        # What a project's own class does when it is made is not known.
        return
    try:
        # The level is looked at by itself.
        handler_class(**{**arguments, "level": "ok"})
    except ValueError as exc:
        # No error: on a developer's machine the secrets may be missing, and all else is to work there.
        hint = "What it has to tell is on record as failed until then."
        yield CheckWarning(f"{where} has a wrong argument: {exc}", hint=hint, id="eztaskmanager.W021")
