"""Admin classes as types: subscripted for the type checker, plain at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.forms import BaseInlineFormSet

from eztaskmanager.models import AppCommand, LaunchReport, Task, TaskCategory

if TYPE_CHECKING:
    CommandModelAdmin = admin.ModelAdmin[AppCommand]
    CategoryModelAdmin = admin.ModelAdmin[TaskCategory]
    ReportModelAdmin = admin.ModelAdmin[LaunchReport]
    TaskModelAdmin = admin.ModelAdmin[Task]
    OverviewModelAdmin = admin.ModelAdmin[Any]
    ReportInline = admin.TabularInline[LaunchReport, Task]
    TaskInline = admin.TabularInline[Task, Any]
    InlineFormSet = BaseInlineFormSet[Any, Any, Any]
else:
    CommandModelAdmin = CategoryModelAdmin = ReportModelAdmin = TaskModelAdmin = OverviewModelAdmin = admin.ModelAdmin
    ReportInline = TaskInline = admin.TabularInline
    InlineFormSet = BaseInlineFormSet
