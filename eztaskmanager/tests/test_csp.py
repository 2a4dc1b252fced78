"""The pages under the strict policy of Django's own middleware, in a real browser."""

from __future__ import annotations

import unittest
from typing import Any

import django
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from eztaskmanager.models import LaunchReport
from eztaskmanager.tests.factories import make_report, make_task
from eztaskmanager.tests.pages import BrowserTestCase, say

# What a policy forbids is told by an event, before any script of the page runs.
LISTEN = """() => {
  window.ezViolations = [];
  document.addEventListener('securitypolicyviolation', event => {
    window.ezViolations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
  });
}"""


@unittest.skipUnless(django.VERSION >= (6, 0), "Django 6 has the middleware")
@override_settings(SECURE_CSP={"default-src": ["'self'"]})
class PolicyTests(BrowserTestCase):
    """Nothing but the site's own files: `default-src 'self'`, and no exception."""

    policy = "django.middleware.csp.ContentSecurityPolicyMiddleware"

    def setUp(self) -> None:
        super().setUp()
        self.page.add_init_script(f"({LISTEN})()")

    def visit(self, address: str) -> None:
        """Open a page, and see the policy on it."""
        answer: Any = self.page.goto(f"{self.live_server_url}{address}")
        self.assertEqual(answer.headers["content-security-policy"], "default-src 'self'")
        self.wait("() => document.readyState === 'complete'")

    def assert_obeyed(self) -> None:
        self.assertEqual(self.page.evaluate("window.ezViolations"), [])
        # The demo has no icon, which is said once for a browser.
        self.assertEqual([text for text in self.complaints if "Failed to load resource" not in text], [])

    def test_the_policy_is_in_force(self) -> None:
        self.visit(reverse("admin:eztaskmanager_task_changelist"))
        self.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">no</p>')")
        self.wait("() => window.ezViolations.length === 1")
        self.complaints.clear()

    def test_the_viewer_obeys_it(self) -> None:
        report = make_report(make_task(), state="started", started_at=timezone.now())
        say(report, "\x1b[38;5;208morange\x1b[m", "see https://example.org/", "10 %\rdone")
        say(report, "Trouble\n" + "\n".join(f"  at {n}" for n in range(20)) + "\nValueError: bad", level="ERROR")
        self.visit(reverse("eztaskmanager:live_log_viewer", args=[report.pk]))
        self.wait("() => document.querySelectorAll('#ez-lines mark, #ez-lines .ez-message').length === 4")
        self.page.keyboard.press("/")
        self.page.keyboard.type("orange")
        self.page.locator("#ez-lines mark").wait_for()
        report.finish(report.RESULT_OK)
        self.wait("() => document.getElementById('ez-status').textContent.startsWith('The run is over')")
        self.assert_obeyed()

    def test_the_lists_obey_it(self) -> None:
        make_report(make_task(name="Count"))
        for kind in ("task", "launchreport", "appcommand"):
            self.visit(reverse(f"admin:eztaskmanager_{kind}_changelist"))
            self.page.locator("#result_list").wait_for()
            self.assert_obeyed()

    def test_the_overview_obeys_it(self) -> None:
        task = make_task(name="Count", cron="0 * * * *")
        make_report(task, state="started", started_at=timezone.now()).finish(LaunchReport.RESULT_FAILED, error="E: x")
        self.visit(reverse("admin:eztaskmanager_overview"))
        self.wait("() => window.Chart?.getChart(document.querySelector('canvas.ez-chart'))")
        self.page.locator(".ez-part-engine table").wait_for()
        self.assert_obeyed()

    def test_the_forms_obey_it(self) -> None:
        task = make_task(name="Count")
        report = make_report(task)
        for address in (
            reverse("admin:eztaskmanager_task_add"),
            reverse("admin:eztaskmanager_task_change", args=[task.pk]),
            reverse("admin:eztaskmanager_task_launch", args=[task.pk]),
            reverse("admin:eztaskmanager_launchreport_change", args=[report.pk]),
            reverse("admin:eztaskmanager_appcommand_change", args=[task.command_id]),
            reverse("admin:eztaskmanager_taskcategory_add"),
        ):
            self.visit(address)
            self.page.locator("#content-main form").first.wait_for()
            self.assert_obeyed()
