"""The live log viewer in a real browser, under a strict policy."""

from __future__ import annotations

from django.db import connection
from django.test import tag
from django.urls import reverse
from django.utils import timezone

from eztaskmanager.models import LaunchReport, Log
from eztaskmanager.tests.factories import make_report, make_task
from eztaskmanager.tests.pages import BrowserTestCase, say
from eztaskmanager.tests.viewer_page import LINES, ViewerTestCase

AT_BOTTOM = (
    "() => { const e = document.getElementById('ez-log'); return e.scrollTop + e.clientHeight > e.scrollHeight - 5 }"
)
SCROLL_TO = """part => {
  const box = document.getElementById('ez-log');
  box.scrollTop = part * box.scrollHeight;
}"""
SEEN_IN_THE_MIDDLE = """n => {
  const box = document.getElementById('ez-log').getBoundingClientRect();
  const line = document.elementFromPoint(box.left + 200, box.top + 30)?.closest('.ez-line');
  const seen = Number(line?.dataset.n);
  return Math.abs(seen - n) < 100 && line.querySelector('.ez-message').textContent === `line ${seen}`;
}"""


def write_lines(report: LaunchReport, count: int) -> None:
    """Write many lines in one statement, which is what every database is quick at."""
    table = Log._meta.db_table
    numbers = "SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 100000 * g.d + 1 AS n FROM " + ", ".join(
        f"(SELECT 0 AS d {' '.join(f'UNION ALL SELECT {digit}' for digit in range(1, 10))}) {name}" for name in "abcefg"
    )
    # MySQL takes || for OR.
    text = "CONCAT('line ', n, ' of many')" if connection.vendor == "mysql" else "'line ' || n || ' of many'"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (launch_report_id, seq, timestamp, level, stream, message) "
            f"SELECT %s, n, %s, 'INFO', 'stdout', {text} FROM ({numbers}) numbers WHERE n <= %s",
            [report.pk, timezone.now(), count],
        )


class ViewerTests(ViewerTestCase):
    def test_lines_come_alive_and_the_end_ends_the_asking(self) -> None:
        say(self.report, "one", "two")
        self.open()
        self.wait_for_lines(2)
        say(self.report, "three", level="ERROR")
        self.wait_for_lines(3)
        self.assertEqual(self.messages(), ["one", "two", "three"])
        self.assertEqual(self.texts("#ez-state"), ["running"])
        LaunchReport.objects.filter(pk=self.report.pk).update(progress_current=1, progress_total=4)
        self.wait("() => document.title.startsWith('25 %')")
        self.assertEqual(self.page.locator("#ez-progress progress").get_attribute("value"), "25")
        self.finish()
        self.wait("() => document.getElementById('ez-status').textContent === 'The run is over'")
        self.assertEqual(self.texts("#ez-state"), ["ok"])
        self.assertTrue(self.page.locator("#ez-again").is_visible())
        self.assertFalse(self.page.locator("#ez-stop").is_visible())
        asked: list[str] = []
        self.page.on("request", lambda request: asked.append(request.url))
        self.page.wait_for_timeout(3_000)
        self.assertEqual(asked, [])

    def test_what_is_logged_is_text_and_only_links_are_links(self) -> None:
        say(
            self.report,
            '<img src=x onerror="document.title=1">',
            "see https://example.org/a?b=1. (javascript:alert(1))",
        )
        self.open()
        self.wait_for_lines(2)
        self.assertEqual(self.page.locator("#ez-lines img").count(), 0)
        self.assertIn("Count <b>sheep</b>", self.page.locator("h1").inner_text())
        links = self.page.locator("#ez-lines .ez-message a")
        self.assertEqual(links.count(), 1)
        self.assertEqual(links.get_attribute("href"), "https://example.org/a?b=1")
        self.assertIn("noopener", links.get_attribute("rel"))

    def test_levels_are_counted_shown_when_they_occur_and_chosen(self) -> None:
        say(self.report, "a", "b")
        self.open()
        self.wait_for_lines(2)
        self.assertFalse(self.page.locator("[data-level=warning]").is_visible())
        say(self.report, "c", level="WARNING")
        self.page.locator("[data-level=warning]").wait_for()
        self.assertEqual(self.texts(".ez-levels [data-level]"), ["ALL\n3", "INFO\n2", "WARNINGS\n1"])
        self.page.click("[data-level=warning]")
        self.wait_for_lines(1)
        self.assertEqual(self.messages(), ["c"])
        say(self.report, "d")
        say(self.report, "e", level="WARNING")
        self.wait_for_lines(2)
        self.page.click("[data-level=all]")
        self.wait_for_lines(5)

    def test_a_search_marks_what_it_finds_and_is_reset(self) -> None:
        say(self.report, "apples are red", "pears are green", "plums")
        self.open()
        self.wait_for_lines(3)
        self.page.keyboard.press("/")
        self.page.keyboard.type("APPLES|plum")
        self.wait("() => document.querySelector('#ez-found span').textContent === '1 / 2'")
        self.wait_for_lines(3)
        self.page.click("#ez-only")
        self.wait_for_lines(2)
        self.assertEqual(self.texts("#ez-lines mark"), ["apples", "plum"])
        self.wait("() => document.getElementById('ez-status').textContent === 'Live · 2 lines match'")
        say(self.report, "more plums")
        self.wait("() => document.getElementById('ez-status').textContent === 'Live · 3 lines match'")
        self.page.click("#ez-reset")
        self.wait_for_lines(4)
        self.page.click("#ez-only")
        self.page.fill("#ez-search-text", "nothing like it")
        self.wait_for_lines(0)
        self.wait("() => document.getElementById('ez-empty').textContent === 'No line matches.'")

    def test_it_follows_lets_go_when_scrolled_up_and_counts_what_is_new(self) -> None:
        say(self.report, *(f"line {n}" for n in range(1, 301)))
        self.open()
        self.wait_for_last("line 300")
        self.wait(AT_BOTTOM)
        say(self.report, "line 301")
        self.wait_for_last("line 301")
        self.wait(AT_BOTTOM)
        self.page.hover("#ez-log")
        self.page.mouse.wheel(0, -2_000)
        self.wait("() => document.getElementById('ez-follow').getAttribute('aria-pressed') === 'false'")
        say(self.report, "line 302", "line 303")
        self.wait("() => document.getElementById('ez-jump').textContent === '2 new lines'")
        self.page.click("#ez-jump")
        self.wait(AT_BOTTOM)
        self.assertEqual(self.page.get_attribute("#ez-follow", "aria-pressed"), "true")
        self.assertFalse(self.page.locator("#ez-jump").is_visible())

    def test_lines_have_addresses_and_so_have_ranges(self) -> None:
        say(self.report, *(f"line {n}" for n in range(1, 3_001)))
        self.finish()
        self.open("#L1200-L1202")
        self.wait("() => document.querySelectorAll('.ez-pointed').length === 3")
        self.assertTrue(self.page.locator("#L1200").is_visible())
        self.page.click("#L1205 .ez-number")
        self.assertTrue(self.page.url.endswith("#L1205"))
        self.page.click("#L1207 .ez-number", modifiers=["Shift"])
        self.assertTrue(self.page.url.endswith("#L1205-L1207"))
        self.assertEqual(self.page.locator(".ez-pointed").count(), 3)

    def test_only_the_lines_in_view_are_in_the_page(self) -> None:
        say(self.report, *(f"line {n}" for n in range(1, 12_001)))
        self.finish()
        self.open()
        self.wait_for_last("line 12000")
        self.page.focus("#ez-log")
        self.page.keyboard.press("g")
        self.wait("() => document.querySelector('#L1 .ez-message')?.textContent === 'line 1'")
        self.assertLess(self.page.locator(LINES).count(), 400)
        for part in (0.25, 0.5, 0.75):
            self.page.evaluate(SCROLL_TO, part)
            self.wait(SEEN_IN_THE_MIDDLE, part * 12_000)
            self.assertLess(self.page.locator(LINES).count(), 400)
        self.page.keyboard.press("G")
        self.wait_for_last("line 12000")
        self.wait(AT_BOTTOM)

    def test_colours_are_shown_other_codes_dropped_and_tracebacks_folded(self) -> None:
        say(
            self.report,
            "\x1b[1;31mred\x1b[0m plain \x1b[38;5;208morange\x1b[m\x1b[2K\x1b]0;title\x07",
            "10 %\r50 %\rdone",
            "Trouble\n" + "\n".join(f"  at {n}" for n in range(20)) + "\nValueError: bad",
        )
        self.finish()
        self.open()
        self.wait_for_lines(3)
        first, second, third = self.messages()
        self.assertEqual((first, second), ("red plain orange", "done"))
        self.assertEqual(self.page.locator("#L1 .ez-bold.ez-fg-1").inner_text(), "red")
        colour = "getComputedStyle(document.querySelector('#L1 .ez-message span:last-child')).color"
        self.assertEqual(self.page.evaluate(colour), "rgb(255, 135, 0)")
        self.assertEqual(third.splitlines(), ["Trouble", "20 more lines", "ValueError: bad"])
        self.page.click("#L3 summary")
        self.assertTrue(self.page.locator("#L3 details").get_attribute("open") is not None)

    def test_groups_fold(self) -> None:
        for stream, text in (("log", "before"), ("group", "Outer"), ("log", "in"), ("group", "Inner"), ("log", "deep")):
            say(self.report, text, stream=stream)
        for stream, text in (("end", "Inner"), ("end", "Outer"), ("log", "after")):
            say(self.report, text, stream=stream)
        self.finish()
        self.open()
        self.wait_for_lines(6)
        self.assertEqual(self.messages(), ["before", "Outer", "in", "Inner", "deep", "after"])
        self.page.click("#L4 .ez-group")
        self.assertEqual(self.messages(), ["before", "Outer", "in", "Inner", "after"])
        self.page.click("#L2 .ez-group")
        self.assertEqual(self.messages(), ["before", "Outer", "after"])
        self.page.click("#L2 .ez-group")
        self.assertEqual(self.messages(), ["before", "Outer", "in", "Inner", "after"])

    def test_errors_are_gone_to_one_after_the_other(self) -> None:
        for part in range(3):
            say(self.report, *(f"line {part} {n}" for n in range(2_000)))
            say(self.report, f"error {part}", level="ERROR")
        self.finish()
        self.open()
        self.wait_for_last("error 2")
        for n in (2001, 4002, 6003):
            self.page.click("#ez-next-error")
            self.wait("n => document.querySelector('.ez-pointed')?.id === `L${n}`", n)
        self.page.keyboard.press("E")
        self.wait("() => document.querySelector('.ez-pointed')?.id === 'L4002'")
        self.assertTrue(self.page.url.endswith("#L4002"))

    def test_an_expression_is_searched_for_and_a_wrong_one_is_told_of(self) -> None:
        say(self.report, "order 17", "order x", "Order 18")
        self.open()
        self.wait_for_lines(3)
        self.page.click("#ez-regex")
        self.page.click("#ez-only")
        self.page.fill("#ez-search-text", "order [0-9]+")
        self.wait_for_lines(2)
        self.page.click("#ez-case")
        self.wait_for_lines(1)
        self.page.fill("#ez-search-text", "order [")
        self.wait("() => document.getElementById('ez-status').classList.contains('ez-is-error')")
        self.assertIn("is not a regular expression", self.page.locator("#ez-status").inner_text())
        self.page.fill("#ez-search-text", "")
        self.wait_for_lines(3)

    def test_lines_wrap_or_not_and_that_is_remembered(self) -> None:
        say(self.report, "long " * 500)
        self.finish()
        self.open()
        self.wait_for_lines(1)
        is_wide = (
            "() => document.getElementById('ez-log').scrollWidth > document.getElementById('ez-log').clientWidth + 50"
        )
        self.assertFalse(self.page.evaluate(is_wide))
        self.page.click("#ez-wrap")
        self.assertTrue(self.page.evaluate(is_wide))
        self.open()
        self.wait_for_lines(1)
        self.assertTrue(self.page.evaluate(is_wide))

    def test_stop_asks_the_run_to_end_without_leaving_the_page(self) -> None:
        say(self.report, "working")
        self.open()
        self.wait_for_lines(1)
        self.page.click("#ez-stop button")
        self.wait("() => document.getElementById('ez-state').textContent === 'stopping'")
        self.report.refresh_from_db()
        self.assertEqual(self.report.stopped_by, "admin")
        self.assertTrue(self.page.locator("#ez-stop button").is_disabled())

    def test_a_server_that_is_away_is_told_of_and_asked_again(self) -> None:
        say(self.report, "one")
        self.open()
        self.wait_for_lines(1)
        self.page.route("**/read_loglines/**", lambda route: route.abort())
        self.wait("() => document.getElementById('ez-status').textContent.startsWith('No connection')")
        self.page.unroute("**/read_loglines/**")
        say(self.report, "two")
        self.wait_for_lines(2)
        self.wait("() => document.getElementById('ez-status').textContent === 'Live'")

    def test_a_session_that_has_ended_is_told_of(self) -> None:
        self.open()
        self.page.context.clear_cookies()
        self.wait("() => document.getElementById('ez-status').textContent.includes('can no longer be read')")

    def test_it_fits_a_small_screen(self) -> None:
        say(self.report, "word " * 100)
        self.page.set_viewport_size({"width": 360, "height": 700})
        self.open()
        self.wait_for_lines(1)
        self.assertEqual(self.page.evaluate("document.documentElement.scrollWidth"), 360)


@tag("long")
class MillionLinesTests(BrowserTestCase):
    """A log no browser could hold, in one statement."""

    SIZE = 1_000_000

    def setUp(self) -> None:
        super().setUp()
        now = timezone.now()
        self.report = make_report(make_task(), state="started", started_at=now, n_log_lines=self.SIZE)
        LaunchReport.objects.get(pk=self.report.pk).finish(LaunchReport.RESULT_OK)
        write_lines(self.report, self.SIZE)

    def see(self, n: int) -> None:
        """Wait until a line and its text are in view."""
        self.wait(
            """n => {
              const line = document.getElementById(`L${n}`);
              const box = document.getElementById('ez-log').getBoundingClientRect();
              const place = line?.getBoundingClientRect();
              return line?.querySelector('.ez-message').textContent.startsWith(`line ${n} `)
                && place.bottom > box.top && place.top < box.bottom;
            }""",
            n,
        )
        self.assertLess(self.page.locator("#ez-lines > .ez-line").count(), 400)

    def test_a_million_lines_are_scrolled_searched_and_pointed_to(self) -> None:
        self.go(reverse("eztaskmanager:live_log_viewer", args=[self.report.pk]))
        self.see(1_000_000)
        self.page.evaluate(SCROLL_TO, 0.5)
        self.see(500_005)
        self.page.hover("#ez-log")
        self.page.mouse.wheel(0, 300)
        self.see(500_043)
        # The bar is put where it belongs once the wheel has come to rest.
        self.wait("() => document.getElementById('ez-log').scrollTop < 4000200")
        self.page.keyboard.press("g")
        self.see(1)
        self.page.click("#ez-wrap")
        self.see(1)
        self.page.keyboard.press("/")
        self.page.keyboard.type("line 654321 ")
        self.see(654_321)
        self.wait("() => document.querySelector('#ez-found span').textContent === '1 / 1'")
        self.page.click("#ez-only")
        self.wait("() => document.querySelectorAll('#ez-lines mark').length === 1")
        self.page.click("#ez-reset")
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("G")
        self.see(1_000_000)
        self.page.evaluate("location.hash = '#L777000-L777002'")
        self.see(777_001)
        self.wait("() => document.querySelectorAll('.ez-pointed').length === 3")
