"""Links to other pages of the admin, for those who may open them; others see the text alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.db.models import BooleanField, Model, QuerySet, Value
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

Row = TypeVar("Row", bound=Model)


def may_open(user: User | AnonymousUser, model: type[Model]) -> bool:
    """Tell whether a user may open pages of a model; the admin shows them to who may view or change its rows."""
    app, name = model._meta.app_label, model._meta.model_name
    return any(user.has_perm(f"{app}.{verb}_{name}") for verb in ("view", "change"))


def note_ways(rows: QuerySet[Row], user: User | AnonymousUser, *models: type[Model]) -> QuerySet[Row]:
    """Note on the rows whether their reader may open pages of these models; columns are not told who reads them."""
    noted: QuerySet[Row] = rows.annotate(
        **{_note(model): Value(may_open(user, model), BooleanField()) for model in models}
    )
    return noted


def link_to(row: Model, target: Model, text: str) -> SafeString:
    """Link to the page of a row, where the reader of `row` may open it."""
    name = target._meta.model_name
    return _link(row, type(target), reverse(f"admin:eztaskmanager_{name}_change", args=[target.pk]), text)


def link_to_list(row: Model, model: type[Model], text: str, **chosen: object) -> SafeString:
    """Link to the list of a model, filtered, where the reader of `row` may open it."""
    address = reverse(f"admin:eztaskmanager_{model._meta.model_name}_changelist")
    return _link(row, model, f"{address}?{'&'.join(f'{name}={value}' for name, value in chosen.items())}", text)


def _link(row: Model, model: type[Model], address: str, text: str) -> SafeString:
    if not getattr(row, _note(model), False):
        return format_html("{}", text)
    return format_html('<a href="{}">{}</a>', address, text)


def _note(model: type[Model]) -> str:
    return f"ez_may_open_{model._meta.model_name}"
