"""What the log viewer gives to find one's way: times, keys, links, filters and copies."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from eztaskmanager.models import LaunchReport, Log
from eztaskmanager.tests.pages import say
from eztaskmanager.tests.viewer_page import ViewerTestCase

NAMELESS = """() => [...document.querySelectorAll('#ez-viewer :is(button, a, input, select, summary, progress)')]
  .filter(element => !(element.ariaLabel || element.textContent).trim() || element.ariaLabel?.startsWith('{'))
  .map(element => element.outerHTML)"""


class ViewerToolTests(ViewerTestCase):
    def test_times_are_told_by_the_clock_from_now_or_from_the_start_and_that_is_remembered(self) -> None:
        started = timezone.now() - dt.timedelta(hours=2)
        LaunchReport.objects.filter(pk=self.report.pk).update(started_at=started)
        say(self.report, "one")
        Log.objects.filter(launch_report=self.report).update(timestamp=started + dt.timedelta(seconds=63.25))
        self.finish()
        self.open()
        self.wait_for_lines(1)
        self.assertRegex(self.texts("#L1 time")[0], r"^\d\d:\d\d:\d\d\.\d{3}$")
        self.page.select_option("#ez-times", "ago")
        self.assertRegex(self.texts("#L1 time")[0], r" ago$")
        self.page.focus("#ez-log")
        self.page.keyboard.press("t")
        self.assertEqual(self.texts("#L1 time"), ["+0:01:03.250"])
        self.open()
        self.wait_for_lines(1)
        self.assertEqual(self.texts("#L1 time"), ["+0:01:03.250"])

    def test_keys_are_listed_and_each_has_a_button(self) -> None:
        say(self.report, *(f"line {n}" for n in range(1, 2_001)))
        say(self.report, "bad", level="ERROR")
        say(self.report, *(f"line {n}" for n in range(2_002, 3_001)))
        self.finish()
        self.open()
        self.wait_for_last("line 3000")
        self.page.focus("#ez-log")
        self.page.keyboard.press("?")
        self.page.locator("#ez-help").wait_for()
        self.page.keyboard.press("g")
        self.assertEqual(self.texts(".ez-line:last-child .ez-message"), ["line 3000"])
        self.page.keyboard.press("Escape")
        self.assertFalse(self.page.locator("#ez-help").is_visible())
        self.page.click("#ez-help-open")
        self.page.click("#ez-help-close")
        self.assertFalse(self.page.locator("#ez-help").is_visible())
        self.page.click("#ez-start")
        self.wait("() => document.querySelector('#L1 .ez-message')?.textContent === 'line 1'")
        self.page.click("#ez-end")
        self.wait_for_last("line 3000")
        self.page.click("#ez-first-error")
        self.wait("() => document.querySelector('.ez-pointed .ez-message')?.textContent === 'bad'")

    def test_lines_are_gone_to_by_number_and_their_link_is_copied(self) -> None:
        say(self.report, *(f"line {n}" for n in range(1, 3_001)))
        self.finish()
        self.open()
        self.wait_for_last("line 3000")
        self.assertFalse(self.page.locator("#ez-copy-link").is_visible())
        self.page.focus("#ez-log")
        self.page.keyboard.press("l")
        self.page.keyboard.type("120-122")
        self.page.keyboard.press("Enter")
        self.wait("() => document.querySelectorAll('.ez-pointed').length === 3")
        self.assertTrue(self.page.locator("#L121").is_visible())
        self.assertTrue(self.page.url.endswith("#L120-L122"))
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page.click("#ez-copy-link")
        self.wait("() => document.getElementById('ez-copy-link').textContent === 'Copied'")
        self.assertEqual(self.page.evaluate("navigator.clipboard.readText()"), self.page.url)

    def test_the_icon_and_the_time_left_follow_the_run(self) -> None:
        started = timezone.now() - dt.timedelta(minutes=170)
        LaunchReport.objects.filter(pk=self.report.pk).update(started_at=started)
        self.open()
        icon = "name => document.getElementById('ez-icon').href.endsWith(`/run-${name}.svg`)"
        self.wait(icon, "started")
        LaunchReport.objects.filter(pk=self.report.pk).update(progress_current=4, progress_total=5)
        self.wait(
            "() => document.getElementById('ez-progress').innerText.includes('80 % · 4 of 5 · about 43 min left')"
        )
        self.finish()
        self.wait(icon, "ok")
        self.assertNotIn("left", self.page.locator("#ez-progress").inner_text())
        address = self.page.get_attribute("#ez-icon", "href")
        self.assertEqual(self.page.request.get(f"{self.live_server_url}{address}").status, 200)

    def test_streams_are_chosen(self) -> None:
        say(self.report, "logged")
        say(self.report, "printed", stream="stdout")
        say(self.report, "complained", stream="stderr", level="WARNING")
        self.open()
        self.wait_for_lines(3)
        for stream, messages in (
            ("log", ["logged"]),
            ("output", ["printed", "complained"]),
            ("stderr", ["complained"]),
            ("stdout", ["printed"]),
        ):
            self.page.select_option("#ez-stream", stream)
            self.wait_for_messages(messages)
        say(self.report, "printed again", stream="stdout")
        self.wait_for_messages(["printed", "printed again"])
        self.page.select_option("#ez-stream", "all")
        self.wait_for_lines(4)

    def test_the_log_is_downloaded_in_every_form(self) -> None:
        say(self.report, "one", "two")
        self.open()
        self.wait_for_lines(2)
        names = []
        for n in range(4):
            self.page.click("#ez-downloads summary")
            with self.page.expect_download() as waiting:
                self.page.locator("#ez-downloads a").nth(n).click()
            names.append(waiting.value.suggested_filename.partition(".")[2])
            self.wait("() => !document.getElementById('ez-downloads').open")
        self.assertEqual(names, ["log", "log.gz", "jsonl", "jsonl.gz"])

    def test_a_fold_opened_by_hand_is_open_when_one_comes_back(self) -> None:
        say(self.report, "Trouble\n" + "  at somewhere\n" * 20 + "ValueError: bad")
        say(self.report, *(f"line {n}" for n in range(2, 3_001)))
        self.finish()
        self.open("#L1")
        self.page.click("#L1 summary")
        self.page.click("#ez-end")
        self.wait_for_last("line 3000")
        self.assertEqual(self.page.locator("#L1").count(), 0)
        self.page.click("#ez-start")
        self.wait("() => document.querySelector('#L1 details')?.open")

    def test_a_very_long_line_is_shown_whole_on_request(self) -> None:
        say(self.report, "x" * 900_000 + " end", "after")
        self.finish()
        self.open("#L1")
        self.page.click("#L1 .ez-rest")
        self.wait("() => document.querySelector('#L1 .ez-message')?.textContent.endsWith('x end')")
        length = "document.querySelector('#L1 .ez-message').textContent.length"
        self.assertEqual(self.page.evaluate(length), 900_004)
        self.page.click("#ez-end")
        self.wait_for_last("after")

    def test_copied_lines_are_what_was_logged(self) -> None:
        say(self.report, "one", "two  words", "\x1b[31mthree\x1b[0m")
        self.finish()
        self.open()
        self.wait_for_lines(3)
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page.focus("#ez-log")
        self.page.evaluate("getSelection().selectAllChildren(document.getElementById('ez-lines'))")
        self.page.keyboard.press("Control+c")
        copied = self.page.evaluate("navigator.clipboard.readText()")
        self.assertEqual(copied.strip(), "one\ntwo  words\nthree")

    def test_everything_has_a_name_and_room_on_a_small_screen(self) -> None:
        say(self.report, "word " * 100, "bad", level="ERROR")
        LaunchReport.objects.filter(pk=self.report.pk).update(progress_current=1, progress_total=3)
        self.page.set_viewport_size({"width": 360, "height": 740})
        self.open("#L1")
        self.wait_for_lines(2)
        self.assertEqual(self.page.evaluate(NAMELESS), [])
        self.assertEqual(self.page.evaluate("document.documentElement.scrollWidth"), 360)
        for opener, opened in (("#ez-downloads summary", "#ez-downloads > div"), ("#ez-help-open", "#ez-help")):
            self.page.click(opener)
            place = self.page.locator(opened).bounding_box()
            self.assertGreaterEqual(place["x"], 0)
            self.assertLessEqual(place["x"] + place["width"], 360)
            self.assertEqual(self.page.evaluate("document.documentElement.scrollWidth"), 360)
