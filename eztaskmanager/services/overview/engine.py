"""How the queues are, asked at most once in some seconds however many look."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.core.cache import cache
from django.db import Error as DatabaseError

from eztaskmanager.exceptions import EzTaskManagerError
from eztaskmanager.services.queues import QueueStatus, get_task_service
from eztaskmanager.settings import app_settings

logger = logging.getLogger(__name__)

KEPT = 5
KEY = "eztaskmanager.overview.engine"


@dataclass(frozen=True)
class Engine:
    """The queue service and its queues.

    Attributes:
        service: As the settings name it.
        queues: What it tells; empty when it does not answer.
        error: Why it does not; empty when it does.
    """

    service: str
    queues: tuple[QueueStatus, ...]
    error: str = ""


def ask_engine() -> Engine:
    """Ask how the queues are; an engine that is away is told of, never raised."""
    service = str(app_settings.QUEUE_SERVICE_TYPE)
    key = f"{KEY}.{service}"
    known = cache.get(key)
    if isinstance(known, Engine):
        return known
    try:
        engine = Engine(service, tuple(get_task_service().status()))
    except (EzTaskManagerError, DatabaseError) as exc:
        engine = Engine(service, (), str(exc))
    except Exception as exc:  # An engine's client, or a project's own service, may raise anything; the page goes on.
        logger.exception("The queue service %s fails to tell how it is", service)
        engine = Engine(service, (), f"{type(exc).__name__}: {exc}")
    cache.set(key, engine, KEPT)
    return engine
