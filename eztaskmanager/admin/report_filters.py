"""Filters of the run history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from eztaskmanager.admin.filters import CategoryFilter, _Filter, _results
from eztaskmanager.admin.keys import read_key
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services.overview.past import start_of
from eztaskmanager.settings import app_settings
from eztaskmanager.views.access import visible_reports

MOST_CHOICES = 30
N_LOOKED_AT = 1_000


class TaskCategoryFilter(CategoryFilter):
    """Reports by the category of their task."""

    column = "task__category"


class ResultFilter(_Filter):
    """Reports by how their run ended, or where it stands."""

    title = _("result")
    parameter_name = "result"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the results, and the states before them."""
        states = LaunchReport.State
        return [*_results(), (states.QUEUED.value, states.QUEUED.label), (states.STARTED.value, states.STARTED.label)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LaunchReport]) -> QuerySet[LaunchReport]:
        """Keep those with the result or state chosen."""
        value = self.value()
        if value in LaunchReport.State.values:
            return queryset.filter(state=value)
        return queryset.filter(invocation_result=value) if value else queryset


class TriggerFilter(_Filter):
    """Reports by what made them run."""

    title = _("trigger")
    parameter_name = "trigger"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the triggers."""
        return list(LaunchReport.Trigger.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[LaunchReport]) -> QuerySet[LaunchReport]:
        """Keep those with the trigger chosen."""
        return queryset.filter(trigger=self.value()) if self.value() else queryset


class UserFilter(_Filter):
    """Reports by who launched them."""

    title = _("user")
    parameter_name = "user"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the names of the latest runs, the one chosen, and no one's."""
        latest = visible_reports(request.user).order_by("-pk").values_list("launched_by_name", flat=True)
        # All names there ever were would cost a look at each report.
        found = {*latest[:N_LOOKED_AT], request.GET.get(self.parameter_name, "")} - {"", "-"}
        return [*((name, name) for name in sorted(found)[:MOST_CHOICES]), ("-", _("nobody"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LaunchReport]) -> QuerySet[LaunchReport]:
        """Keep those of the user chosen."""
        value = self.value()
        return queryset.filter(launched_by_name="" if value == "-" else value) if value else queryset


class TaskFilter(_Filter):
    """Reports of one task: those with the latest runs to choose from, any by its number in the address."""

    title = _("task")
    parameter_name = "task"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the tasks that ran last, and the one chosen."""
        tasks = Task.objects.visible_to(request.user)
        latest = tasks.exclude(cached_last_invocation_datetime=None).order_by("-cached_last_invocation_datetime")
        found = {str(pk): name for pk, name in latest.values_list("pk", "name")[:MOST_CHOICES]}
        chosen = read_key(request.GET.get(self.parameter_name))
        if chosen is not None and str(chosen) not in found:
            found.update((str(pk), name) for pk, name in tasks.filter(pk=chosen).values_list("pk", "name"))
        return sorted(found.items(), key=lambda item: item[1].casefold())

    def queryset(self, request: HttpRequest, queryset: QuerySet[LaunchReport]) -> QuerySet[LaunchReport]:
        """Keep those of the task chosen."""
        key = read_key(self.value())
        return queryset if key is None else queryset.filter(task_id=key)


class LaunchedFilter(admin.ListFilter):
    """Reports by the days on which they were launched, from one to another, both included."""

    title = _("launched")
    template = "eztaskmanager/admin/date_filter.html"
    first, last = "launched_from", "launched_to"
    # Other looks of the admin ask each filter for its name.
    parameter_name = first

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in (self.first, self.last):
            values = params.pop(name, None)
            if values:
                self.used_parameters[name] = values[-1] if isinstance(values, list) else values
        self._others = [
            (name, value)
            for name, values in request.GET.lists()
            for value in values
            if name not in (self.first, self.last, "p", "e")
        ]

    def has_output(self) -> bool:
        """Always."""
        return True

    def expected_parameters(self) -> list[str | None]:
        """Name the two days."""
        return [self.first, self.last]

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        """Give what the form holds, and where one comes without it."""
        yield {
            "first": self._day(self.first),
            "last": self._day(self.last),
            "others": self._others,
            "is_folding": app_settings.USE_FILTER_COLLAPSE,
            "without": changelist.get_query_string(remove=self.expected_parameters()),
        }

    def queryset(self, request: HttpRequest, queryset: QuerySet[LaunchReport]) -> QuerySet[LaunchReport]:
        """Keep those launched on these days by the clocks of the active zone; what is no day counts for nothing."""
        zone = timezone.get_current_timezone()
        first, last = self._day(self.first), self._day(self.last)
        if first is not None:
            start = start_of(first, zone)
            # What was launched later ended later, if it did: there is an index for that.
            queryset = queryset.filter(Q(finished_at__gte=start) | Q(finished_at=None), invocation_datetime__gte=start)
        if last is not None and last < dt.date.max:
            queryset = queryset.filter(invocation_datetime__lt=start_of(last + dt.timedelta(days=1), zone))
        return queryset

    def _day(self, name: str) -> dt.date | None:
        try:
            day = parse_date(str(self.used_parameters.get(name, "")))
        except ValueError:
            return None  # The 31st of February.
        # Around the ends of the calendar there is no moment in every zone.
        return day if day is not None and 1900 <= day.year <= 9000 else None
