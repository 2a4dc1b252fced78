"""The overview in a real browser, under a strict policy: it lives, and its buttons act."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services.queues import get_task_service
from eztaskmanager.tests.factories import make_report, make_task
from eztaskmanager.tests.pages import BrowserTestCase

PAGE = "/admin/eztaskmanager/overview/"
HAS_CHART = "() => { const c = document.querySelector('canvas.ez-chart'); return c && window.Chart.getChart(c); }"
COLOR = "() => window.Chart.getChart(document.querySelector('canvas.ez-chart')).data.datasets[0].backgroundColor"

# How many questions were asked, and how many of them at once.
COUNT_QUESTIONS = """
window.ezAsked = { total: 0, now: 0, most: 0 };
const ask = window.fetch;
window.fetch = async (...words) => {
  const asked = window.ezAsked;
  asked.total += 1;
  asked.now += 1;
  asked.most = Math.max(asked.most, asked.now);
  try {
    return await ask(...words);
  } finally {
    asked.now -= 1;
  }
};
"""


class OverviewTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.queue: Any = get_task_service()
        self.queue.clear()
        self.queue.is_away = False
        self.addCleanup(setattr, self.queue, "is_away", False)
        cache.clear()
        self.task = make_task(name="Count")

    def start(self, task: Task | None = None, **fields: Any) -> LaunchReport:
        now = timezone.now()
        return make_report(task or self.task, state="started", started_at=now, heartbeat_at=now, **fields)

    def end(self, result: str = "failed", **fields: Any) -> LaunchReport:
        report = self.start(**fields)
        report.finish(result, error="ValueError: bad\nmore")
        return report

    def test_a_run_that_starts_while_it_is_open_appears_moves_and_goes(self) -> None:
        self.go(PAGE)
        self.page.get_by_text("Nothing runs at the moment.").wait_for()
        report = self.start(progress_current=1, progress_total=4)
        self.page.get_by_text("25 % · 1 of 4").wait_for()
        self.wait("() => /^00:00:\\d\\d$/.test(document.querySelector('.ez-elapsed').textContent)")
        LaunchReport.objects.filter(pk=report.pk).update(progress_current=3)
        self.page.get_by_text("75 % · 3 of 4").wait_for()
        report.finish(report.RESULT_FAILED, error="ValueError: bad\nmore")
        self.page.locator(".ez-first-line", has_text="ValueError: bad").wait_for()
        self.page.get_by_text("Nothing runs at the moment.").wait_for()

    def test_a_run_is_stopped_from_it_and_the_page_stays(self) -> None:
        report = self.start()
        self.go(PAGE)
        self.page.get_by_role("button", name="Stop Count").click()
        self.page.locator(".ez-badge", has_text="stopping").wait_for()
        report.refresh_from_db()
        self.assertEqual(report.stopped_by, "admin")
        self.assertTrue(self.page.url.endswith(PAGE))

    def test_the_focus_stays_in_the_card_when_what_had_it_is_gone(self) -> None:
        report = self.start()
        self.go(PAGE)
        self.page.get_by_role("button", name="Stop Count").press("Enter")
        self.page.locator(".ez-badge", has_text="stopping").wait_for()
        focused = "document.activeElement.id"
        self.assertEqual(self.page.evaluate(focused), "ez-h-running")
        report.refresh_from_db()
        report.finish(report.RESULT_STOPPED)
        self.page.get_by_text("Nothing runs at the moment.").wait_for()
        self.assertEqual(self.page.evaluate(focused), "ez-h-running")

    def test_a_failure_is_launched_again_and_its_log_is_shown(self) -> None:
        self.end(arguments="--deploy")
        self.go(PAGE)
        self.page.get_by_role("button", name="Launch Count again").click()
        self.page.locator("#ez-viewer").wait_for()
        new = LaunchReport.objects.latest("pk")
        self.assertEqual((new.arguments, new.state, new.launched_by), ("--deploy", "queued", self.user))

    def test_a_queue_that_is_away_is_told_and_so_is_its_return(self) -> None:
        self.queue.is_away = True
        self.go(PAGE)
        self.page.get_by_text("The queue does not answer.").wait_for()
        self.queue.is_away = False
        self.page.locator(".ez-part-engine td", has_text="none").wait_for()

    def test_the_next_hours_are_drawn_and_told_in_a_table(self) -> None:
        hourly = make_task(name="Hourly", cron="0 * * * *")
        make_task(name="Each minute", cron="* * * * *")
        self.go(PAGE)
        bars = self.page.locator(".ez-line-run")
        self.assertIn(bars.count(), (23, 24))
        self.assertEqual(self.page.locator(".ez-line-band").count(), 1)
        self.assertIn("Hourly", bars.first.locator("title").text_content())
        # Names and bars stand in the same rows.
        # Looked at in one moment, for parts above them may still come and push both down.
        self.wait("""() => {
              const middle = (element) => {
                const box = element.getBoundingClientRect();
                return box.top + box.height / 2;
              };
              const names = [...document.querySelectorAll(".ez-line-names a")];
              const name = names.find((link) => link.textContent.includes("Hourly"));
              return Math.abs(middle(name) - middle(document.querySelector(".ez-line-run"))) < 6;
            }""")
        self.page.get_by_text("As a table").first.click()
        self.page.locator(".ez-part-coming td", has_text="minute").first.wait_for()
        self.page.locator(f'.ez-part-coming th a[href$="/task/{hourly.pk}/change/"]').wait_for()

    def test_the_days_are_drawn_in_the_colours_of_the_theme(self) -> None:
        self.end("ok")
        self.go(PAGE)
        self.wait(HAS_CHART)
        light = self.page.evaluate(COLOR)
        self.page.emulate_media(color_scheme="dark")
        self.wait(f"before => ({COLOR})() !== before", light)
        self.assertRegex(self.page.evaluate(COLOR), "^#[0-9a-f]{6}$")

    def test_what_is_open_and_what_has_the_focus_stays_when_a_part_is_new(self) -> None:
        for _ in range(8):
            self.end()
        self.start()
        self.go(PAGE)
        self.page.get_by_text("Earlier ones").click()
        self.page.get_by_role("button", name="Stop Count").focus()
        other = make_task(name="Other")
        self.start(other)
        self.page.get_by_role("link", name="Other").wait_for()
        self.assertTrue(self.page.locator("details[data-key=more-failed]").evaluate("each => each.open"))
        self.assertEqual(self.page.evaluate("document.activeElement.getAttribute('aria-label')"), "Stop Count")

    def test_one_question_at_a_time_and_none_while_the_tab_is_not_seen(self) -> None:
        self.page.add_init_script(COUNT_QUESTIONS)
        self.start()
        self.go(PAGE)
        self.wait("() => window.ezAsked.total >= 4")
        self.assertEqual(self.page.evaluate("window.ezAsked.most"), 1)
        self.page.evaluate("""() => {
          Object.defineProperty(document, 'hidden', { value: true, configurable: true });
          document.dispatchEvent(new Event('visibilitychange'));
        }""")
        self.page.get_by_text("Paused while this tab is not seen").wait_for()

    def test_an_outage_is_told_and_overcome(self) -> None:
        self.go(PAGE)
        self.page.get_by_text("Live", exact=True).wait_for()
        self.page.route("**/overview/now/", lambda route: route.fulfill(status=503))
        self.page.get_by_text("No connection (503)").first.wait_for()
        self.page.unroute("**/overview/now/")
        self.page.get_by_text("Live", exact=True).wait_for()

    def test_an_ended_session_is_told(self) -> None:
        self.go(PAGE)
        self.page.get_by_text("Live", exact=True).wait_for()
        self.client.logout()
        self.page.get_by_text("your session has ended").wait_for()

    def test_it_fits_a_small_screen_where_the_time_line_scrolls_in_its_own_box(self) -> None:
        make_task(name="A task with a rather long name, for small screens", cron="0 * * * *").note_ride(
            timezone.now() - dt.timedelta(hours=1), ""
        )
        self.end()
        self.start(progress_current=1, progress_total=3, progress_text="copying")
        self.page.set_viewport_size({"width": 390, "height": 800})
        self.go(PAGE)
        self.wait(HAS_CHART)
        self.assertEqual(self.page.evaluate("document.documentElement.scrollWidth"), 390)
        self.assertIn("failed, timed out or lost", self.texts(".ez-legend li"))
        box = self.page.locator(".ez-line-box")
        self.assertTrue(box.evaluate("each => each.scrollWidth > each.clientWidth"))
        # The keyboard gets there.
        box.focus()
        self.page.keyboard.press("End")
        self.page.keyboard.press("ArrowRight")
        self.wait("() => document.querySelector('.ez-line-box').scrollLeft > 0")
