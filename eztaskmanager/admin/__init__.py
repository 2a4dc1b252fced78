"""The admin of commands, tasks and runs."""

from __future__ import annotations

from eztaskmanager.admin.categories import TaskCategoryAdmin
from eztaskmanager.admin.commands import AppCommandAdmin
from eztaskmanager.admin.inlines import LaunchReportInline
from eztaskmanager.admin.overview import OverviewAdmin
from eztaskmanager.admin.reports import LaunchReportAdmin
from eztaskmanager.admin.tasks import TaskAdmin

__all__ = [
    "AppCommandAdmin",
    "LaunchReportAdmin",
    "LaunchReportInline",
    "OverviewAdmin",
    "TaskAdmin",
    "TaskCategoryAdmin",
]
