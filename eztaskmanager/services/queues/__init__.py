"""Queue services: the adapters to the engines, each loaded on first use, for each needs an extra of its own."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from eztaskmanager.exceptions import QueueUnreachable, ServiceMisconfigured, TaskQueueException
from eztaskmanager.services.queues.base import JOB, QueueStatus, TaskQueueService
from eztaskmanager.services.queues.choice import get_task_service

if TYPE_CHECKING:
    from eztaskmanager.services.queues.celery import CeleryTaskQueueService as CeleryTaskQueueService
    from eztaskmanager.services.queues.django_tasks import DjangoTasksTaskQueueService as DjangoTasksTaskQueueService
    from eztaskmanager.services.queues.memory import MemoryTaskQueueService as MemoryTaskQueueService
    from eztaskmanager.services.queues.rq import RQTaskQueueService as RQTaskQueueService

MODULES = {
    "CeleryTaskQueueService": "celery",
    "DjangoTasksTaskQueueService": "django_tasks",
    "MemoryTaskQueueService": "memory",
    "RQTaskQueueService": "rq",
}

__all__ = [
    "JOB",
    "CeleryTaskQueueService",
    "DjangoTasksTaskQueueService",
    "MemoryTaskQueueService",
    "QueueStatus",
    "QueueUnreachable",
    "RQTaskQueueService",
    "ServiceMisconfigured",
    "TaskQueueException",
    "TaskQueueService",
    "get_task_service",
]


def __getattr__(name: str) -> Any:
    if name in MODULES:
        return getattr(import_module(f"{__name__}.{MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
