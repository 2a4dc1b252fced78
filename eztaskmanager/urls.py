"""Addresses of the log pages and of the monitors'; the project includes them under a prefix of its own."""

from __future__ import annotations

from django.urls import path

from eztaskmanager import views

app_name = "eztaskmanager"

urlpatterns = [
    path("logviewer/<int:pk>/", views.LogViewerView.as_view(), name="log_viewer"),
    path("livelogviewer/<int:pk>/", views.LiveLogViewerView.as_view(), name="live_log_viewer"),
    path("read_loglines/<int:pk>/", views.AjaxReadLogLines.as_view(), name="ajax_read_log_lines"),
    path("find_log_lines/<int:pk>/", views.FindLogLines.as_view(), name="find_log_lines"),
    path("stop_run/<int:pk>/", views.StopRunView.as_view(), name="stop_run"),
    path("launch_again/<int:pk>/", views.LaunchAgainView.as_view(), name="launch_again"),
    path("health/", views.HealthView.as_view(), name="health"),
    path("metrics/", views.MetricsView.as_view(), name="metrics"),
]
