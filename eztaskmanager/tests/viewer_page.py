"""The log viewer in a real browser, for its tests."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone

from eztaskmanager.models import LaunchReport
from eztaskmanager.tests.factories import make_report, make_task
from eztaskmanager.tests.pages import BrowserTestCase

LINES = "#ez-lines > .ez-line:not(.ez-placeholder)"


class ViewerTestCase(BrowserTestCase):
    """The log viewer, open at a run that has started."""

    def setUp(self) -> None:
        super().setUp()
        self.report = make_report(make_task(name="Count <b>sheep</b>"), state="started", started_at=timezone.now())

    def open(self, hash_: str = "") -> None:
        self.go(reverse("eztaskmanager:live_log_viewer", args=[self.report.pk]) + hash_)
        self.wait("() => document.getElementById('ez-status').textContent !== 'Loading…'")

    def wait_for_lines(self, count: int) -> None:
        self.wait(f"count => document.querySelectorAll('{LINES}').length === count", count)

    def wait_for_messages(self, messages: list[str]) -> None:
        read = f"[...document.querySelectorAll('{LINES} .ez-message')].map(message => message.textContent)"
        self.wait(f"messages => JSON.stringify({read}) === JSON.stringify(messages)", messages)

    def wait_for_last(self, text: str) -> None:
        self.wait("text => document.querySelector('.ez-line:last-child .ez-message')?.textContent === text", text)

    def messages(self) -> list[str]:
        return self.texts(f"{LINES} .ez-message")

    def finish(self, **fields: Any) -> None:
        LaunchReport.objects.get(pk=self.report.pk).finish(LaunchReport.RESULT_OK, **fields)
