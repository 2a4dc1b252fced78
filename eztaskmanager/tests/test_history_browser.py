"""Run history, categories and commands in a real browser, under a strict policy."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from eztaskmanager.models import LaunchReport, TaskCategory
from eztaskmanager.tests.factories import make_report, make_task
from eztaskmanager.tests.pages import CUT_OFF, WIDTHS, BrowserTestCase

HISTORY = "/admin/eztaskmanager/launchreport/"


class ReportTests(BrowserTestCase):
    def test_a_report_tells_what_changed_and_is_launched_again(self) -> None:
        task = make_task(name="Count")
        now = timezone.now()
        ended = {"state": "finished", "invocation_result": "ok", "started_at": now, "finished_at": now}
        make_report(task, arguments="--tag models", **ended)
        report = make_report(task, arguments="--tag urls, --deploy", **ended)
        self.go(reverse("admin:eztaskmanager_launchreport_change", args=[report.pk]))
        self.assertEqual(self.texts(".ez-diff-changed ins"), ["--tag urls"])
        self.assertEqual(self.texts(".ez-diff-added ins"), ["--deploy"])
        self.page.get_by_role("link", name="Earlier run").click()
        self.page.get_by_text("This is the first run that is kept.").wait_for()
        self.page.get_by_role("link", name="Later run").click()
        self.page.locator(".ez-diff").wait_for()
        self.page.get_by_role("button", name="Launch again").click()
        self.page.locator("#ez-viewer").wait_for()
        self.assertEqual(LaunchReport.objects.latest("pk").arguments, "--tag urls, --deploy")

    def test_a_run_is_stopped_from_its_report(self) -> None:
        report = make_report(make_task(), state="started", started_at=timezone.now())
        self.go(reverse("admin:eztaskmanager_launchreport_change", args=[report.pk]))
        self.page.get_by_role("button", name="Stop").click()
        self.page.locator("#ez-viewer").wait_for()
        report.refresh_from_db()
        self.assertIsNotNone(report.stop_requested_at)

    def test_reports_are_filtered_by_days_and_all_found_are_deleted(self) -> None:
        task = make_task()
        for _ in range(60):
            make_report(task, state="finished", invocation_result="failed")
        kept = make_report(task, state="finished", invocation_result="ok")
        self.go(f"{HISTORY}?result=failed")
        today = timezone.localdate().isoformat()
        self.page.fill("input[name=launched_from]", today)
        self.page.get_by_role("button", name="Apply").click()
        self.page.wait_for_url(f"**launched_from={today}**")
        self.assertIn("result=failed", self.page.url)
        self.page.check("#action-toggle")
        self.page.locator(".actions .question a").click()
        self.page.select_option(".actions select[name=action]", "delete_selected")
        self.page.locator(".actions button[type=submit]").click()
        self.page.get_by_text("60 launch reports and 0 log lines will be deleted.").wait_for()
        self.page.locator("form input[type=submit]").last.click()
        self.page.get_by_text("60 launch reports were deleted.").wait_for()
        self.assertEqual(list(LaunchReport.objects.all()), [kept])

    def test_each_result_is_in_sight_on_each_screen(self) -> None:
        make_report(make_task(), state="finished", invocation_result="timeout", n_log_errors=12, n_log_warnings=7)
        for width in WIDTHS:
            with self.subTest(width=width):
                self.page.set_viewport_size({"width": width, "height": 900})
                self.go(HISTORY)
                self.assertEqual(self.page.evaluate(CUT_OFF, "td, th, .ez-badge, .ez-n-errors"), 0)
                self.assertTrue(self.page.locator("#result_list .ez-badge").is_visible())

    def test_the_pages_fit_a_small_screen(self) -> None:
        report = make_report(make_task(name="A task with a rather long name, for small screens"), arguments="--x")
        make_report(report.task, arguments="--some-rather-long-option with-a-value-that-goes-on-and-on-and-on")
        self.page.set_viewport_size({"width": 390, "height": 800})
        latest = LaunchReport.objects.latest("pk")
        for address in (
            HISTORY,
            reverse("admin:eztaskmanager_launchreport_change", args=[latest.pk]),
            reverse("admin:eztaskmanager_appcommand_change", args=[report.task.command_id]),
            "/admin/eztaskmanager/taskcategory/add/",
        ):
            with self.subTest(address=address):
                self.go(address)
                self.assertEqual(self.page.evaluate("document.documentElement.scrollWidth"), 390)


class ColourTests(BrowserTestCase):
    def test_who_picks_a_colour_has_it_and_who_wants_none_has_none(self) -> None:
        category = TaskCategory.objects.create(name="Imports")
        address = reverse("admin:eztaskmanager_taskcategory_change", args=[category.pk])
        self.go(address)
        none = self.page.get_by_label("No colour")
        self.assertTrue(none.is_checked())
        self.page.fill("input[name=color]", "#aa5500")
        self.assertFalse(none.is_checked())
        self.page.click("[name=_save]")
        swatch = self.page.locator("#result_list .ez-swatch rect")
        swatch.wait_for()
        # A policy that forbids inline styles lets the colour through.
        self.assertEqual(swatch.evaluate("each => getComputedStyle(each).fill"), "rgb(170, 85, 0)")
        # A name that is a link looks like one.
        color = "each => getComputedStyle(each).color"
        name = self.page.locator("#result_list .ez-category")
        self.assertEqual(name.evaluate(color), name.locator("xpath=..").evaluate(color))
        self.go(address)
        self.page.get_by_label("No colour").check()
        self.page.click("[name=_save]")
        self.page.locator("#result_list").wait_for()
        self.assertEqual(self.page.locator("#result_list .ez-swatch").count(), 0)


class CommandTests(BrowserTestCase):
    def test_the_letters_of_the_help_are_folded_below_its_options(self) -> None:
        command = make_task().command
        self.go(reverse("admin:eztaskmanager_appcommand_change", args=[command.pk]))
        self.page.locator(".ez-help-page dt", has_text="--fail-level").first.wait_for()
        letters = self.page.locator(".ez-help-page .ez-pre")
        self.assertFalse(letters.is_visible())
        self.page.get_by_text("As --help prints it").click()
        self.assertTrue(letters.is_visible())
