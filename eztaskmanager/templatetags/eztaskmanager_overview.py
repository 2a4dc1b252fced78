"""Words of the overview's templates."""

from __future__ import annotations

import datetime as dt

from django import template

from eztaskmanager.views.facts import tell_moment

register = template.Library()


@register.filter
def ez_moment(moment: dt.datetime | None) -> str:
    """Write a moment as the clocks of the active zone show it."""
    return tell_moment(moment)
