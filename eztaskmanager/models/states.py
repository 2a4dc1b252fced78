"""Where a run stands, how it ended, and what made it run."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Where the run stands."""

    QUEUED = "queued", _("queued")
    STARTED = "started", _("running")
    FINISHED = "finished", _("finished")


class Result(models.TextChoices):
    """How it ended."""

    NO = "", _("none yet")
    OK = "ok", _("ok")
    WARNINGS = "warnings", _("warnings")
    ERRORS = "errors", _("errors")
    FAILED = "failed", _("failed")
    STOPPED = "stopped", _("stopped")
    TIMEOUT = "timeout", _("timed out")
    LOST = "lost", _("lost")
    SKIPPED = "skipped", _("skipped")


class Trigger(models.TextChoices):
    """What made it run."""

    MANUAL = "manual", _("by hand")
    SCHEDULE = "schedule", _("schedule")
    RETRY = "retry", _("retry")
    API = "api", _("code")
