"""Which queue service the project uses."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.dispatch import receiver

from eztaskmanager.exceptions import ServiceMisconfigured
from eztaskmanager.services.queues.base import TaskQueueService
from eztaskmanager.settings import app_settings

PACKAGE = "eztaskmanager.services.queues"
SERVICES = {
    "RQ": f"{PACKAGE}.rq.RQTaskQueueService",
    "Celery": f"{PACKAGE}.celery.CeleryTaskQueueService",
    "DjangoTasks": f"{PACKAGE}.django_tasks.DjangoTasksTaskQueueService",
    "Memory": f"{PACKAGE}.memory.MemoryTaskQueueService",
}
# Service → its extra, and the modules that the extra brings.
EXTRAS = {
    "RQ": ("rq", ("django_rq", "rq", "redis")),
    "Celery": ("celery", ("celery", "kombu", "billiard")),
    "DjangoTasks": ("tasks", ("django_tasks", "django_tasks_db")),
}


def get_task_service() -> TaskQueueService:
    """Get the service that `EZTASKMANAGER_QUEUE_SERVICE_TYPE` names.

    Raises:
        ServiceMisconfigured: The name is not one, its extra is missing, or its module cannot be imported.
    """
    return _load(app_settings.QUEUE_SERVICE_TYPE)


@lru_cache(maxsize=None)
def _load(name: str) -> TaskQueueService:
    path = SERVICES.get(name, name)
    if not isinstance(path, str) or "." not in path:
        raise ServiceMisconfigured(
            f"EZTASKMANAGER_QUEUE_SERVICE_TYPE is {name!r}; it may be one of {', '.join(map(repr, SERVICES))},"
            " or the dotted path of a TaskQueueService."
        )
    module_name, _, class_name = path.rpartition(".")
    try:
        service = getattr(import_module(module_name), class_name)
    except ImportError as exc:
        raise ServiceMisconfigured(_missing(name, exc)) from exc
    except (AttributeError, ImproperlyConfigured) as exc:
        raise ServiceMisconfigured(f"The queue service {name!r} cannot be used: {exc}") from exc
    if not (isinstance(service, type) and issubclass(service, TaskQueueService)):
        raise ServiceMisconfigured(
            f"EZTASKMANAGER_QUEUE_SERVICE_TYPE is {name!r}, which is not a subclass of TaskQueueService."
        )
    return service()


def _missing(name: str, exc: ImportError) -> str:
    extra, modules = EXTRAS.get(name, ("", ()))
    if (exc.name or "").partition(".")[0] in modules:
        return (
            f"The queue service {name!r} needs a package that is not installed ({exc.name});"
            f' install it with: pip install "django-eztaskmanager[{extra}]"'
        )
    return f"The queue service {name!r} cannot be imported: {exc}"


@receiver(setting_changed, dispatch_uid="eztaskmanager.forget_task_service")
def _forget(setting: str, **kwargs: Any) -> None:
    if setting in ("EZTASKMANAGER_QUEUE_SERVICE_TYPE", "EZTASKMANAGER_TASKS_BACKEND", "RQ_QUEUES", "TASKS"):
        _load.cache_clear()
