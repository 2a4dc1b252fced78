"""The page of a task: its panel, its statistics, its last runs."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from eztaskmanager.admin.onlooker import Onlooker
from eztaskmanager.admin.statistics import RUNS, Statistics, tell_statistics
from eztaskmanager.models import Task
from eztaskmanager.tests.desk import AdminTestCase, change_page
from eztaskmanager.tests.factories import make_report, make_runs, make_task, make_user
from eztaskmanager.tests.pages import say


class StatisticsTests(AdminTestCase):
    def tell(self, task: Task) -> Statistics:
        found = tell_statistics(task, Onlooker.of(self.user))
        assert found is not None
        return found

    def test_success_is_counted_among_runs_that_ended_by_themselves(self) -> None:
        task = make_task()
        for result in ("ok", "ok", "warnings", "errors", "stopped"):
            make_runs(task, 10, invocation_result=result)
        make_report(task, state="finished", invocation_result="skipped")
        make_report(task, state="started", started_at=timezone.now())
        told = self.tell(task)
        self.assertEqual((told.n_runs, told.n_rated, told.success_rate), (5, 4, 75))

    def test_one_failure_in_many_is_never_a_hundred_percent(self) -> None:
        task = make_task()
        make_runs(task, *([1.0] * 299))
        make_runs(task, 1, invocation_result="failed")
        self.assertEqual(self.tell(task).success_rate, 99)

    def test_durations_are_told_by_median_and_95th_percentile(self) -> None:
        task = make_task()
        make_runs(task, *([60.0] * 90), *([600.0] * 10))
        told = self.tell(task)
        self.assertEqual((told.median, told.percentile_95), ("1 min 0 s", "10 min 0 s"))

    def test_the_last_hundred_count(self) -> None:
        task = make_task()
        make_runs(task, *([900.0] * 50), *([3.0] * RUNS))
        told = self.tell(task)
        self.assertEqual((told.n_runs, told.median, told.n_unusual), (RUNS, "3.00 s", RUNS - 90))

    def test_the_chart_has_a_bar_for_each_run_and_marks_the_unusual(self) -> None:
        task = make_task()
        make_runs(task, *([60.0] * 10), 400)
        page = self.client.get(change_page(task))
        found = re.search(r'data-chart="([^"]*)"', page.content.decode())
        assert found is not None
        chart: dict[str, Any] = json.loads(found.group(1).replace("&quot;", '"'))
        self.assertEqual([bar["seconds"] for bar in chart["bars"]], [60.0] * 10 + [400.0])
        self.assertEqual([bar["verdict"] for bar in chart["bars"]], [""] * 10 + ["longer than usual"])
        self.assertContains(page, "Statistics of the last 11 runs")

    def test_a_task_that_has_not_run_has_none(self) -> None:
        task = make_task()
        self.assertNotContains(self.client.get(change_page(task)), "ez-chart")
        make_runs(task, 1, invocation_result="stopped")
        self.assertIsNone(self.tell(task).success_rate)

    def test_they_take_one_query(self) -> None:
        task = make_task()
        make_runs(task, *([1.0] * 150))
        onlooker = Onlooker.of(self.user)
        with CaptureQueriesContext(connection) as queries:
            tell_statistics(task, onlooker)
        self.assertEqual(len(queries), 1)


class PanelTests(AdminTestCase):
    def test_the_last_runs_and_the_next_ride_stand_in_the_panel(self) -> None:
        task = make_task(cron="0 6 * * *")
        make_runs(task, 5)
        page = self.client.get(change_page(task))
        for text in ("ez-strip", "Pause schedule", "Run now", "ez-relative", "06:00"):
            self.assertContains(page, text)

    def test_what_runs_unusually_long_says_so(self) -> None:
        task = make_task()
        make_runs(task, *([60.0] * 10))
        make_report(task, state="started", started_at=timezone.now() - dt.timedelta(minutes=9))
        Task.objects.all().derive()
        self.assertContains(self.client.get(change_page(task)), "longer than usual")

    def test_it_is_told_again_and_again(self) -> None:
        task = make_task()
        make_report(task)
        Task.objects.all().derive()
        address = "/admin/eztaskmanager/task/states/"
        answer = self.client.get(address, {"task": task.pk, "panel": "1"})
        panel = answer.json()["rows"][str(task.pk)]["panel"]
        self.assertIn("queued", panel)
        self.assertIn('name="_stop-task"', panel)
        again = self.client.get(address, {"task": task.pk, "panel": "1"}, headers={"If-None-Match": answer["ETag"]})
        self.assertEqual(again.status_code, 304)


class LastRunsTests(AdminTestCase):
    def test_what_a_run_said_is_for_those_who_may_read_logs(self) -> None:
        task = make_task()
        report = make_runs(task, 5)[0]
        say(report, "The password is hunter2.")
        self.assertContains(self.client.get(change_page(task)), "hunter2")
        self.client.force_login(make_user("rita", "view_task", "view_launchreport"))
        page = self.client.get(change_page(task))
        self.assertNotContains(page, "hunter2")
        self.assertNotContains(page, "livelogviewer")
        self.assertContains(page, "5.0 s")

    def test_an_unusual_duration_is_marked(self) -> None:
        task = make_task()
        make_runs(task, *([60.0] * 10), 400)
        page = self.client.get(change_page(task)).content.decode()
        self.assertRegex(page, r'6 min 40 s <span class="ez-unusual">longer than usual')
