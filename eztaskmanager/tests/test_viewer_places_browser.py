"""Where one is in the log viewer: the line in view, and what has the keyboard."""

from __future__ import annotations

from eztaskmanager.models import LaunchReport
from eztaskmanager.tests.pages import say
from eztaskmanager.tests.viewer_page import ViewerTestCase

FOCUSED = "() => document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
IS_IN_VIEW = """n => {
  const box = document.getElementById('ez-log').getBoundingClientRect();
  const place = document.getElementById(`L${n}`)?.getBoundingClientRect();
  return place !== undefined && place.top >= box.top - 1 && place.bottom <= box.bottom + 1;
}"""
IS_PRESSED = "id => document.getElementById(id).getAttribute('aria-pressed') === 'true'"
TAB_STOPS = """() => [...document.querySelectorAll('.ez-toolbar :is(button, input, select, a, summary)')]
  .filter(element => element.offsetWidth && !element.closest('details > div'))
  .map(element => element.getBoundingClientRect())
  .map(({ left, top }) => [Math.round(top / 20), left])"""


class ViewerPlaceTests(ViewerTestCase):
    def log_errors(self) -> None:
        """Log 569 lines, two of them errors, and end."""
        say(self.report, *(f"line {n}" for n in range(1, 70)))
        say(self.report, "bad", level="ERROR")
        say(self.report, *(f"line {n}" for n in range(71, 200)))
        say(self.report, "worse", level="ERROR")
        say(self.report, *(f"line {n}" for n in range(201, 570)))
        self.finish()
        self.open()
        self.wait_for_last("line 569")

    def focused(self) -> str:
        return str(self.page.evaluate(FOCUSED))

    def test_the_tab_key_gets_past_the_log(self) -> None:
        self.log_errors()
        self.page.focus("#ez-log")
        self.page.keyboard.press("Tab")
        self.assertFalse(self.page.evaluate("document.getElementById('ez-log').contains(document.activeElement)"))

    def test_the_tab_key_goes_through_the_toolbar_as_it_is_seen(self) -> None:
        self.log_errors()
        stops = self.page.evaluate(TAB_STOPS)
        self.assertEqual(stops, sorted(stops))

    def test_a_line_pointed_to_stays_in_view_when_the_filter_goes(self) -> None:
        self.log_errors()
        self.page.click("[data-level=error]")
        self.wait_for_messages(["bad", "worse"])
        self.page.click("#L200 .ez-number")
        self.page.click("[data-level=all]")
        self.wait(IS_IN_VIEW, 200)
        self.page.click("#ez-end")
        self.wait_for_last("line 569")
        self.page.click("[data-level=error]")
        self.wait_for_messages(["bad", "worse"])
        self.page.evaluate("history.replaceState(null, '', location.pathname)")
        self.page.click("[data-level=all]")
        self.wait(IS_IN_VIEW, 70)

    def test_who_follows_is_at_the_end_whatever_is_filtered(self) -> None:
        say(self.report, *(f"line {n}" for n in range(1, 300)))
        say(self.report, "bad", level="ERROR")
        say(self.report, *(f"line {n}" for n in range(301, 601)))
        self.open()
        self.wait_for_last("line 600")
        self.page.click("[data-level=error]")
        self.wait_for_messages(["bad"])
        self.assertTrue(self.page.evaluate(IS_PRESSED, "ez-follow"))
        self.page.click("[data-level=all]")
        self.wait_for_last("line 600")
        self.wait(IS_IN_VIEW, 600)

    def test_following_ends_with_the_run_after_its_last_line(self) -> None:
        say(self.report, *(f"line {n}" for n in range(1, 300)))
        self.open()
        self.wait_for_last("line 299")
        self.assertTrue(self.page.evaluate(IS_PRESSED, "ez-follow"))
        say(self.report, "the last")
        self.finish()
        self.wait_for_last("the last")
        self.wait(f"() => !({IS_PRESSED})('ez-follow')")
        self.wait(IS_IN_VIEW, 300)

    def test_last_lines_come_though_the_end_was_told_by_another_answer(self) -> None:
        say(self.report, *(f"line {n}" for n in range(1, 3_001)))
        self.open()
        self.wait_for_last("line 3000")
        # The next thing asked is not how the run stands, but what the lines at the start are.
        self.page.route("**/read_loglines/**offset=3000**", lambda route: route.abort())
        self.page.wait_for_event("requestfailed")
        say(self.report, "the last")
        self.finish()
        self.page.unroute("**/read_loglines/**offset=3000**")
        self.page.click("#ez-start")
        self.wait("() => document.getElementById('ez-jump').textContent === '1 new line'")
        self.page.click("#ez-jump")
        self.wait_for_last("the last")
        self.assertEqual(self.focused(), "ez-log")

    def test_folding_leaves_the_keyboard_at_the_title(self) -> None:
        for stream, text in (("group", "Outer"), ("log", "in"), ("end", "Outer"), ("log", "after")):
            say(self.report, text, stream=stream)
        self.finish()
        self.open()
        self.wait_for_messages(["Outer", "in", "after"])
        self.page.focus("#L1 .ez-group")
        for messages in (["Outer", "after"], ["Outer", "in", "after"]):
            self.page.keyboard.press("Enter")
            self.wait_for_messages(messages)
            self.assertEqual(self.focused(), "ez-group")

    def test_stopping_brings_the_keyboard_to_the_log(self) -> None:
        say(self.report, "working")
        self.open()
        self.wait_for_lines(1)
        self.page.focus("#ez-stop button")
        self.page.keyboard.press("Enter")
        self.wait("() => document.getElementById('ez-state').textContent === 'stopping'")
        self.assertEqual(self.focused(), "ez-log")

    def test_shift_and_enter_go_to_the_match_before_and_reset_lets_go_of_all(self) -> None:
        say(self.report, "a", "b", "a", "b", "a")
        self.finish()
        self.open()
        self.wait_for_lines(5)
        self.page.fill("#ez-search-text", "a")
        at = "text => document.querySelector('#ez-found span').textContent === text"
        self.wait(at, "1 / 3")
        for key, text in (("Enter", "2 / 3"), ("Shift+Enter", "1 / 3"), ("Shift+Enter", "3 / 3")):
            self.page.keyboard.press(key)
            self.wait(at, text)
        options = ("ez-case", "ez-regex", "ez-only")
        for option in options:
            self.page.click(f"#{option}")
        self.wait_for_lines(3)
        self.page.click("#ez-reset")
        self.wait_for_lines(5)
        self.assertEqual([option for option in options if self.page.evaluate(IS_PRESSED, option)], [])

    def test_a_line_beyond_the_last_is_the_last_and_what_is_no_line_is_refused(self) -> None:
        self.log_errors()
        for typed, hash_ in (("9999", "#L569"), ("560-9999", "#L560-L569"), ("#L120-L122", "#L120-L122")):
            self.page.fill("#ez-line", typed)
            self.page.press("#ez-line", "Enter")
            self.assertTrue(self.page.url.endswith(hash_), self.page.url)
            self.wait(IS_IN_VIEW, int(hash_[2:5]))
        for typed in ("0", "twelve", "0-3"):
            self.page.fill("#ez-line", typed)
            self.page.press("#ez-line", "Enter")
            self.assertFalse(self.page.evaluate("document.getElementById('ez-line').checkValidity()"), typed)
            self.assertTrue(self.page.url.endswith("#L120-L122"))

    def test_the_log_begins_in_the_upper_half_of_a_phone(self) -> None:
        say(self.report, "careful", level="WARNING")
        say(self.report, "look", level="DEBUG")
        say(self.report, *(f"line {n}" for n in range(1, 100)))
        say(self.report, "bad", level="ERROR")
        error = "ImportFailed: the customers of the file were not read " + "\nand so on" * 20
        LaunchReport.objects.get(pk=self.report.pk).finish(LaunchReport.RESULT_FAILED, error=error)
        for width in (390, 360):
            with self.subTest(width):
                self.page.set_viewport_size({"width": width, "height": 740})
                self.open()
                self.page.fill("#ez-search-text", "line")
                self.page.locator("#ez-found").wait_for()
                self.assertLess(self.page.locator("#ez-log").bounding_box()["y"], 450)
                self.assertGreater(self.page.locator("#ez-search-text").bounding_box()["width"], 100)
                self.assertEqual(self.page.evaluate("document.documentElement.scrollWidth"), width)
        self.assertFalse(self.page.locator("#ez-times").is_visible())
        self.page.focus("#ez-log")
        self.page.keyboard.press("t")
        self.assertEqual(self.page.input_value("#ez-times"), "clock")
