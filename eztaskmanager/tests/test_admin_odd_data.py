"""Pages that must stand whatever is in the database, or is sent to them."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.test import SimpleTestCase
from django.urls import reverse
from django.utils import timezone

from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.tests.desk import LIST, AdminTestCase, change_page
from eztaskmanager.tests.factories import make_report, make_runs, make_task
from eztaskmanager.views.facts import tell_left, tell_progress

ENDPOINT = "/admin/eztaskmanager/task/argument-form/"
LAST_DAY = dt.datetime(9999, 12, 31, 23, 30, tzinfo=dt.timezone.utc)
FIRST_DAY = dt.datetime(1, 1, 1, 0, 30, tzinfo=dt.timezone.utc)


class OddRowTests(AdminTestCase):
    def pages_of(self, task: Task) -> list[str]:
        reports = reverse("admin:eztaskmanager_launchreport_changelist")
        states = reverse("admin:eztaskmanager_task_states")
        overview = reverse("admin:eztaskmanager_overview")
        launch = reverse("admin:eztaskmanager_task_launch", args=[task.pk])
        found = [LIST, change_page(task), f"{states}?task={task.pk}&panel=1", overview, launch, reports]
        found += [
            reverse("admin:eztaskmanager_launchreport_change", args=[report.pk])
            for report in LaunchReport.objects.filter(task=task)
        ]
        return found

    def assert_pages_stand(self, task: Task) -> None:
        for address in self.pages_of(task):
            with self.subTest(address):
                self.assertEqual(self.client.get(address).status_code, 200)

    def test_moments_at_the_ends_of_the_calendar(self) -> None:
        for moment in (LAST_DAY, FIRST_DAY):
            for zone in ("", "Asia/Tokyo", "America/New_York"):
                task = make_task(name=f"{moment} {zone}", timezone=zone)
                Task.objects.filter(pk=task.pk).update(scheduling=moment, ends_at=moment, cached_next_ride=moment)
                self.assert_pages_stand(task)

    def test_results_states_and_triggers_of_another_version(self) -> None:
        task = make_task()
        now = timezone.now()
        ended = {"state": "finished", "started_at": now, "finished_at": now}
        make_report(task, invocation_result="melted", trigger="moon", **ended)
        Task.objects.filter(pk=task.pk).derive()
        self.assert_pages_stand(task)

    def test_a_report_that_is_over_and_has_no_start_and_no_end(self) -> None:
        task = make_task()
        make_report(task, state="finished", invocation_result="failed")
        make_report(task, state="started")
        Task.objects.filter(pk=task.pk).derive()
        self.assert_pages_stand(task)

    def test_runs_that_took_no_time_or_less(self) -> None:
        task = make_task()
        make_runs(task, 0, 0, -5, 0)
        self.assert_pages_stand(task)

    def test_huge_numbers(self) -> None:
        task = make_task()
        now = timezone.now()
        make_report(
            task,
            state="started",
            started_at=now - dt.timedelta(days=300_000),
            progress_current=1e-300,
            progress_total=1e308,
            n_log_lines=2**62,
            max_rss=2**62,
            cpu_seconds=1e300,
        )
        Task.objects.filter(pk=task.pk).derive()
        self.assert_pages_stand(task)


class ProgressTests(SimpleTestCase):
    def test_numbers_beyond_reckoning_are_told(self) -> None:
        now = timezone.now()
        for current, total in ((1e308, 1.5e308), (1e-300, 1e308), (5e-324, 1e308), (1e308, 5e-324), (-1e308, 1e308)):
            with self.subTest(current=current, total=total):
                report = LaunchReport(
                    state="started", started_at=now, progress_current=current, progress_total=total, progress_text="x"
                )
                told = tell_progress(report)
                assert told is not None
                self.assertTrue(0 <= told["percent"] <= 100)
                self.assertIsInstance(tell_left(report), str)


class MadeUpAddressTests(AdminTestCase):
    def test_many_tasks_get_no_panel_each_of_which_costs_queries(self) -> None:
        tasks = [make_task(name=str(n)) for n in range(3)]
        states = reverse("admin:eztaskmanager_task_states")
        for asked, has_panel in ((tasks, False), (tasks[:1], True)):
            query = "&".join(f"task={task.pk}" for task in asked)
            rows = self.client.get(f"{states}?panel=1&{query}").json()["rows"]
            self.assertEqual(len(rows), len(asked))
            self.assertEqual(["panel" in cells for cells in rows.values()], [has_panel] * len(asked))

    def test_keys_that_are_none_filter_nothing_and_break_nothing(self) -> None:
        task = make_task()
        make_report(task)
        reports = reverse("admin:eztaskmanager_launchreport_changelist")
        for key in ("x", "-1", "9" * 18, "9" * 30, "\u0663", "1\n"):
            for address in (LIST, reports):
                for name in ("command", "category", "task"):
                    if (name == "task") == (address == reports) or name == "category":
                        with self.subTest(address, key=key, name=name):
                            self.assertEqual(self.client.get(address, {name: key}).status_code, 200)


class MadeUpFormTests(AdminTestCase):
    def ask(self, command: str, values: Any) -> Any:
        task = make_task(command)
        written = values if isinstance(values, str) else json.dumps(values)
        return self.client.post(ENDPOINT, {"command": task.command_id, "values": written})

    def test_what_is_no_value_of_a_field_is_no_error_page(self) -> None:
        made_up: list[tuple[str, Any]] = [
            ("ez_form", "[" * 100_000),
            ("ez_form", '{"region": [["\\ud800"]]}'),
            ("ez_form", {"--notify": [[]], "region": [[]]}),
            ("ez_form", {"--notify": [["perhaps"]], "--loud": [["x"]], "--dry-run": [["x"], []]}),
            ("ez_branch", {key: [[]] for key in ("subcommand", "action", "what", "branch", "do")}),
            ("ez_branch", {key: [["no such"]] for key in ("subcommand", "action", "what", "branch", "do")}),
        ]
        for command, values in made_up:
            with self.subTest(values=str(values)[:60]):
                self.assertEqual(self.ask(command, values).status_code, 200)
