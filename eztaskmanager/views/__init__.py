"""Pages and answers about the log of a run."""

from __future__ import annotations

from eztaskmanager.views.commanding import LaunchAgainView, StopRunView
from eztaskmanager.views.health import HealthView
from eztaskmanager.views.metrics import MetricsView
from eztaskmanager.views.pages import LiveLogViewerView, LogViewerView
from eztaskmanager.views.polling import AjaxReadLogLines, FindLogLines

__all__ = [
    "AjaxReadLogLines",
    "FindLogLines",
    "HealthView",
    "LaunchAgainView",
    "LiveLogViewerView",
    "LogViewerView",
    "MetricsView",
    "StopRunView",
]
