"""The least that each engine's worker can do: say when it began."""

from __future__ import annotations

import time
from pathlib import Path

from celery import shared_task
from django import VERSION

if VERSION >= (6, 0):
    from django.tasks import task
else:
    from django_tasks import task


def stamp(path: str, sent: float) -> None:
    """Append the seconds since it was sent to a file."""
    with Path(path).open("a") as file:
        file.write(f"{time.time() - sent}\n")


@shared_task(name="bare_jobs.stamp", ignore_result=True)
def stamp_by_celery(path: str, sent: float) -> None:
    """Stamp."""
    stamp(path, sent)


@task
def stamp_by_django(path: str, sent: float) -> None:
    """Stamp."""
    stamp(path, sent)
