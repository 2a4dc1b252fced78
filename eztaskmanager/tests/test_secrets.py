"""Secrets in arguments: what pages and notifications show of them."""

from __future__ import annotations

from django.test import SimpleTestCase, TestCase, override_settings
from django.urls import reverse

from eztaskmanager.arguments import mask_secrets
from eztaskmanager.services.notifications.wording import get_facts
from eztaskmanager.tests.factories import make_report, make_task, make_user

NAMES = ("password", "api_key")


class MaskTests(SimpleTestCase):
    def test_the_values_of_secret_options_are_dots(self) -> None:
        for text, shown in (
            ("--password hunter2, pos", "--password ••••, pos"),
            ("--db-PASSWORD=hunter2, --name x", "--db-PASSWORD=••••, --name x"),
            ("--api-key a b c", "--api-key ••••"),
            ("--api_key 'a, b', --text \"c, d\"", '--api_key ••••, --text "c, d"'),
        ):
            with self.subTest(text):
                self.assertEqual(mask_secrets(text, NAMES), shown)

    def test_arguments_without_secrets_are_shown_as_they_were_written(self) -> None:
        for text in ("", "--name  x ,y", "--password", "password, hunter2", '--text "--password x"'):
            with self.subTest(text):
                self.assertEqual(mask_secrets(text, NAMES), text)

    def test_what_cannot_be_read_is_masked_as_a_whole(self) -> None:
        self.assertEqual(mask_secrets("--password 'open", NAMES), "••••")
        self.assertEqual(mask_secrets("--name 'open", NAMES), "--name 'open")


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class PageTests(TestCase):
    def test_pages_and_notifications_show_none(self) -> None:
        task = make_task("check", "--token=hunter2", name="Ask the partner")
        report = make_report(task, state="finished", invocation_result="ok")
        self.client.force_login(make_user("root", is_superuser=True))
        for address in (
            reverse("admin:eztaskmanager_task_changelist"),
            reverse("admin:eztaskmanager_launchreport_changelist"),
            reverse("admin:eztaskmanager_launchreport_change", args=[report.pk]),
            reverse("eztaskmanager:live_log_viewer", args=[report.pk]),
            reverse("eztaskmanager:ajax_read_log_lines", args=[report.pk]),
        ):
            with self.subTest(address):
                response = self.client.get(address)
                self.assertEqual(response.status_code, 200)
                self.assertNotIn("hunter2", response.content.decode())
        self.assertNotIn("hunter2", str(list(get_facts(report))))

    def test_the_tasks_form_shows_them(self) -> None:
        task = make_task("check", "--token=hunter2", name="Ask the partner")
        self.client.force_login(make_user("root", is_superuser=True))
        self.assertContains(self.client.get(reverse("admin:eztaskmanager_task_change", args=[task.pk])), "hunter2")
