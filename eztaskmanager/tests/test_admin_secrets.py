"""Secrets, and what a run said, on pages of the admin and in answers beside them: for those alone who may read them."""

from __future__ import annotations

import argparse

from django.test import SimpleTestCase
from django.urls import reverse

from eztaskmanager.admin.command_help import tell_help
from eztaskmanager.models import Alert, LaunchReport, Notification
from eztaskmanager.tests.desk import LIST, AdminTestCase, QueueingTestCase, change_page
from eztaskmanager.tests.factories import make_report, make_task, make_user

SECRET = "hunter2"


class HelpTests(SimpleTestCase):
    def test_the_default_of_a_secret_is_not_told(self) -> None:
        parser = argparse.ArgumentParser("x")
        parser.add_argument("--api-token", default=SECRET, help="how to get in")
        parser.add_argument("--place", default="north")
        told = repr(tell_help(parser))
        self.assertIn("north", told)
        self.assertNotIn(SECRET, told)


class OtherCommandTests(QueueingTestCase):
    """A run of before the task had another command: only the parser of then knows where its secrets are."""

    def setUp(self) -> None:
        super().setUp()
        self.task = make_task("check")
        # To `ez_form`, and not to `check`, this is an abbreviation of --token.
        self.arguments = f"north, --tok {SECRET}"
        self.report = make_report(self.task, command="ez_form", arguments=self.arguments, state="finished")
        self.assertNotIn(SECRET, self.report.shown_arguments)

    def test_the_launch_page_shows_the_arguments_of_such_a_run_without_secrets(self) -> None:
        self.client.force_login(make_user("leo", "launch_task", "view_task"))
        page = reverse("admin:eztaskmanager_task_launch", args=[self.task.pk])
        answer = self.client.get(f"{page}?report={self.report.pk}")
        self.assertContains(answer, "north")
        self.assertNotContains(answer, SECRET)

    def test_dots_of_such_a_run_are_not_launched_as_a_value(self) -> None:
        self.client.force_login(make_user("leo", "launch_task", "view_task"))
        page = reverse("admin:eztaskmanager_task_launch", args=[self.task.pk])
        answer = self.client.post(f"{page}?report={self.report.pk}", {"arguments": self.report.shown_arguments})
        self.assertEqual(answer.status_code, 200)
        self.assertIn("dots", answer.context["form"].errors["arguments"][0])
        self.assertEqual(LaunchReport.objects.count(), 1)

    def test_the_differences_to_such_a_run_are_told_without_secrets(self) -> None:
        later = make_report(self.task, arguments="admin", state="finished")
        self.client.force_login(make_user("vic", "view_launchreport"))
        answer = self.client.get(reverse("admin:eztaskmanager_launchreport_change", args=[later.pk]))
        self.assertContains(answer, "ez_form")
        self.assertNotContains(answer, SECRET)

    def test_such_a_run_is_not_launched_again_and_nothing_repeats_its_arguments(self) -> None:
        again = reverse("eztaskmanager:launch_again", args=[self.report.pk])
        history = reverse("admin:eztaskmanager_launchreport_changelist")
        action = {"action": "launch_again", "_selected_action": [self.report.pk]}
        self.client.force_login(make_user("leo", "launch_task", "view_task", "view_launchreport"))
        for address, data in ((again, {}), (history, action)):
            answer = self.client.post(address, data, follow=True)
            self.assertContains(answer, "has the command check by now")
            self.assertNotContains(answer, SECRET)
        self.assertEqual(LaunchReport.objects.count(), 1)


class ErrorTests(QueueingTestCase):
    def test_whoever_may_stop_and_not_read_is_told_no_error(self) -> None:
        report = make_report(state="finished", invocation_result="failed", error=f"Refused: {SECRET}")
        address = reverse("eztaskmanager:stop_run", args=[report.pk])
        for permissions, is_told in ((("stop_task",), False), (("stop_task", "view_log"), True)):
            self.client.force_login(make_user("-".join(permissions), *permissions))
            answer = self.client.post(address, headers={"accept": "application/json"})
            self.assertEqual(answer.status_code, 200)
            self.assertEqual(SECRET in answer.content.decode(), is_told)


class AlertTests(AdminTestCase):
    def test_who_was_told_of_an_alert_is_for_those_who_may_see_notifications(self) -> None:
        alert = Alert.objects.create(kind="ticker", message="Nobody ticks.", open_key="ticker:x")
        Notification.objects.create(alert=alert, handler="mail", event="ticker", error=f"Refused: {SECRET}")
        address = reverse("admin:eztaskmanager_alert_change", args=[alert.pk])
        for permissions, is_told in ((("view_alert",), False), (("view_alert", "view_notification"), True)):
            self.client.force_login(make_user("-".join(permissions), *permissions))
            answer = self.client.get(address)
            self.assertContains(answer, "Nobody ticks.")
            self.assertEqual(SECRET in answer.content.decode(), is_told)


class PingAddressTests(AdminTestCase):
    """Whoever has the address can report runs that never were."""

    def setUp(self) -> None:
        super().setUp()
        self.task = make_task(ping_url=f"https://watch.example.org/ping/{SECRET}")

    def test_those_who_only_look_see_no_more_than_its_host(self) -> None:
        self.assertContains(self.client.get(change_page(self.task)), SECRET)
        self.client.force_login(make_user("vic", "view_task"))
        answer = self.client.get(change_page(self.task))
        self.assertContains(answer, "https://watch.example.org/••••")
        self.assertNotContains(answer, SECRET)

    def test_they_cannot_find_it_letter_by_letter(self) -> None:
        address = f"{LIST}?ping_url__contains=hunter"
        self.assertEqual(self.client.get(address).status_code, 200)
        self.client.force_login(make_user("vic", "view_task"))
        self.assertEqual(self.client.get(address).status_code, 400)
