"""Pages of lists that may be very long."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

from eztaskmanager.models import LaunchReport

MOST_LISTED = 10_000


if TYPE_CHECKING:
    ReportPaginator = Paginator[LaunchReport]
else:
    ReportPaginator = Paginator


class BoundedPaginator(ReportPaginator):
    """Counts so far and no further: nobody turns two hundred pages, and to count a million rows takes its time.

    Attributes:
        is_cut: Whether there are more than are counted; known once they were.
    """

    is_cut = False

    @cached_property
    def count(self) -> int:
        """How many can be turned to."""
        rows = cast("QuerySet[LaunchReport]", self.object_list)
        found = rows.order_by()[: MOST_LISTED + 1].count()
        self.is_cut = found > MOST_LISTED
        return min(found, MOST_LISTED)
