"""The admin of commands, tasks, runs, alerts and notifications."""

from __future__ import annotations

from eztaskmanager.admin.alerts import AlertAdmin
from eztaskmanager.admin.categories import TaskCategoryAdmin
from eztaskmanager.admin.commands import AppCommandAdmin
from eztaskmanager.admin.inlines import LaunchReportInline
from eztaskmanager.admin.notifications import NotificationAdmin, NotificationInline
from eztaskmanager.admin.overview import OverviewAdmin
from eztaskmanager.admin.reports import LaunchReportAdmin
from eztaskmanager.admin.tasks import TaskAdmin

__all__ = [
    "AlertAdmin",
    "AppCommandAdmin",
    "LaunchReportAdmin",
    "LaunchReportInline",
    "NotificationAdmin",
    "NotificationInline",
    "OverviewAdmin",
    "TaskAdmin",
    "TaskCategoryAdmin",
]
