"""The pages of alerts and notifications."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from eztaskmanager.admin import LaunchReportAdmin, NotificationInline
from eztaskmanager.models import Alert, LaunchReport, Notification, Task
from eztaskmanager.tests.desk import NASTY, AdminTestCase, change_page
from eztaskmanager.tests.factories import make_command, make_report, make_task, make_user
from eztaskmanager.tests.test_notifications import handlers

ALERTS = reverse("admin:eztaskmanager_alert_changelist")
NOTIFICATIONS = reverse("admin:eztaskmanager_notification_changelist")


class AlertPageTests(AdminTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.task = make_task(name=f"Sums {NASTY}")
        self.over = self.make("late", "1", "It was late.")
        self.over.end()
        self.open = self.make("stuck", "2", f"It is stuck {NASTY}", report=make_report(self.task))

    def make(self, kind: str, key: str, message: str, **fields: Any) -> Alert:
        alert: Alert = Alert.objects.raise_one(kind, key, message, task_id=self.task.pk, **fields)
        return alert

    def test_those_that_go_on_come_first(self) -> None:
        self.make("worker", "3", "No worker.", queue="night")
        page = self.client.get(ALERTS).content.decode()
        self.assertLess(page.index("No worker."), page.index("It was late."))
        self.assertLess(page.index("It is stuck"), page.index("It was late."))
        self.assertNotIn(NASTY, page)
        self.assertIn("ez-is-critical", page)

    def test_they_are_filtered_and_shown_and_not_edited(self) -> None:
        self.assertNotContains(self.client.get(ALERTS, {"open": "1"}), "It was late.")
        self.assertNotContains(self.client.get(ALERTS, {"open": "0"}), "It is stuck")
        Notification.objects.create(alert=self.open, handler="mail", event="stuck", error=f"refused {NASTY}")
        page = self.client.get(reverse("admin:eztaskmanager_alert_change", args=[self.open.pk]))
        self.assertContains(page, "refused &lt;script")
        self.assertNotContains(page, "_save")
        self.assertEqual(self.client.get(f"{ALERTS}add/").status_code, 403)

    def test_the_list_costs_as_many_queries_whatever_its_length(self) -> None:
        self.client.get(ALERTS)
        with self.assertNumQueries(4):
            self.client.get(ALERTS)
        for number in range(20):
            self.make("late", f"x{number}", "Late.", report=make_report(make_task("migrate", str(number))))
        with self.assertNumQueries(4):
            self.client.get(ALERTS)

    def test_they_are_for_who_may_view_them_and_the_task(self) -> None:
        command = make_command()
        command.allowed_groups.add(Group.objects.create(name="Few"))
        self.make("ticker", "all", "Silent.")
        Alert.objects.filter(kind="ticker").update(task=None)
        self.client.force_login(make_user("olivia", "view_alert"))
        page = self.client.get(ALERTS)
        self.assertContains(page, "Silent.")
        self.assertNotContains(page, "It is stuck")
        self.client.force_login(make_user("paul", "view_task"))
        self.assertEqual(self.client.get(ALERTS).status_code, 403)


class NotificationPageTests(AdminTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.report = make_report(make_task(name=f"Sums {NASTY}"), state="finished", invocation_result="failed")
        fields = {"report": self.report, "event": "failed"}
        self.sent = Notification.objects.create(
            handler="mail", state="sent", due_at=None, attempts=1, sent_at=timezone.now(), **fields
        )
        self.waiting = Notification.objects.create(handler="chat", attempts=2, error=f"refused {NASTY}", **fields)

    def test_the_list_tells_who_was_told_and_why_not(self) -> None:
        page = self.client.get(NOTIFICATIONS)
        for words in ("mail", "chat", "refused &lt;script", "ez-is-ok", "ez-is-queued", "due "):
            self.assertContains(page, words)
        self.assertNotContains(page, NASTY)

    def test_those_that_are_settled_are_sent_again(self) -> None:
        data = {"action": "send_again", "_selected_action": [self.sent.pk, self.waiting.pk]}
        answer = self.client.post(NOTIFICATIONS, data, follow=True)
        self.assertContains(answer, "1 notification will be sent by the next tick of a scheduler.")
        self.sent.refresh_from_db()
        self.waiting.refresh_from_db()
        self.assertEqual((self.sent.state, self.sent.attempts, self.sent.sent_at), ("waiting", 0, None))
        self.assertIsNotNone(self.sent.due_at)
        self.assertEqual(self.waiting.attempts, 2)

    def test_sending_again_needs_the_permission_to_change(self) -> None:
        self.client.force_login(make_user("olivia", "view_notification"))
        data = {"action": "send_again", "_selected_action": [self.sent.pk]}
        self.assertNotContains(self.client.post(NOTIFICATIONS, data, follow=True), "will be sent")
        self.sent.refresh_from_db()
        self.assertEqual(self.sent.state, "sent")

    def test_one_is_shown_and_not_edited(self) -> None:
        page = self.client.get(reverse("admin:eztaskmanager_notification_change", args=[self.waiting.pk]))
        self.assertContains(page, "refused &lt;script")
        self.assertNotContains(page, 'name="_save"')

    def test_allowed_groups_hold(self) -> None:
        make_command().allowed_groups.add(Group.objects.create(name="Few"))
        Notification.objects.create(
            alert=Alert.objects.raise_one("ticker", "all", "Silent."), handler="pager", event="ticker"
        )
        self.client.force_login(make_user("olivia", "view_notification"))
        page = self.client.get(NOTIFICATIONS)
        self.assertContains(page, "pager")
        self.assertNotContains(page, "refused")

    def test_they_are_filtered_by_handler_and_event(self) -> None:
        Notification.objects.create(report=self.report, event="ok", error="only the ping")
        with handlers(mail={"class": "x.y"}):
            self.assertContains(self.client.get(NOTIFICATIONS, {"handler": "mail"}), "1 notification")
            page = self.client.get(NOTIFICATIONS, {"handler": "-"})
        self.assertContains(page, "only the ping")
        self.assertNotContains(page, "refused")
        self.assertNotContains(self.client.get(NOTIFICATIONS, {"event": "failed"}), "only the ping")

    def test_the_list_costs_as_many_queries_whatever_its_length(self) -> None:
        self.client.get(NOTIFICATIONS)
        with self.assertNumQueries(4):
            self.client.get(NOTIFICATIONS)
        for number in range(20):
            report = make_report(make_task("migrate", str(number)))
            Notification.objects.create(report=report, handler="mail", event="failed")
        with self.assertNumQueries(4):
            self.client.get(NOTIFICATIONS)

    def test_the_page_of_a_report_can_tell_who_was_told(self) -> None:
        class Admin(LaunchReportAdmin):
            inlines = (NotificationInline,)

        request = RequestFactory().get("/")
        request.user = self.user
        request._dont_enforce_csrf_checks = True
        shown = Admin(LaunchReport, admin.site).change_view(request, str(self.report.pk))
        page = shown.render().content.decode()
        self.assertIn("<h2>Notifications</h2>", page)
        self.assertIn("refused &lt;script", page)
        self.assertIn("2 attempts", page)
        self.assertNotIn(NASTY, page)


class TaskFormTests(AdminTestCase):
    def test_the_expected_duration_and_the_ping_address_are_kept(self) -> None:
        task = make_task(name="Sums")
        saved = self.save(self.form_data(task, expected_duration="90", ping_url="https://hc.example.org/abc"), task)
        self.assertEqual((saved.expected_duration, saved.ping_url), (90, "https://hc.example.org/abc"))
        self.assertContains(self.client.get(change_page(task)), "https://hc.example.org/abc")

    def test_what_is_no_web_address_is_refused(self) -> None:
        task = make_task(name="Sums")
        found = self.errors(self.form_data(task, ping_url="file:///etc/passwd"), task)
        self.assertEqual(found, {"ping_url": ["Give a whole address that begins with https:// or http://."]})
        self.assertEqual(Task.objects.get().ping_url, "")
