"""Admin classes as types: subscripted for the type checker, plain at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.forms import BaseInlineFormSet

from eztaskmanager.models import Alert, AppCommand, LaunchReport, Notification, Task, TaskCategory

if TYPE_CHECKING:
    CommandModelAdmin = admin.ModelAdmin[AppCommand]
    CategoryModelAdmin = admin.ModelAdmin[TaskCategory]
    ReportModelAdmin = admin.ModelAdmin[LaunchReport]
    TaskModelAdmin = admin.ModelAdmin[Task]
    OverviewModelAdmin = admin.ModelAdmin[Any]
    AlertModelAdmin = admin.ModelAdmin[Alert]
    NotificationModelAdmin = admin.ModelAdmin[Notification]
    InlineBase = admin.TabularInline[Any, Any]
    InlineFormSet = BaseInlineFormSet[Any, Any, Any]
else:
    CommandModelAdmin = CategoryModelAdmin = ReportModelAdmin = TaskModelAdmin = OverviewModelAdmin = admin.ModelAdmin
    AlertModelAdmin = NotificationModelAdmin = admin.ModelAdmin
    InlineBase = admin.TabularInline
    InlineFormSet = BaseInlineFormSet
