"""Filters of the lists; whether they fold is the project's to say."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from eztaskmanager.models import LaunchReport, Task, TaskCategory
from eztaskmanager.settings import app_settings


class _Filter(admin.SimpleListFilter):
    """Takes Django's own template, which folds, or ours, which does not."""

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.template = (
            "admin/filter.html" if app_settings.USE_FILTER_COLLAPSE else "eztaskmanager/admin/flat_filter.html"
        )


class StatusFilter(_Filter):
    """Tasks by what they are about."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the statuses, and paused."""
        return [*Task.Status.choices, ("paused", _("paused")), ("error", _("schedule in error"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        """Keep those of the status chosen."""
        if self.value() in Task.Status.values:
            return queryset.filter(status=self.value())
        if self.value() == "paused":
            return queryset.filter(is_paused=True)
        return queryset.exclude(schedule_error="") if self.value() == "error" else queryset


class LastResultFilter(_Filter):
    """Tasks by how their last run ended."""

    title = _("last result")
    parameter_name = "cached_last_invocation_result"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the results, and never run."""
        return [*_results(), ("never", _("never run"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        """Keep those with the result chosen."""
        if self.value() == "never":
            return queryset.filter(cached_last_invocation_datetime=None)
        return queryset.filter(cached_last_invocation_result=self.value()) if self.value() else queryset


class CategoryFilter(_Filter):
    """Tasks, or reports, by the category of the task."""

    title = _("category")
    parameter_name = "category"
    column = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the categories, and none."""
        return [*((str(pk), name) for pk, name in TaskCategory.objects.values_list("pk", "name")), ("none", _("none"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep those of the category chosen."""
        value = self.value()
        if value == "none":
            return queryset.filter(**{self.column: None})
        return queryset.filter(**{self.column: value}) if value and _is_number(value) else queryset


def _results() -> list[tuple[str, Any]]:
    return [choice for choice in LaunchReport.Result.choices if choice[0]]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
