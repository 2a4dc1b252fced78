"""Rows for tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission, User
from django.core.management import get_commands
from django.utils import timezone

from eztaskmanager.models import AppCommand, LaunchReport, Task


def make_command(name: str = "check", **fields: Any) -> AppCommand:
    """Make the row of a command that is installed, or get it."""
    command, _ = AppCommand.objects.get_or_create(name=name, app_name=get_commands()[name], defaults=fields)
    return command


def make_task(command: str = "check", arguments: str = "", **fields: Any) -> Task:
    """Make a task of a command that is installed."""
    fields.setdefault("name", f"{command} {arguments}".strip()[:255])
    return Task.objects.create(command=make_command(command), arguments=arguments, **fields)


def make_report(task: Task | None = None, **fields: Any) -> LaunchReport:
    """Make a report, queued unless told otherwise, that no queue is told of."""
    task = task or make_task()
    fields.setdefault("command", task.command.name)
    fields.setdefault("arguments", task.arguments)
    return LaunchReport.objects.create(task=task, **fields)


def make_runs(task: Task, *seconds: float, **fields: Any) -> list[LaunchReport]:
    """Make runs that took so many seconds, one each hour, the last of which ended just now."""
    fields = {"state": "finished", "invocation_result": "ok", **fields}
    now, reports = timezone.now(), []
    for n, value in enumerate(seconds):
        end = now - dt.timedelta(hours=len(seconds) - 1 - n)
        reports.append(make_report(task, started_at=end - dt.timedelta(seconds=value), finished_at=end, **fields))
    Task.objects.filter(pk=task.pk).derive()
    return reports


def make_user(name: str = "olivia", *permissions: str, is_superuser: bool = False) -> User:
    """Make a staff user with the permissions named by their code names."""
    user = get_user_model().objects.create_user(name, password=name, is_staff=True, is_superuser=is_superuser)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user
