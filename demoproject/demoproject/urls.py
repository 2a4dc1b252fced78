"""Addresses of the demo project: the admin, and the app's log pages."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/eztaskmanager/task/")),
    path("admin/", admin.site.urls),
    path("eztaskmanager/", include("eztaskmanager.urls")),
]
