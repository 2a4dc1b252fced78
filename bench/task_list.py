"""The list of tasks with 10,000 tasks and 200,000 runs, against a plain list of the admin with the same rows."""

from __future__ import annotations

import datetime as dt
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

from surroundings import database

TASKS = int(os.environ.get("BENCH_TASKS", "10000"))
RUNS_A_TASK = 20
ROUNDS = 7
QUERIES = {
    "the list": "",
    "its 100th page": "p=100",
    "grouped": "grouped=1",
    "a search": "q=task%20999",
    "late ones": "late=skipped",
}


def main() -> None:
    """Fill a database, and measure both lists on it by turns."""
    with database() as vendor:
        _fill()
        from django.contrib import admin
        from django.contrib.auth import get_user_model

        from eztaskmanager.models import Task

        user = get_user_model().objects.create_superuser("bench")
        ours, plain = admin.site.get_model_admin(Task), _plain_admin()
        print(f"{vendor}: {TASKS:,} tasks, {TASKS * RUNS_A_TASK:,} runs, {ours.list_per_page} rows a page")
        for name, query in QUERIES.items():
            base = query if query.startswith(("p=", "q=")) else ""
            _compare(vendor, name, _list(ours, user, query), _list(plain, user, base))
        states = getattr(ours, "states", None)
        if states is not None:
            keys = "&".join(f"task={pk}" for pk in Task.objects.order_by("name").values_list("pk", flat=True)[:50])
            _compare(vendor, "the states of a page", lambda: states(_request(user, keys)), _list(plain, user, ""))


def _compare(vendor: str, name: str, one: Callable[[], Any], other: Callable[[], Any]) -> None:
    times: tuple[list[float], list[float]] = ([], [])
    for n in range(ROUNDS + 1):
        for call, found in zip((one, other), times, strict=True):
            start = time.perf_counter()
            call()
            if n:
                found.append(time.perf_counter() - start)
    mine, plain = (statistics.median(found) * 1000 for found in times)
    print(f"{vendor}: {name}: {mine:.0f} ms, {mine / plain:.2f} times a plain list ({plain:.0f} ms)", flush=True)


def _request(user: Any, query: str) -> Any:
    from django.test import RequestFactory

    request: Any = RequestFactory().get(f"/?{query}")
    # As a new request's: permissions are asked for again.
    request.user = type(user).objects.get(pk=user.pk)
    return request


def _list(model_admin: Any, user: Any, query: str) -> Callable[[], Any]:
    def call() -> Any:
        answer = model_admin.changelist_view(_request(user, query))
        assert answer.status_code == 200, (query, answer)
        return answer.render()

    return call


def _plain_admin() -> Any:
    from django.contrib import admin

    from eztaskmanager.models import Task

    class Plain(admin.ModelAdmin):  # type: ignore[type-arg]
        list_display = ("name", "command", "status", "cached_last_invocation_result", "cached_next_ride", "category")
        list_filter = ("status", "cached_last_invocation_result", "category")
        list_select_related = ("command", "category")
        list_per_page = 50
        search_fields = ("name", "command__name", "command__app_name", "arguments", "note")
        ordering = ("name", "pk")

    return Plain(Task, admin.site)


def _fill() -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from eztaskmanager.models import AppCommand, LaunchReport, Task, TaskCategory

    call_command("collectcommands", verbosity=0)
    commands = list(AppCommand.objects.all()[:40])
    categories = [TaskCategory.objects.create(name=f"Category {n}", color="#0a63b0") for n in range(12)]
    now = timezone.now()
    Task.objects.bulk_create(
        (
            Task(
                name=f"task {n:05}",
                command=commands[n % len(commands)],
                category=categories[n % 12],
                arguments="--verbosity 2, --traceback",
                cron="30 6 * * *",
                status=Task.STATUS_SCHEDULED,
                cached_next_ride=now + dt.timedelta(minutes=n),
                cached_last_invocation_result="ok",
                cached_last_invocation_datetime=now,
            )
            for n in range(TASKS)
        ),
        batch_size=500,
    )
    keys = list(Task.objects.order_by("pk").values_list("pk", flat=True))
    for n in range(RUNS_A_TASK):
        begin = now - dt.timedelta(days=RUNS_A_TASK - n)
        LaunchReport.objects.bulk_create(
            (
                LaunchReport(
                    task_id=key,
                    command="x",
                    state="finished",
                    invocation_result="skipped" if (key + n) % 50 == 0 else "ok",
                    started_at=begin,
                    finished_at=begin + dt.timedelta(seconds=60 + (key * 7 + n * 13) % 20),
                    planned_at=begin,
                    trigger="schedule",
                )
                for key in keys
            ),
            batch_size=500,
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE TABLE eztaskmanager_launchreport" if connection.vendor == "mysql" else "ANALYZE")


if __name__ == "__main__":
    main()
