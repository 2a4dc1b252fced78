"""The servers that tests talk to, and what becomes of a test whose server is not there.

A test is skipped with the reason; with EZ_REQUIRE_SERVICES=1 it fails instead.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import unittest
from collections.abc import Callable
from typing import Any, TypeVar

from eztaskmanager.tests.private_servers import PrivatePostgres, PrivateRedis, find_redis_server

Tested = TypeVar("Tested")
Found = TypeVar("Found")


class ServiceMissing(Exception):
    """A server is not there; says which, and what would bring it."""


@functools.cache
def redis_url() -> str:
    """Give the address of a Redis: REDIS_URL's, or that of a private one, which ends with the tests.

    Raises:
        ServiceMissing: There is none.
    """
    import redis  # An extra.

    given = os.environ.get("REDIS_URL")
    if given:
        try:
            with redis.Redis.from_url(given, socket_timeout=10) as client:
                client.ping()
        except redis.RedisError as exc:
            raise ServiceMissing(f"No Redis answers at REDIS_URL={given!r}: {exc}") from exc
        return given
    if find_redis_server() is None:
        raise ServiceMissing("There is no Redis; install redis-server, or set REDIS_URL.")
    server = PrivateRedis()
    server.start()
    atexit.register(server.close)
    return server.url


@functools.cache
def postgres_url() -> str:
    """Give the address of the PostgreSQL that the usual variables name (PGHOST…), or the local one.

    Raises:
        ServiceMissing: There is none.
    """
    import psycopg  # An extra.

    host, port = os.environ.get("PGHOST", "127.0.0.1"), os.environ.get("PGPORT", "5432")
    user, password = os.environ.get("PGUSER", "postgres"), os.environ.get("PGPASSWORD", "")
    try:
        with psycopg.connect(host=host, port=port, user=user, password=password, dbname="postgres", connect_timeout=10):
            return f"postgresql://{user}@{host}:{port}"
    except psycopg.Error as exc:
        raise ServiceMissing(f"No PostgreSQL answers at {host}:{port} for {user}: {exc}") from exc


@functools.cache
def mysql_url() -> str:
    """Give the address of the MariaDB or MySQL that the usual variables name (MYSQL_HOST…), or the local one.

    Raises:
        ServiceMissing: There is none.
    """
    try:
        import MySQLdb  # Compiled, so not everywhere.
    except ImportError as exc:
        raise ServiceMissing("The package mysqlclient is not installed.") from exc

    host, port = os.environ.get("MYSQL_HOST", "127.0.0.1"), os.environ.get("MYSQL_TCP_PORT", "3306")
    user, password = os.environ.get("MYSQL_USER", "root"), os.environ.get("MYSQL_PWD", "")
    try:
        MySQLdb.connect(host=host, port=int(port), user=user, password=password, connect_timeout=10).close()
    except MySQLdb.Error as exc:
        raise ServiceMissing(f"No MariaDB answers at {host}:{port} for {user}: {exc}") from exc
    return f"mysql://{user}@{host}:{port}"


@functools.cache
def rabbitmq_url() -> str:
    """Give the address of the RabbitMQ that RABBITMQ_URL names, or the local one.

    Raises:
        ServiceMissing: There is none.
    """
    # Both come with the extra celery.
    from kombu.connection import Connection
    from kombu.exceptions import KombuError

    url = os.environ.get("RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")
    try:
        with Connection(url, connect_timeout=10) as connection:  # type: ignore[no-untyped-call]
            connection.ensure_connection(max_retries=2, timeout=30)
    except (OSError, KombuError) as exc:
        raise ServiceMissing(f"No RabbitMQ answers at {url!r}: {exc}") from exc
    return url


@functools.cache
def postgres_programs() -> str:
    """Give the folder of PostgreSQL's server programs, with which a `PrivatePostgres` is made.

    Raises:
        ServiceMissing: They are not there.
    """
    programs = PrivatePostgres.find_programs()
    if programs is None:
        raise ServiceMissing("There is no PostgreSQL server to start; install postgresql.")
    return str(programs)


@functools.cache
def browser_path() -> str:
    """Give the path of a Chromium, or of what CHROMIUM names.

    Raises:
        ServiceMissing: There is none.
    """
    given = os.environ.get("CHROMIUM")
    for name in [given] if given else ["chromium", "chromium-browser", "google-chrome"]:
        found = shutil.which(name)
        if found:
            return found
    raise ServiceMissing("There is no Chromium; install chromium, or set CHROMIUM to its path.")


def must_have_services() -> bool:
    """Tell whether a missing server is a failure."""
    return os.environ.get("EZ_REQUIRE_SERVICES") == "1"


def require(find: Callable[[], Found]) -> Found:
    """Give what the finder finds; a missing server skips or fails the test that asks."""
    try:
        return find()
    except (ServiceMissing, ImportError) as exc:
        if must_have_services():
            raise AssertionError(f"{exc} (EZ_REQUIRE_SERVICES=1)") from exc
        raise unittest.SkipTest(str(exc)) from exc


def requires(find: Callable[[], object]) -> Callable[[Tested], Tested]:
    """Make the decorator of tests, and of classes of tests, that need what the finder finds.

    It looks when the test runs, so that nothing is started for tests that don't.
    """

    def decorate(tested: Any) -> Any:
        if isinstance(tested, type):
            original = tested.setUpClass  # type: ignore[attr-defined]

            def set_up_class(cls: Any) -> None:
                require(find)
                original.__func__(cls)

            tested.setUpClass = classmethod(set_up_class)  # type: ignore[attr-defined]
            return tested

        @functools.wraps(tested)
        def test(*args: Any, **kwargs: Any) -> Any:
            require(find)
            return tested(*args, **kwargs)

        return test

    return decorate


requires_redis = requires(redis_url)
requires_postgres = requires(postgres_url)
requires_private_postgres = requires(postgres_programs)
requires_mysql = requires(mysql_url)
requires_rabbitmq = requires(rabbitmq_url)
requires_browser = requires(browser_path)
