"""The forms of the admin in a real browser, under a strict policy."""

from __future__ import annotations

from django.urls import reverse

from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.tests.factories import make_task
from eztaskmanager.tests.pages import BrowserTestCase


class TaskFormTests(BrowserTestCase):
    def open(self, task: Task) -> None:
        self.go(reverse("admin:eztaskmanager_task_change", args=[task.pk]))
        self.page.locator(".ez-preview").wait_for()

    def test_the_next_runs_are_shown_while_the_schedule_is_written(self) -> None:
        self.open(make_task())
        self.page.locator(".ez-preview-empty").wait_for()
        self.page.fill("#id_cron", "30 6 * * *")
        self.page.fill("#id_timezone", "Asia/Tokyo")
        self.wait("() => document.querySelector('.ez-preview-zone').textContent === '(Asia/Tokyo)'")
        rides = self.texts(".ez-preview-rides li")
        self.assertEqual(len(rides), 5)
        self.assertTrue(all("06:30:00 JST" in ride for ride in rides), rides)
        self.page.fill("#id_cron", "61 * * * *")
        self.page.locator(".ez-preview-errors li").first.wait_for()
        self.assertEqual(self.texts(".ez-preview-rides li"), [])

    def test_the_enter_key_saves_and_starts_nothing(self) -> None:
        task = make_task(name="Before")
        self.open(task)
        self.page.fill("#id_name", "After")
        self.page.press("#id_name", "Enter")
        self.page.locator(".messagelist .success").wait_for()
        task.refresh_from_db()
        self.assertEqual(task.name, "After")
        self.assertFalse(LaunchReport.objects.exists())

    def test_start_leads_to_the_log_of_the_run(self) -> None:
        self.open(make_task(name="Go"))
        self.page.click("[name=_start-task]")
        self.page.click(".messagelist .ez-log-link")
        self.page.locator("#ez-viewer").wait_for()
        self.assertEqual(self.texts("#ez-state"), ["queued"])
        self.wait("() => document.getElementById('ez-status').textContent === 'Waiting for the run to start'")

    def test_fields_of_one_row_stay_in_line_when_one_has_an_error(self) -> None:
        self.open(make_task())
        self.page.select_option("#id_repetition_period", "day")
        self.page.click("[name=_save]")
        error = self.page.locator("#id_repetition_rate_error")
        rate, period = (self.page.locator(f"label[for=id_repetition_{name}]") for name in ("rate", "period"))
        self.assertEqual(rate.bounding_box()["y"], period.bounding_box()["y"])
        text = error.bounding_box()
        self.assertGreaterEqual(period.bounding_box()["x"], text["x"] + text["width"] + 10)

    def test_pages_fit_a_small_screen(self) -> None:
        task = make_task(name="A task with a rather long name, for small screens", cron="0 6 * * *")
        self.page.set_viewport_size({"width": 390, "height": 800})
        self.open(task)
        self.assertEqual(self.page.evaluate("document.documentElement.scrollWidth"), 390)
        self.go("/admin/eztaskmanager/task/")
        self.assertEqual(self.page.evaluate("document.documentElement.scrollWidth"), 390)
