"""Filters of the lists; whether they fold is the project's to say."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from eztaskmanager.admin.keys import read_key
from eztaskmanager.models import AppCommand, LaunchReport, Task, TaskCategory
from eztaskmanager.services.overview.attention import OVERDUE
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

    title = _("state")
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
        key = read_key(value)
        return queryset if key is None else queryset.filter(**{self.column: key})


class CommandFilter(_Filter):
    """Tasks by their command: all that have any, with a box to find one among hundreds."""

    title = _("command")
    parameter_name = "command"

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.is_folding = app_settings.USE_FILTER_COLLAPSE
        # Jazzmin makes of each filter a menu that can be searched.
        if not apps.is_installed("jazzmin"):
            self.template = "eztaskmanager/admin/command_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the commands of tasks; the app is named where two have the same name."""
        commands = AppCommand.objects.open_to(request.user).filter(pk__in=Task.objects.values("command"))
        found = list(commands.order_by("name", "app_name").values_list("pk", "name", "app_name"))
        counts = Counter(name for _pk, name, _app in found)
        return [(str(pk), f"{name} ({app})" if counts[name] > 1 else name) for pk, name, app in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        """Keep those of the command chosen."""
        key = read_key(self.value())
        return queryset if key is None else queryset.filter(command_id=key)

    def get_facet_queryset(self, changelist: Any) -> dict[str, int]:
        """Count nothing: each command would be a column of the counting query."""
        return {}

    def choices(self, changelist: Any) -> Any:
        """Offer them without counts."""
        has_facets, changelist.add_facets = changelist.add_facets, False
        try:
            yield from super().choices(changelist)
        finally:
            changelist.add_facets = has_facets


class LateFilter(_Filter):
    """Tasks that did not run when they were to."""

    title = _("lateness")
    parameter_name = "late"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer those that nobody runs, and those whose last slot was left out."""
        return [("overdue", _("overdue")), ("skipped", _("last slot skipped"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        """Keep the kind chosen."""
        if self.value() == "overdue":
            return queryset.filter(cached_next_ride__lte=timezone.now() - OVERDUE)
        if self.value() != "skipped":
            return queryset
        # From the skipped ones, which are few, and not from the tasks.
        planned = LaunchReport.objects.filter(planned_at__isnull=False)
        later = planned.filter(task=OuterRef("task"), pk__gt=OuterRef("pk"))
        skipped = planned.filter(~Exists(later), invocation_result=LaunchReport.RESULT_SKIPPED)
        return queryset.filter(pk__in=skipped.order_by().values("task"))


def _results() -> list[tuple[str, Any]]:
    return [choice for choice in LaunchReport.Result.choices if choice[0]]
