"""Celery, through the host project's own app."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import celery
from celery import _state
from django.core.checks import CheckMessage, Error
from kombu.exceptions import KombuError

from eztaskmanager.exceptions import QueueUnreachable
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services.queues.base import QueueStatus, TaskQueueService

RUN_TASK = "eztaskmanager.run"
# Someone waits in front of a button; a report that is not handed over now is so by the next tick.
PATIENCE = {"max_retries": 1, "interval_start": 0.1, "interval_step": 0.2, "interval_max": 0.5}
# Seconds in which workers answer.
ANSWER_TIME = 1.0


@contextmanager
def reaching_the_broker() -> Iterator[None]:
    """Turn the errors of an absent broker into ours; Celery wraps those of its transports."""
    try:
        yield
    except (KombuError, OSError) as exc:
        raise QueueUnreachable(f"Celery's broker cannot be reached: {exc}") from exc


class CeleryTaskQueueService(TaskQueueService):
    """Messages to the host project's Celery app, routed as it says.

    No message has an ETA, for a broker may deliver those again and again: what is planned waits in the database.
    """

    supports_cancel = True

    @property
    def app(self) -> celery.Celery:
        """The host project's app."""
        return celery.current_app._get_current_object()

    def enqueue(self, report: LaunchReport) -> str:
        """Send the task `eztaskmanager.run`, to the task's own queue if it has one, else where the routes lead."""
        route: dict[str, Any] = {"queue": report.task.queue} if report.task.queue else {}
        # By name where the task is not registered here, as in most web processes; and inline where it is, and the
        # project runs its tasks eagerly.
        message = self.app.signature(RUN_TASK, args=(report.task_id, report.pk), app=self.app)
        with reaching_the_broker():
            message.apply_async(task_id=report.job_id, retry=True, retry_policy=PATIENCE, ignore_result=True, **route)
        return report.job_id

    def cancel(self, report: LaunchReport) -> None:
        """Tell the workers of this moment to pass the message over; one that starts later finds nothing to do."""
        with reaching_the_broker():
            self.app.control.revoke(report.job_id)

    def check(self) -> Iterable[CheckMessage]:
        """Look for the project's app; without one Celery makes up an app of its own."""
        if _state.default_app is None and getattr(_state._tls, "current_app", None) is None:
            yield Error(
                "The queue service 'Celery' finds no Celery app.",
                hint="Make one in the project's celery.py, and import it in the project's __init__.py.",
                id="eztaskmanager.E004",
            )

    def status(self) -> list[QueueStatus]:
        """Ask the workers which queues they serve, and the broker how much waits in each."""
        names = set(Task.objects.exclude(queue="").order_by().values_list("queue", flat=True).distinct())
        names.add(self.app.amqp.router.route({}, RUN_TASK)["queue"].name)
        with reaching_the_broker(), self.app.connection_for_read() as connection:
            connection.ensure_connection(**PATIENCE)
            served, reserved = self._ask_workers(connection)
            return [
                QueueStatus(name, served.count(name), _depth(connection, name) + reserved.count(name), None)
                for name in sorted(names.union(served))
            ]

    def _ask_workers(self, connection: Any) -> tuple[list[str], list[str]]:
        """Tell which queue each worker serves, and that of each message that one has fetched ahead."""
        answers = self.app.control.inspect(timeout=ANSWER_TIME, connection=connection).active_queues() or {}
        # Those that have answered are the ones to wait for.
        inspect = self.app.control.inspect(list(answers), timeout=ANSWER_TIME, connection=connection)
        fetched = (inspect.reserved() or {}) if answers else {}
        return (
            [queue["name"] for queues in answers.values() for queue in queues],
            [message["delivery_info"].get("routing_key") for messages in fetched.values() for message in messages],
        )


def _depth(connection: Any, name: str) -> int:
    # A channel each, for a broker closes it over a queue that is not there.
    channel = connection.channel()
    try:
        return int(channel.queue_declare(queue=name, passive=True).message_count)
    except connection.channel_errors:
        return 0
    finally:
        channel.close()
