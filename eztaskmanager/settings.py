"""The settings, read from the project's at the moment of use."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

from django.conf import settings

PREFIX = "EZTASKMANAGER_"

DEFAULTS: dict[str, Any] = {
    "QUEUE_SERVICE_TYPE": "RQ",
    "TASKS_BACKEND": "default",
    "TASKS": None,
    "ISOLATION": "auto",
    "MIRROR_OUTPUT": True,
    "LOST_AFTER": 60,
    "STOP_GRACE": 10,
    "LOG_SPOOL_DIR": None,
    "MAX_LOG_LINES": 2_000_000,
    "MAX_LINE_LENGTH": 1_000_000,
    "SECRET_OPTIONS": ("password", "passwd", "token", "secret", "key"),
    "ENVIRONMENT_VARIABLES": None,
    "N_REPORTS_KEPT": None,
    "N_FAILED_REPORTS_KEPT": None,
    "KEEP_DAYS": None,
    "KEEP_FAILED_DAYS": None,
    "MAX_LOG_ROWS": None,
    "MONITORING_TOKEN": None,
    "METRICS_MAX_TASKS": 100,
    "METRICS_WINDOW": 86_400,
    "NOTIFICATION_HANDLERS": {},
    "BASE_URL": None,
    "PING_LOG_LINES": None,
    "LATE_AFTER": 120,
    "STUCK_FACTOR": 2,
    "N_LINES_IN_REPORT_LOG": 10,
    "N_REPORTS_INLINE": 5,
    "SHOW_LOGVIEWER_LINK": True,
    "USE_FILTER_COLLAPSE": True,
}


class AppSettings:
    """`app_settings.NAME` is the project's `EZTASKMANAGER_NAME`, or the default.

    Attributes:
        QUEUE_SERVICE_TYPE: 'RQ', 'Celery', 'DjangoTasks', 'Memory', or a dotted path to a `TaskQueueService`.
        TASKS_BACKEND: Alias in Django's `TASKS` that the DjangoTasks service enqueues to.
        TASKS: Tasks as code, made at each `migrate`: a dictionary, or the path of a file; None for none.
        ISOLATION: 'auto' (fork where that is safe, else a fresh interpreter), 'fork', 'spawn' or 'inline'.
        MIRROR_OUTPUT: Repeat each line on the worker's standard error.
        LOST_AFTER: Seconds without a heartbeat after which a run counts as lost.
        STOP_GRACE: Seconds between asking a command to end and killing it.
        LOG_SPOOL_DIR: Directory for log lines while the database is away; None is the system's temporary one.
        MAX_LOG_LINES: Lines kept of a run, its first and its last; None keeps all.
        MAX_LINE_LENGTH: Characters kept of a line, its first and its last; None keeps all.
        SECRET_OPTIONS: Parts of the names of options whose values only the task's form shows.
        ENVIRONMENT_VARIABLES: Patterns of the names that arguments may refer to as `$env:NAME`; None for all.
        N_REPORTS_KEPT: Reports kept of a task that does not say itself; None keeps all.
        N_FAILED_REPORTS_KEPT: Reports of failed runs kept of each task, counted apart; None: with the others.
        KEEP_DAYS: Days that a report is kept; None keeps all.
        KEEP_FAILED_DAYS: Days that the report of a failed run is kept, if they are more; None for no difference.
        MAX_LOG_ROWS: Log lines kept of all runs together; the oldest logs are shortened. None keeps all.
        MONITORING_TOKEN: What a monitor shows to read health and metrics; None lets nobody in without a login.
        METRICS_MAX_TASKS: Tasks that metrics tell apart; those beyond are told together. 0 for none.
        METRICS_WINDOW: Seconds that metrics which look at reports, `recent_…`, look back.
        NOTIFICATION_HANDLERS: Name → {"class": dotted path, "level": …, the class's arguments}.
        BASE_URL: Scheme and host for links in notifications.
        PING_LOG_LINES: Last lines of log sent to the ping address of a task whose run failed; None sends none.
        LATE_AFTER: Seconds that a run may wait, for its slot to be claimed or for a worker, before an alert.
        STUCK_FACTOR: How many times its expected duration a run may take before an alert.
        N_LINES_IN_REPORT_LOG: Lines of log shown with a report in the admin.
        N_REPORTS_INLINE: Reports shown on a task's page.
        SHOW_LOGVIEWER_LINK: Whether the admin links to the log viewer.
        USE_FILTER_COLLAPSE: Whether the filters of the task list can be folded.
    """

    QUEUE_SERVICE_TYPE: str
    TASKS_BACKEND: str
    TASKS: dict[str, Any] | str | PathLike[str] | None
    ISOLATION: str
    MIRROR_OUTPUT: bool
    LOST_AFTER: float
    STOP_GRACE: float
    LOG_SPOOL_DIR: str | None
    MAX_LOG_LINES: int | None
    MAX_LINE_LENGTH: int | None
    SECRET_OPTIONS: Sequence[str]
    ENVIRONMENT_VARIABLES: Sequence[str] | None
    N_REPORTS_KEPT: int | None
    N_FAILED_REPORTS_KEPT: int | None
    KEEP_DAYS: int | None
    KEEP_FAILED_DAYS: int | None
    MAX_LOG_ROWS: int | None
    MONITORING_TOKEN: str | None
    METRICS_MAX_TASKS: int
    METRICS_WINDOW: float
    NOTIFICATION_HANDLERS: dict[str, dict[str, Any]]
    BASE_URL: str | None
    PING_LOG_LINES: int | None
    LATE_AFTER: float
    STUCK_FACTOR: float
    N_LINES_IN_REPORT_LOG: int
    N_REPORTS_INLINE: int
    SHOW_LOGVIEWER_LINK: bool
    USE_FILTER_COLLAPSE: bool

    def __getattr__(self, name: str) -> Any:
        if name not in DEFAULTS:
            raise AttributeError(f"There is no setting {PREFIX}{name}; there are {', '.join(sorted(DEFAULTS))}.")
        return getattr(settings, PREFIX + name, DEFAULTS[name])


app_settings = AppSettings()


def __getattr__(name: str) -> Any:
    # The predecessor's users import EZTASKMANAGER_… from here; the value is today's, not that of the import.
    if name.startswith(PREFIX) and name.removeprefix(PREFIX) in DEFAULTS:
        return getattr(app_settings, name.removeprefix(PREFIX))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
