"""No link of a page leads where its reader may not go."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Iterator
from urllib.parse import urldefrag, urljoin

from django.contrib.auth.models import Permission, User
from django.test import TestCase, override_settings
from django.utils import timezone

from eztaskmanager.models import Alert, LaunchReport, Notification, TaskCategory
from eztaskmanager.services.queues import get_task_service
from eztaskmanager.tests.factories import make_report, make_task, make_user

OURS = ("/admin/eztaskmanager/", "/eztaskmanager/")
HOUR = dt.timedelta(hours=1)


def links_of(address: str, page: str) -> Iterator[str]:
    """Give the addresses of ours that a page's links name, as the browser would ask for them."""
    for found in re.findall(r'<a\b[^>]*\bhref="([^"]*)"', page):
        link = urldefrag(urljoin(address, html.unescape(found)))[0]
        if link.startswith(OURS):
            yield link


@override_settings(
    EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]
)
class LinkTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.codenames = sorted(
            Permission.objects.filter(content_type__app_label="eztaskmanager").values_list("codename", flat=True)
        )
        now = timezone.now()
        category = TaskCategory.objects.create(name="Imports")
        task = make_task(name="Import", category=category, note="Read me", scheduling=now + HOUR)
        first = make_report(task, state="finished", invocation_result="failed", error="ValueError: no")
        make_report(task, state="finished", invocation_result="ok", retry_of=first, started_at=now, finished_at=now)
        make_report(task, state="started", started_at=now)
        LaunchReport.objects.update(invocation_datetime=now - HOUR, planned_at=None)
        task.compute_cache()
        Notification.objects.create(report=first, event="failed")
        Alert.objects.create(kind="late", task=task, message="It is late.")
        Alert.objects.create(kind="lost", task=task, report=first, message="It is lost.")

    def setUp(self) -> None:
        get_task_service().clear()  # type: ignore[attr-defined]

    def crawl(self, *permissions: str) -> dict[str, str]:
        """Follow every link from the admin's index on; give each that was refused, and the page it stands on."""
        self.client.force_login(make_user(f"reader {User.objects.count()}", *permissions))
        waiting, seen, refused = [("/admin/", "")], {"/admin/"}, {}
        while waiting:
            address, origin = waiting.pop()
            answer = self.client.get(address)
            if answer.status_code == 200 and "text/html" in answer.headers["Content-Type"]:
                for link in links_of(address, answer.content.decode()):
                    # One of each kind: sorting and filters lead to the same pages.
                    if link.partition("?")[0] not in seen:
                        seen.add(link.partition("?")[0])
                        waiting.append((link, address))
            elif answer.status_code != 200:
                refused[address] = f"{answer.status_code}, from {origin}"
            if answer.status_code == 200 and answer.streaming:
                b"".join(answer.streaming_content)
        return refused

    def test_with_each_permission_alone(self) -> None:
        for codename in self.codenames:
            with self.subTest(codename):
                self.assertEqual(self.crawl(codename), {})

    def test_with_each_permission_and_those_to_see_tasks_and_reports(self) -> None:
        for codename in self.codenames:
            with self.subTest(codename):
                self.assertEqual(self.crawl(codename, "view_task", "view_launchreport"), {})

    def test_with_all_but_one(self) -> None:
        for codename in self.codenames:
            with self.subTest(without=codename):
                self.assertEqual(self.crawl(*(each for each in self.codenames if each != codename)), {})

    def test_with_all(self) -> None:
        self.assertEqual(self.crawl(*self.codenames), {})
