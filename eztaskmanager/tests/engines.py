"""The engines with their servers and workers, for tests to run the same cases against each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import celery
from celery import _state
from django.apps import apps
from django.test import override_settings

from eztaskmanager.services.queues import get_task_service
from eztaskmanager.tests.private_servers import PrivateRedis, find_redis_server, free_port
from eztaskmanager.tests.services import ServiceMissing, rabbitmq_url, require
from eztaskmanager.tests.workers import RQ_WORKER, TASKS_WORKER, WorkerTestCase, celery_worker


def private_redis() -> PrivateRedis:
    """Start a Redis that the test may stop, where there is one to start."""
    require(_find_redis)
    server = PrivateRedis()
    server.start()
    return server


def _find_redis() -> str:
    found = find_redis_server()
    if found is None:
        raise ServiceMissing("There is no redis-server to start; install redis-server.")
    return found


class EngineTestCase(WorkerTestCase):
    """A queue service, its broker, and one worker."""

    service_type: ClassVar[str]
    project_settings: ClassVar[dict[str, Any]]
    variables: ClassVar[dict[str, str]]

    @classmethod
    def setUpClass(cls) -> None:
        # Before what the parent starts, for a missing server skips the class.
        cls.project_settings = {"EZTASKMANAGER_QUEUE_SERVICE_TYPE": cls.service_type}
        cls.variables = {"DEMO_QUEUE": cls.service_type}
        cls.start_broker()
        overridden = override_settings(**cls.project_settings)
        overridden.enable()
        cls.addClassCleanup(overridden.disable)
        super().setUpClass()
        cls.start_workers()

    @classmethod
    def start_broker(cls) -> None:
        """Start the broker, and say how this process and the workers find it."""

    @classmethod
    def start_workers(cls) -> None:
        """Start one worker."""
        raise NotImplementedError

    @contextmanager
    def broker_away(self) -> Iterator[None]:
        """Have the broker not answer for a while."""
        raise NotImplementedError
        yield

    @property
    def service(self) -> Any:
        """The service in use."""
        return get_task_service()


class RQEngine(EngineTestCase):
    """RQ on a Redis of its own."""

    service_type = "RQ"
    redis: ClassVar[PrivateRedis]

    @classmethod
    def start_broker(cls) -> None:
        cls.redis = private_redis()
        cls.addClassCleanup(cls.redis.close)
        cls.project_settings["RQ_QUEUES"] = {"default": {"URL": cls.redis.url}, "other": {"URL": cls.redis.url}}
        cls.variables["REDIS_URL"] = cls.redis.url

    @classmethod
    def start_workers(cls) -> None:
        cls.start_worker(RQ_WORKER, cls.variables)

    @contextmanager
    def broker_away(self) -> Iterator[None]:
        self.redis.stop()
        try:
            yield
        finally:
            self.redis.start()
            # A worker may have given up, as its process manager knows to mend.
            for worker in self.workers:
                worker.end()
                worker.start()


class DjangoTasksEngine(EngineTestCase):
    """Django's Tasks on the database."""

    service_type = "DjangoTasks"

    @classmethod
    def start_workers(cls) -> None:
        cls.start_worker(TASKS_WORKER, cls.variables)

    def tearDown(self) -> None:
        super().tearDown()
        # The worker would die over a row that is emptied from under it, which belongs to the test.
        rows = apps.get_model("django_tasks_database", "DBTaskResult")._default_manager.filter(finished_at=None)
        self.wait_until(lambda: not rows.exists(), "the worker to be done with all its tasks")


class CeleryEngine(EngineTestCase):
    """Celery, with a queue of the test's own."""

    service_type = "Celery"
    pool: ClassVar[str] = "prefork"
    app: ClassVar[Any]
    queue_name: ClassVar[str]

    @classmethod
    def start_broker(cls) -> None:
        url = cls.broker_url()
        cls.variables["DEMO_BROKER_URL"] = url
        cls.queue_name = f"ez-{free_port()}-{cls.__name__.lower()}"
        cls.app = celery.Celery("tests", broker=url)
        cls.app.conf.task_default_queue = cls.queue_name
        previous = _state._tls.current_app
        cls.app.set_current()
        cls.addClassCleanup(_state._set_current_app, previous)
        cls.addClassCleanup(cls.forget_broker)

    @classmethod
    def broker_url(cls) -> str:
        """Give the broker's address."""
        raise NotImplementedError

    @classmethod
    def start_workers(cls) -> None:
        cls.start_worker(celery_worker(cls.pool), cls.variables, CELERY_TASK_DEFAULT_QUEUE=cls.queue_name)

    @classmethod
    def forget_broker(cls) -> None:
        """Leave nothing there."""
        with cls.app.connection_for_write() as connection:
            connection.channel().queue_delete(cls.queue_name)
        cls.app.close()

    @contextmanager
    def broker_away(self) -> Iterator[None]:
        scheme = self.app.conf.broker_url.partition(":")[0]
        celery.Celery("astray", broker=f"{scheme}://127.0.0.1:{free_port()}//").set_current()
        try:
            yield
        finally:
            self.app.set_current()


class CeleryOnRedis(CeleryEngine):
    """Celery on a Redis of its own."""

    @classmethod
    def broker_url(cls) -> str:
        redis = private_redis()
        cls.addClassCleanup(redis.close)
        return redis.url


class CeleryOnRabbitMQ(CeleryEngine):
    """Celery on the RabbitMQ that is there."""

    @classmethod
    def broker_url(cls) -> str:
        return require(rabbitmq_url)
