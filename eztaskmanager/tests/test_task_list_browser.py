"""The list of tasks and the page of a task in a real browser, under a strict policy."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone

from eztaskmanager.models import LaunchReport, Task, TaskCategory
from eztaskmanager.schedules.wall_clock import find_change
from eztaskmanager.tests.factories import make_report, make_runs, make_task
from eztaskmanager.tests.pages import CUT_OFF, WIDTHS, BrowserTestCase

LIST = "/admin/eztaskmanager/task/"
WIDTH = "document.documentElement.scrollWidth"


class ListTests(BrowserTestCase):
    def cell(self, task: Task, name: str) -> Any:
        return self.page.locator(f'[data-ez-task="{task.pk}"][data-ez-cell="{name}"]')

    def wait_for_text(self, task: Task, name: str, text: str) -> None:
        self.wait(
            "([task, name, text]) => document.querySelector(`[data-ez-task='${task}'][data-ez-cell='${name}']`)"
            ".textContent.includes(text)",
            [task.pk, name, text],
        )

    def test_states_change_without_a_reload(self) -> None:
        task, other = make_task(name="Mine"), make_task(name="Other")
        self.go(LIST)
        self.page.evaluate("window.ezSame = true")
        report = make_report(task, state="started", started_at=timezone.now() - dt.timedelta(seconds=70))
        Task.objects.all().derive()
        self.wait_for_text(task, "state", "running")
        self.wait_for_text(task, "state", "1 min")
        LaunchReport.objects.filter(pk=report.pk).update(progress_current=3, progress_total=4)
        self.wait_for_text(task, "state", "75 %")
        report.refresh_from_db()
        report.finish("failed")
        self.wait_for_text(task, "last", "failed")
        self.cell(task, "strip").locator(".ez-bar-failed").wait_for()
        self.assertIn("idle", self.cell(other, "state").inner_text())
        self.assertTrue(self.page.evaluate("window.ezSame"))
        self.assertEqual(self.texts("#ez-pulse"), ["Live"])

    def test_a_name_of_one_long_word_pushes_nothing_out_of_sight(self) -> None:
        task = make_task(name="X" * 255)
        launch = reverse("admin:eztaskmanager_task_launch", args=[task.pk])
        change = reverse("admin:eztaskmanager_task_change", args=[task.pk])
        self.go(LIST)
        for width in (1440, 390):
            self.page.set_viewport_size({"width": width, "height": 900})
            for address in (LIST, change, launch):
                with self.subTest(address, width=width):
                    self.go(address)
                    self.assertLessEqual(self.page.evaluate(WIDTH), width)
                    if address == LIST:
                        box = self.page.locator("#result_list").evaluate(
                            "e => [e.scrollWidth, e.parentElement.clientWidth]"
                        )
                        self.assertLessEqual(*box)

    def test_a_hidden_tab_asks_nothing_and_asks_at_once_when_it_is_seen(self) -> None:
        task = make_task()
        make_report(task)
        Task.objects.all().derive()
        self.page.clock.install()
        asked: list[Any] = []
        self.page.on("request", lambda request: asked.append(request) if "/states/" in request.url else None)
        self.go(LIST)
        with self.page.expect_response("**/states/**"):
            self.page.clock.fast_forward(5_000)
        self.show_tab(False)
        before = len(asked)
        for _ in range(5):
            self.page.clock.fast_forward(60_000)
        self.assertEqual(len(asked), before)
        with self.page.expect_response("**/states/**"):
            self.show_tab(True)

    def show_tab(self, is_seen: bool) -> None:
        """Make the page believe that its tab is seen, or is not."""
        self.page.evaluate(
            "isSeen => { Object.defineProperty(document, 'hidden', { value: !isSeen, configurable: true });"
            " document.dispatchEvent(new Event('visibilitychange')); }",
            is_seen,
        )

    def test_a_server_that_is_away_is_told_of_and_its_return_too(self) -> None:
        task = make_task()
        make_report(task)
        Task.objects.all().derive()
        self.page.route("**/states/**", lambda route: route.abort())
        self.go(LIST)
        self.wait("() => document.getElementById('ez-pulse').textContent.startsWith('No answer')")
        self.page.unroute("**/states/**")
        self.page.evaluate("window.dispatchEvent(new Event('online'))")
        self.wait("() => document.getElementById('ez-pulse').textContent === 'Live'")
        self.complaints.clear()

    def test_each_button_works_in_its_row(self) -> None:
        task = make_task(name="Go", cron="0 6 * * *")
        self.go(LIST)
        self.page.evaluate("window.ezSame = true")
        buttons = self.cell(task, "buttons")
        buttons.get_by_role("button", name="Run now: Go").click()
        self.page.locator(".ez-said-success .ez-log-link").wait_for()
        self.wait_for_text(task, "state", "queued")
        buttons.get_by_role("button", name="Pause schedule: Go").click()
        buttons.get_by_role("button", name="Resume schedule: Go").wait_for()
        self.assertTrue(self.page.evaluate("document.activeElement.classList.contains('ez-row-button')"))
        buttons.get_by_role("button", name="Stop: Go").click()
        self.wait_for_text(task, "state", "paused")
        self.assertEqual(LaunchReport.objects.get().invocation_result, "stopped")
        buttons.get_by_role("button", name="Resume schedule: Go").click()
        self.wait_for_text(task, "upcoming", "in ")
        plain = make_task(name="Plain", arguments="--no-such-option")
        self.go(LIST)
        self.cell(plain, "buttons").get_by_role("button", name="Start: Plain").press("Enter")
        self.page.locator(".ez-said-error").wait_for()
        self.assertIn("--no-such-option", self.texts(".ez-said-error")[0])
        self.page.locator(".ez-said-close").click()
        self.assertEqual(self.texts(".ez-said p"), [])

    def test_an_answer_that_leads_elsewhere_is_followed(self) -> None:
        task = make_task(name="Go")
        answer = f'{{"said": [], "redirect": "{LIST}add/", "rows": {{}}, "pause": 1000, "next_ride": null}}'
        self.page.route("**/do/**", lambda route: route.fulfill(body=answer, content_type="application/json"))
        self.go(LIST)
        self.cell(task, "buttons").get_by_role("button").first.click()
        self.page.wait_for_url("**/add/")

    def test_buttons_work_without_scripts(self) -> None:
        make_task(name="Go")
        self.page = self.open_page(java_script_enabled=False)
        self.go(f"{LIST}?q=go")
        self.page.get_by_role("button", name="Start: Go").click()
        self.page.locator(".messagelist .success").wait_for()
        self.assertTrue(self.page.url.endswith("?q=go"))
        self.assertEqual(LaunchReport.objects.count(), 1)

    def test_the_box_finds_and_filters_narrow(self) -> None:
        for name in ("check", "migrate", "flush", "dumpdata", "loaddata", "inspectdb", "shell", "sqlmigrate"):
            make_task(name, name=f"Do {name}")
        self.go(LIST)
        self.page.fill("#searchbar", "dump")
        self.page.press("#searchbar", "Enter")
        self.page.locator("#toolbar .small.quiet").wait_for()
        self.assertEqual(self.texts(".ez-name"), ["Do dumpdata"])
        self.go(LIST)
        self.page.fill(".ez-find-command", "data")
        self.assertEqual(self.texts(".ez-commands li"), ["All", "dumpdata", "loaddata"])
        self.page.press(".ez-find-command", "Enter")
        self.page.wait_for_url("**command=*")
        self.assertEqual(self.texts(".ez-name"), ["Do dumpdata"])

    def test_groups_have_headings_in_their_colours(self) -> None:
        red = TaskCategory.objects.create(name="Red", color="#b42318")
        blue = TaskCategory.objects.create(name="Blue", color="#0a63b0")
        for name, category in (("1", red), ("2", None), ("3", blue), ("4", red)):
            make_task(name=name, category=category)
        self.go(LIST)
        self.page.click(".ez-grouping")
        self.page.locator(".ez-group-row").first.wait_for()
        self.assertEqual(
            self.texts("#result_list .ez-group-row, #result_list .ez-name"),
            ["Blue", "3", "Red", "1", "4", "No category", "2"],
        )
        fills = self.page.eval_on_selector_all(
            ".ez-group-row rect", "all => all.map(one => getComputedStyle(one).fill)"
        )
        self.assertEqual(fills[:2], ["rgb(10, 99, 176)", "rgb(180, 35, 24)"])
        self.page.click("#result_list thead .column-task_column .text a")
        self.page.wait_for_url("**grouped=1**")
        self.page.click(".ez-grouping")
        self.page.wait_for_url(lambda url: "grouped" not in url)

    def test_a_strip_is_walked_with_the_arrow_keys(self) -> None:
        reports = make_runs(make_task(), 1, 2, 3)
        self.go(LIST)
        # Its title is its name.
        self.page.get_by_role("link", name="· 3.0 s").focus()
        for key, place in (("ArrowLeft", 1), ("Home", 0), ("ArrowLeft", 0), ("End", 2), ("ArrowLeft", 1)):
            self.page.keyboard.press(key)
            address = self.page.evaluate("document.activeElement.getAttribute('href')")
            self.assertEqual(address, reverse("eztaskmanager:live_log_viewer", args=[reports[place].pk]))
        self.page.keyboard.press("Enter")
        self.page.locator("#ez-viewer").wait_for()

    def test_the_list_fits_a_small_screen_in_cards(self) -> None:
        task = make_task(
            "test_livelogging_command",
            name="A task with a rather long name, for small screens",
            cron="0 6 * * *",
            category=TaskCategory.objects.create(name="Imports", color="#0a63b0"),
        )
        make_runs(task, *range(1, 25))
        self.page.set_viewport_size({"width": 390, "height": 800})
        for query in ("", "?grouped=1"):
            self.go(f"{LIST}{query}")
            self.assertEqual(self.page.evaluate(WIDTH), 390)
            self.assertEqual(self.page.evaluate("window.scrollY"), 0)
            for name in ("state", "last", "strip", "upcoming", "buttons"):
                self.assertTrue(self.cell(task, name).is_visible())
        self.cell(task, "buttons").get_by_role("button").first.click()
        self.page.locator(".ez-said-success").wait_for()

    def test_each_button_is_in_sight_on_each_screen(self) -> None:
        task = make_task("test_livelogging_command", name="A name", cron="0 6 * * *")
        make_runs(task, *range(1, 25))
        make_report(task, state="started", started_at=timezone.now(), progress_current=1, progress_total=4)
        Task.objects.all().derive()
        for width in WIDTHS:
            with self.subTest(width=width):
                self.page.set_viewport_size({"width": width, "height": 900})
                self.go(LIST)
                self.assertEqual(self.page.locator(".ez-row-button:visible").count(), 4)
                self.assertEqual(self.page.evaluate(CUT_OFF, ".ez-row-button, .ez-badge, .ez-strip"), 0)
                self.assertEqual(self.page.evaluate(WIDTH), width)

    def test_the_focus_goes_to_no_button_that_launches(self) -> None:
        task = make_task(name="Go", cron="0 6 * * *")
        self.go(LIST)
        for before, after in (("Pause schedule", "Resume schedule"), ("Resume schedule", "Pause schedule")):
            self.cell(task, "buttons").get_by_role("button", name=before).press("Enter")
            self.cell(task, "buttons").get_by_role("button", name=after).wait_for()
            self.assertEqual(self.page.evaluate("document.activeElement.ariaLabel"), f"{after}: Go")
        make_report(task)
        Task.objects.all().derive()
        self.page.evaluate("window.dispatchEvent(new Event('online'))")
        self.cell(task, "buttons").get_by_role("button", name="Stop").press("Enter")
        self.cell(task, "buttons").get_by_role("button", name="Stop").wait_for(state="detached")
        self.assertEqual(self.page.evaluate("document.activeElement.localName"), "a")
        self.assertEqual(LaunchReport.objects.count(), 1)

    def test_a_question_given_up_for_a_button_is_no_failure(self) -> None:
        make_task(name="Go", cron="0 6 * * *")
        held: list[Any] = []
        self.page.route("**/states/**", lambda route: held.append(route))
        self.go(LIST)
        for before, after in (("Pause", "Resume"), ("Resume", "Pause"), ("Pause", "Resume")):
            with self.page.expect_request("**/states/**"):
                self.page.evaluate("window.dispatchEvent(new Event('online'))")
            self.page.get_by_role("button", name=before).click()
            self.page.get_by_role("button", name=after).wait_for()
            self.assertEqual(self.texts("#ez-pulse"), ["Live"])
        for route in held:
            route.abort()

    def test_who_is_logged_out_is_told_and_led_to_the_login(self) -> None:
        make_task(name="Go")
        self.go(LIST)
        self.client.logout()
        self.page.get_by_role("button", name="Start: Go").click()
        self.page.get_by_role("link", name="your session has ended").click()
        self.page.wait_for_url(lambda url: "/login/?next=" in url)


class PageTests(BrowserTestCase):
    def open(self, task: Task) -> None:
        self.go(reverse("admin:eztaskmanager_task_change", args=[task.pk]))
        self.page.locator(".ez-preview").wait_for()

    def colors(self) -> list[str]:
        found = self.page.evaluate(
            "() => { const chart = Chart.getChart('ez-chart'); return chart.data.datasets[0].backgroundColor; }"
        )
        return list(found)

    def test_the_chart_is_drawn_in_the_colours_of_the_theme(self) -> None:
        task = make_task()
        make_runs(task, *([60.0] * 10))
        make_runs(task, 400, invocation_result="warnings")
        make_runs(task, 3, invocation_result="failed")
        self.open(task)
        self.wait("() => Boolean(window.Chart && Chart.getChart('ez-chart'))")
        light = self.colors()
        self.assertEqual(light[-3:], ["#187733", "#8a5a00", "#b42318"])
        outlines = self.page.evaluate("Chart.getChart('ez-chart').data.datasets[0].borderWidth")
        self.assertEqual(outlines, [0] * 10 + [2, 0])
        self.page.evaluate("document.documentElement.dataset.theme = 'dark'")
        self.wait("light => Chart.getChart('ez-chart').data.datasets[0].backgroundColor[0] !== light", light[0])
        self.assertEqual(self.colors()[-1], "#ff8f85")
        self.page.click(".ez-chart-table summary")
        self.assertEqual(len(self.texts(".ez-chart-table tbody tr")), 12)

    def test_the_chart_writes_durations_as_the_page_does(self) -> None:
        task = make_task()
        make_runs(task, 6_600)
        self.open(task)
        self.wait("() => Boolean(window.Chart && Chart.getChart('ez-chart'))")
        ticks = self.page.evaluate("Chart.getChart('ez-chart').scales.y.ticks.map(tick => tick.label)")
        self.assertEqual(ticks[:4], ["0", "30 min", "1 h", "1 h 30 min"])
        self.assertIn("1 h 50 min", self.page.locator(".ez-figures").inner_text())

    def test_a_bar_leads_to_its_run(self) -> None:
        task = make_task()
        (report,) = make_runs(task, 60)
        self.open(task)
        self.wait("() => Boolean(window.Chart && Chart.getChart('ez-chart'))")
        self.page.locator("#ez-chart").scroll_into_view_if_needed()
        self.page.locator("#ez-chart").click()
        self.page.wait_for_url(f"**{reverse('eztaskmanager:live_log_viewer', args=[report.pk])}")

    def test_the_panel_follows_what_happens(self) -> None:
        task = make_task(cron="0 6 * * *")
        self.open(task)
        self.page.fill("#id_note", "Half written")
        make_report(task, state="started", started_at=timezone.now(), progress_current=1, progress_total=4)
        Task.objects.all().derive()
        self.page.locator(".ez-panel-runs progress").wait_for()
        self.page.locator("[name=_stop-task]").wait_for()
        self.assertEqual(self.page.input_value("#id_note"), "Half written")
        self.page.click("[name=_stop-task]")
        self.page.locator(".messagelist .success").wait_for()
        self.assertIsNotNone(LaunchReport.objects.get().stop_requested_at)

    def test_changes_of_the_clocks_are_told_while_the_schedule_is_written(self) -> None:
        self.open(make_task())
        self.page.fill("#id_timezone", "Europe/Rome")
        self.page.fill("#id_repetition_rate", "1")
        self.page.select_option("#id_repetition_period", "day")
        for text in ("The clocks skip 02:30", "The clocks show 02:30 twice"):
            eve = day_before_change(is_forward="skip" in text)
            self.page.fill("#id_scheduling_0", eve.isoformat())
            self.page.fill("#id_scheduling_1", "02:30:00")
            self.wait(
                "text => [...document.querySelectorAll('.ez-preview-rides .ez-preview-note')]"
                ".some(note => note.textContent.includes(text))",
                text,
            )


def day_before_change(*, is_forward: bool) -> dt.date:
    """Find the day before the next change of Rome's clocks."""
    rome, now = ZoneInfo("Europe/Rome"), timezone.now()
    for days in range(2, 400):
        before, after = (now + dt.timedelta(days=days + more) for more in (0, 1))
        change = find_change(before, after, rome)
        offsets = [moment.astimezone(rome).utcoffset() for moment in (before, after)]
        if change is not None and (offsets[1] > offsets[0]) == is_forward:  # type: ignore[operator]
            return change.astimezone(rome).date() - dt.timedelta(days=1)
    raise AssertionError("Rome has given up summer time.")
