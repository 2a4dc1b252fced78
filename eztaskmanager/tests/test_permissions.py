"""A user with each permission alone, at every address and action: the right one opens, all others do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.test import TestCase, override_settings
from django.urls import URLPattern, URLResolver, reverse

from eztaskmanager import urls
from eztaskmanager.models import Alert, AppCommand, LaunchReport, Notification, Task, TaskCategory
from eztaskmanager.services.queues import get_task_service
from eztaskmanager.tests.factories import make_report, make_task, make_user

Rows = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """An address, and who may come in.

    Attributes:
        opened_by: Permissions each of which is enough.
        row: Which row's key the address has; empty for none.
        data: What is posted; None to read.
        extra: What the address has beside the key.
    """

    opened_by: frozenset[str]
    row: str = ""
    data: Callable[[Rows], Rows] | None = None
    extra: str = ""


def page(*opened_by: str, row: str = "", data: Callable[[Rows], Rows] | None = None, extra: str = "") -> Page:
    """Write a page in a line."""
    return Page(frozenset(opened_by), row, data, extra)


def model_pages(model: str) -> dict[str, Page]:
    """Give the pages that the admin makes for each model."""
    view, change, add, delete = (f"{verb}_{model}" for verb in ("view", "change", "add", "delete"))
    return {
        f"admin:eztaskmanager_{model}_changelist": page(view, change),
        f"admin:eztaskmanager_{model}_add": page(add),
        f"admin:eztaskmanager_{model}_history": page(view, change, row=model),
        f"admin:eztaskmanager_{model}_delete": page(delete, row=model),
        f"admin:eztaskmanager_{model}_change": page(view, change, row=model),
    }


NOBODY = page()
# For monitors, which have no login; what they tell to whom is in test_health and test_metrics.
OPEN = {"eztaskmanager:health", "eztaskmanager:metrics"}
PAGES: dict[str, Page] = {
    **model_pages("appcommand"),
    **model_pages("taskcategory"),
    **model_pages("task"),
    **model_pages("launchreport"),
    **model_pages("notification"),
    **model_pages("alert"),
    # Commands are collected, runs are launched, the others come by themselves: nobody adds them.
    "admin:eztaskmanager_appcommand_add": NOBODY,
    "admin:eztaskmanager_launchreport_add": NOBODY,
    "admin:eztaskmanager_notification_add": NOBODY,
    "admin:eztaskmanager_alert_add": NOBODY,
    "admin:eztaskmanager_task_schedule_preview": page("view_task", "change_task"),
    "admin:eztaskmanager_task_states": page("view_task", "change_task"),
    # What it may do is asked of the task, and told in words; see test_row_buttons.
    "admin:eztaskmanager_task_do": page("view_task", "change_task", row="task", extra="run", data=lambda rows: {}),
    "admin:eztaskmanager_task_launch": page("launch_task", row="task"),
    "admin:eztaskmanager_task_argument_form": page(
        "add_task", "change_task", "launch_task", data=lambda rows: {"command": rows["appcommand"].pk, "text": ""}
    ),
    "admin:eztaskmanager_overview": page("view_task"),
    "admin:eztaskmanager_overview_changelist": page("view_task"),
    "admin:eztaskmanager_overview_part": page("view_task", extra="now"),
    "eztaskmanager:log_viewer": page("view_log", row="launchreport"),
    "eztaskmanager:live_log_viewer": page("view_log", row="launchreport"),
    "eztaskmanager:ajax_read_log_lines": page("view_log", row="launchreport"),
    "eztaskmanager:find_log_lines": page("view_log", row="launchreport"),
    "eztaskmanager:stop_run": page("stop_task", row="launchreport", data=lambda rows: {}),
    "eztaskmanager:launch_again": page("launch_task", row="launchreport", data=lambda rows: {}),
}
# Action of a list → model, and the permission it asks for beside that to see the list.
ACTIONS = {
    "launch_tasks": ("task", "launch_task"),
    "run_tasks_now": ("task", "launch_task"),
    "stop_tasks": ("task", "stop_task"),
    "launch_again": ("launchreport", "launch_task"),
}
# Django's own, asked for a confirmation first; and one that launches nothing, which test_task_export tries.
OTHER_ACTIONS = {"delete_selected", "export_tasks"}


def named_pages(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
    """Give the names of the addresses that are ours."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from named_pages(pattern.url_patterns, prefix)
        elif pattern.name and (prefix != "admin" or pattern.name.startswith("eztaskmanager_")):
            yield f"{prefix}:{pattern.name}"


@override_settings(
    EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]
)
class EachPermissionAloneTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.permissions = sorted(
            Permission.objects.filter(content_type__app_label="eztaskmanager").values_list("codename", flat=True)
        )
        cls.users = {name: make_user(f"only_{name}", name) for name in cls.permissions}
        cls.task = make_task(name="A task")
        cls.report = make_report(cls.task, state="started")
        cls.rows: Rows = {
            "task": cls.task,
            "launchreport": cls.report,
            "appcommand": cls.task.command,
            "taskcategory": TaskCategory.objects.create(name="A category"),
            "notification": Notification.objects.create(report=cls.report, event="failed"),
            "alert": Alert.objects.create(kind="late", task=cls.task, message="It is late."),
        }

    def setUp(self) -> None:
        get_task_service().clear()  # type: ignore[attr-defined]

    def ask(self, name: str, wanted: Page) -> int:
        keys = [self.rows[wanted.row].pk] if wanted.row else []
        address = reverse(name, args=[*keys, *filter(None, [wanted.extra])])
        if wanted.data is None:
            return self.client.get(address).status_code
        return self.client.post(address, wanted.data(self.rows)).status_code

    def test_every_address_is_in_the_table(self) -> None:
        found = {*named_pages(admin.site.get_urls(), "admin"), *named_pages(urls.urlpatterns, "eztaskmanager")}
        self.assertEqual(found, {*PAGES, *OPEN})

    def test_the_right_permission_opens_and_no_other(self) -> None:
        for name, wanted in PAGES.items():
            for permission, user in self.users.items():
                with self.subTest(name, permission=permission):
                    self.client.force_login(user)
                    status = self.ask(name, wanted)
                    if permission in wanted.opened_by:
                        self.assertIn(status, (200, 302), "It should open.")
                    else:
                        self.assertEqual(status, 403)

    def test_nobody_comes_in_without_a_login(self) -> None:
        for name, wanted in PAGES.items():
            with self.subTest(name):
                self.assertIn(self.ask(name, wanted), (302, 403))

    def test_what_groups_close_is_not_there(self) -> None:
        group = Group.objects.create(name="night shift")
        self.task.command.allowed_groups.add(group)
        stranger = make_user("stranger", *self.permissions)
        self.client.force_login(stranger)
        for name, wanted in PAGES.items():
            if wanted.row not in ("task", "launchreport", "notification", "alert") or not wanted.opened_by:
                continue
            with self.subTest(name):
                # The admin leads to its index, with a message, where there is no such row.
                self.assertIn(self.ask(name, wanted), (302, 403, 404))
        for address in ("admin:eztaskmanager_task_changelist", "admin:eztaskmanager_launchreport_changelist"):
            self.assertNotContains(self.client.get(reverse(address)), "A task")
        stranger.groups.add(group)
        self.assertContains(self.client.get(reverse("admin:eztaskmanager_task_changelist")), "A task")


@override_settings(
    EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]
)
class ActionTests(TestCase):
    def test_an_action_is_offered_and_done_with_its_permission_alone(self) -> None:
        others = ("launch_task", "stop_task", "delete_task", "delete_launchreport", "change_task")
        for action, (model, needed) in ACTIONS.items():
            for permission in others:
                with self.subTest(action, permission=permission):
                    report = make_report(make_task(name=f"{action} {permission}"), state="started")
                    row = report if model == "launchreport" else report.task
                    user = make_user(f"{action}_{permission}", f"view_{model}", "view_launchreport", permission)
                    self.client.force_login(user)
                    address = reverse(f"admin:eztaskmanager_{model}_changelist")
                    self.client.post(address, {"action": action, "_selected_action": [row.pk]})
                    report.refresh_from_db()
                    has_acted = (
                        report.stop_requested_at is not None
                        or LaunchReport.objects.filter(task=report.task).count() > 1
                    )
                    self.assertEqual(has_acted, permission == needed)

    def test_every_action_of_ours_is_in_the_table(self) -> None:
        found = {
            name if isinstance(name, str) else name.__name__
            for model in (AppCommand, LaunchReport, Task, TaskCategory)
            for name in admin.site._registry[model].actions
        }
        self.assertEqual(found - OTHER_ACTIONS, set(ACTIONS))
