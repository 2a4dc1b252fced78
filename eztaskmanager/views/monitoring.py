"""Who may read how the machinery is doing."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.crypto import constant_time_compare

from eztaskmanager.models import Task
from eztaskmanager.permissions import VIEW_REPORT
from eztaskmanager.settings import app_settings

SCHEME = "bearer "


@dataclass(frozen=True)
class Reader:
    """Someone who may.

    Attributes:
        sees_all_tasks: Whether no task is hidden from them, so that names may be told.
    """

    sees_all_tasks: bool


def seal(response: HttpResponseBase) -> None:
    """Keep an answer from caches, and its 503 out of the mail that Django sends for errors: monitors ask all day."""
    patch_cache_control(response, private=True, no_store=True)
    response._has_been_logged = True  # type: ignore[attr-defined]


def has_token(request: HttpRequest) -> bool:
    """Tell whether the request shows the token of the setting; asks no database."""
    token = app_settings.MONITORING_TOKEN
    given = request.headers.get("Authorization", "")
    if not isinstance(token, str) or not token.strip() or not given.lower().startswith(SCHEME):
        return False
    return constant_time_compare(given[len(SCHEME) :].strip(), token.strip())


def identify(request: HttpRequest) -> Reader | None:
    """Tell who reads: by the token, or a member of staff who may see reports."""
    if has_token(request):
        return Reader(sees_all_tasks=True)
    user = getattr(request, "user", None)
    if user is None or not (user.is_authenticated and user.is_staff and user.has_perm(VIEW_REPORT)):
        return None
    visible = Task.objects.visible_to(user).values("pk")
    return Reader(sees_all_tasks=user.is_superuser or not Task.objects.exclude(pk__in=visible).exists())
