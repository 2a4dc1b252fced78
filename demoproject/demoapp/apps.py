"""The demo app."""

from __future__ import annotations

from django.apps import AppConfig


class DemoAppConfig(AppConfig):
    """An app that has commands and nothing else."""

    name = "demoapp"
    verbose_name = "Demo"
