"""A project that shows django-eztaskmanager, and in which its tests run."""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("celery"):
    # Celery's own advice: so that `shared_task` finds this app in every process.
    from demoproject.celery import app as celery_app  # noqa: F401
