"""The permissions that are asked for by name."""

from __future__ import annotations

VIEW_TASK = "eztaskmanager.view_task"
CHANGE_TASK = "eztaskmanager.change_task"
LAUNCH_TASK = "eztaskmanager.launch_task"
STOP_TASK = "eztaskmanager.stop_task"
VIEW_REPORT = "eztaskmanager.view_launchreport"
# Logs may hold secrets, so to see that something ran, and to read what it said, are two permissions.
VIEW_LOG = "eztaskmanager.view_log"
VIEW_ALERT = "eztaskmanager.view_alert"
VIEW_NOTIFICATION = "eztaskmanager.view_notification"
CHANGE_NOTIFICATION = "eztaskmanager.change_notification"
