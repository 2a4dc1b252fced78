"""The list of tasks: rows with their last runs, grouped by category where that is wanted."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from eztaskmanager.admin.onlooker import show
from eztaskmanager.models import Task

GROUPED = "grouped"


class TaskChangeList(ChangeList):
    """Gets its rows ready in as many queries whatever their number; `?grouped=1` sorts by category first."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.is_grouped = GROUPED in request.GET
        super().__init__(request, *args, **kwargs)
        self.search_help_text = (
            _("Name, command, arguments or note") if "arguments" in self.search_fields else _("Name, command or note")
        )

    @property
    def grouping_link(self) -> str:
        """The same list, grouped where it is not, and not where it is."""
        return self.get_query_string(remove=[GROUPED]) if self.is_grouped else self.get_query_string({GROUPED: "1"})

    def get_filters_params(self, params: Any = None) -> Any:
        """Leave out what is none of a filter's."""
        found = super().get_filters_params(params)
        found.pop(GROUPED, None)
        return found

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Task]) -> list[Any]:
        """Sort by category before all else; those without one come last."""
        ordering = list(super().get_ordering(request, queryset))
        if not self.is_grouped:
            return ordering
        return [F("category__name").asc(nulls_last=True), F("category").asc(nulls_last=True), *ordering]

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the rows of the page, and their last runs with them."""
        super().get_results(request)
        show(self.result_list, request.user)
