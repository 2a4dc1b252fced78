"""The overview: one page that tells how everything is, and keeps itself up to date."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar

import django
from django.apps.registry import Apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _, gettext_lazy

from eztaskmanager.admin.overview_parts import PARTS, Rights
from eztaskmanager.admin.typing import OverviewModelAdmin
from eztaskmanager.permissions import VIEW_TASK

# It may ask an engine that does not answer, so the page comes without it, and its script asks.
ASKED_LATER = "engine"


class Overview(models.Model):
    """What lets the admin's index and menus list the page beside the models; no table, no migration, no rows."""

    class Meta:
        # A registry of its own keeps it out of the project's models.
        apps = Apps()
        app_label = "eztaskmanager"
        managed = False
        default_permissions = ()
        verbose_name = gettext_lazy("overview")
        verbose_name_plural = gettext_lazy("overview")


@admin.register(Overview)
class OverviewAdmin(OverviewModelAdmin):
    """The page, and the parts that its script asks for again."""

    overview_template: ClassVar[str] = "eztaskmanager/admin/overview.html"

    def get_urls(self) -> list[URLPattern]:
        """Have the page in place of a list and forms."""
        page = self.admin_site.admin_view(self.changelist_view)
        return [
            path("", page, name="eztaskmanager_overview"),
            # By this name the index finds it.
            path("", page, name="eztaskmanager_overview_changelist"),
            path("<slug:name>/", self.admin_site.admin_view(self.part), name="eztaskmanager_overview_part"),
        ]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may see tasks may see how they are."""
        return bool(request.user.has_perm(VIEW_TASK))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """List it for whom it is."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is nothing to add."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """There is nothing to change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """There is nothing to delete."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with the page."""
        self._check(request)
        rights = Rights.of(request)
        parts = {
            name: {"url": reverse("admin:eztaskmanager_overview_part", args=[name]), **_tell(request, name, rights)}
            for name in PARTS
            if name != "past" or rights.may_see_runs
        }
        context = {
            **self.admin_site.each_context(request),
            "title": _("Overview"),
            "parts": parts,
            "rights": rights,
            "breadcrumbs_are_a_list": django.VERSION >= (6, 1),
            # As an attribute of an element, for a page without inline scripts.
            "words_json": json.dumps(_words()),
            **(extra_context or {}),
        }
        response = TemplateResponse(request, self.overview_template, context)
        patch_cache_control(response, private=True, no_store=True)
        return response

    def part(self, request: HttpRequest, name: str) -> HttpResponse:
        """Answer with a part of the page, or with 304 if it is what the asker has."""
        self._check(request)
        if name not in PARTS:
            raise Http404
        told = _tell(request, name, Rights.of(request), may_wait=True)
        if request.headers.get("If-None-Match") == told["tag"]:
            response = HttpResponse(status=304)
        else:
            response = HttpResponse(told["html"])
        response["ETag"] = told["tag"]
        response["X-Ez-Next"] = str(told["pause"])
        patch_cache_control(response, private=True, no_cache=True)
        return response

    def _check(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _tell(request: HttpRequest, name: str, rights: Rights, *, may_wait: bool = False) -> dict[str, Any]:
    """Write a part; it holds nothing that differs from one moment to the next without news, such as a token."""
    if name == ASKED_LATER and not may_wait:
        return {"html": "", "tag": "", "pause": 0}
    facts, pause = PARTS[name](request, rights)
    html = render_to_string(f"eztaskmanager/admin/overview_{name}.html", {**facts, "rights": rights}, request)
    return {"html": html, "tag": f'"{hashlib.sha256(html.encode()).hexdigest()[:32]}"', "pause": pause}


def _words() -> dict[str, str]:
    """Give the script its sentences; `{n}` is filled in there."""
    return {
        "live": _("Live"),
        "resting": _("Paused while this tab is not seen"),
        "failed": _("No connection ({why}); trying again in {n} s"),
        "refused": _("The page can no longer be read: your session has ended. Reload the page."),
        "stop_failed": _("The run could not be asked to stop; reload the page and try again."),
        "runs": _("runs"),
    }
