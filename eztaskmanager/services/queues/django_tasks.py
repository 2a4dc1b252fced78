"""Django's Tasks framework: `django.tasks` from 6.0 on, its backport `django_tasks` before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django import VERSION
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from django.utils.module_loading import import_string

from eztaskmanager.exceptions import QueueUnreachable, ServiceMisconfigured
from eztaskmanager.models import LaunchReport
from eztaskmanager.services.queues.base import JOB, TaskQueueService, is_overdue
from eztaskmanager.settings import app_settings

if VERSION >= (6, 0) or TYPE_CHECKING:
    from django.tasks import TaskResultStatus, task, task_backends
    from django.tasks.exceptions import InvalidTask, InvalidTaskBackend, TaskResultDoesNotExist
else:
    from django_tasks import TaskResultStatus, task, task_backends
    from django_tasks.exceptions import InvalidTaskBackendError as InvalidTaskBackend
    from django_tasks.exceptions import InvalidTaskError as InvalidTask
    from django_tasks.exceptions import TaskResultDoesNotExist

DEFAULT = "default"
# Looking one up may be a query; the next tick looks up the next ones.
LOOKED_UP_AT_ONCE = 100
AWAY = (OperationalError, InterfaceError, OSError)
WITHOUT_WORKERS = ("ImmediateBackend", "DummyBackend")


def get_backend() -> Any:
    """Get the backend that `EZTASKMANAGER_TASKS_BACKEND` names.

    Raises:
        ServiceMisconfigured: `TASKS` has none of that name, or it cannot be imported.
    """
    alias = app_settings.TASKS_BACKEND
    try:
        return task_backends[alias]
    except InvalidTaskBackend as exc:
        raise ServiceMisconfigured(
            f"The queue service 'DjangoTasks' finds no usable backend {alias!r} in the setting TASKS: {exc}"
        ) from exc


def _queue_name(backend: Any, wanted: str = "") -> str:
    if wanted or not backend.queues or DEFAULT in backend.queues:
        return wanted or DEFAULT
    return str(min(backend.queues))


@task(backend=app_settings.TASKS_BACKEND, queue_name=_queue_name(get_backend()))
def run(task_id: int, report_id: int) -> None:
    """Run a report; what the backend's worker calls."""
    # Upwards, and so late: a queue service may name the job it enqueues.
    import_string(JOB)(task_id, report_id)


class DjangoTasksTaskQueueService(TaskQueueService):
    """Tasks of any backend that can enqueue."""

    supports_lookup = True

    def enqueue(self, report: LaunchReport) -> str:
        """Enqueue to the backend, which makes its own id."""
        backend = get_backend()
        try:
            job = run.using(backend=backend.alias, queue_name=_queue_name(backend, report.task.queue))
            return str(job.enqueue(report.task_id, report.pk).id)
        except (InvalidTask, InvalidTaskBackend) as exc:
            raise ServiceMisconfigured(f"The task backend {backend.alias!r} does not take the job: {exc}") from exc
        except AWAY as exc:
            raise QueueUnreachable(f"The task backend {backend.alias!r} cannot be reached: {exc}") from exc

    def missing(self, reports: Sequence[LaunchReport]) -> list[LaunchReport]:
        """Tell whose result is gone or over, or whose worker never came to the run; of those that waited for long."""
        backend = get_backend()
        now = timezone.now()
        overdue = [report for report in reports if is_overdue(report, now)][:LOOKED_UP_AT_ONCE]
        if not backend.supports_get_result:
            return overdue
        try:
            return [report for report in overdue if not _is_alive(backend, report.job_id, now)]
        except AWAY as exc:
            raise QueueUnreachable(f"The task backend {backend.alias!r} cannot be reached: {exc}") from exc

    def check(self) -> Iterable[CheckMessage]:
        """Look for a backend that has workers; what else it needs, the backend checks itself."""
        backend = get_backend()
        if type(backend).__name__ in WITHOUT_WORKERS:
            yield CheckWarning(
                f"The task backend {backend.alias!r} is {type(backend).__name__}, which has no workers.",
                hint="Tasks would run inside the request, or never. Use one such as django_tasks_db.DatabaseBackend.",
                id="eztaskmanager.W002",
            )


def _is_alive(backend: Any, job_id: str, now: dt.datetime) -> bool:
    try:
        result = backend.get_result(job_id)
    except TaskResultDoesNotExist:
        return False
    if result.status == TaskResultStatus.RUNNING:
        return result.started_at is not None and now - result.started_at < dt.timedelta(seconds=app_settings.LOST_AFTER)
    return bool(result.status == TaskResultStatus.READY)
