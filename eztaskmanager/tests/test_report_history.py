"""Run history: finding runs, launching them again, what changed, and deletions of any size."""

from __future__ import annotations

import datetime as dt
from typing import Any
from unittest import mock

from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth.models import Group
from django.db import connection
from django.test import TestCase, override_settings, tag
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from eztaskmanager.admin import deletion, paging
from eztaskmanager.models import LaunchReport, Log, Task, TaskCategory
from eztaskmanager.tests.desk import AdminTestCase, QueueingTestCase
from eztaskmanager.tests.factories import make_report, make_task, make_user
from eztaskmanager.tests.pages import say

HISTORY = "/admin/eztaskmanager/launchreport/"
DAY = dt.timedelta(days=1)


def over(task: Task, result: str = "ok", **fields: Any) -> LaunchReport:
    """Make the report of a run that ended just now."""
    now = timezone.now()
    fields = {"started_at": now, "finished_at": now, **fields}
    return make_report(task, state="finished", invocation_result=result, **fields)


def page_of(report: LaunchReport) -> str:
    return reverse("admin:eztaskmanager_launchreport_change", args=[report.pk])


class ListTests(AdminTestCase):
    def found(self, query: str) -> list[int]:
        page = self.client.get(f"{HISTORY}?{query}")
        self.assertEqual(page.status_code, 200)
        return [report.pk for report in page.context["cl"].result_list]

    def launched(self, report: LaunchReport, moment: dt.datetime, finished: dt.datetime | None) -> int:
        LaunchReport.objects.filter(pk=report.pk).update(invocation_datetime=moment, finished_at=finished)
        return report.pk

    def test_reports_are_found_by_the_days_of_their_launch_both_included(self) -> None:
        # The clocks are Rome's: it is the 10th there from 23:00 UTC of the 9th on.
        task, midnight = make_task(), dt.datetime(2024, 1, 9, 23, 0, tzinfo=dt.timezone.utc)
        before = self.launched(make_report(task), midnight - dt.timedelta(minutes=1), midnight)
        first = self.launched(make_report(task), midnight, midnight + 3 * DAY)
        running = self.launched(make_report(task), midnight + DAY - dt.timedelta(minutes=1), None)
        after = self.launched(make_report(task), midnight + DAY, midnight + DAY)
        self.assertEqual(self.found("launched_from=2024-01-10&launched_to=2024-01-10"), [running, first])
        self.assertEqual(self.found("launched_from=2024-01-10"), [after, running, first])
        self.assertEqual(self.found("launched_to=2024-01-09"), [before])

    def test_secrets_are_not_found_letter_by_letter(self) -> None:
        report = over(make_task(arguments="--password=rosebud", name="a task"), error="no rosebud")
        self.assertEqual(self.found("q=rosebud"), [report.pk])
        self.client.force_login(make_user("vic", "view_launchreport"))
        self.assertEqual(self.found("q=rosebud"), [])
        for lookup in ("arguments__contains", "error__contains", "task__arguments__contains"):
            with self.subTest(lookup):
                self.assertEqual(self.client.get(f"{HISTORY}?{lookup}=rose").status_code, 400)
        self.client.force_login(make_user("ed", "view_launchreport", "change_task"))
        self.assertEqual(self.found("q=rosebud"), [report.pk])

    def test_days_that_are_none_count_for_nothing(self) -> None:
        report = over(make_task())
        for day in ("x", "2024-02-31", "0001-01-01", "9999-12-31", "%00"):
            with self.subTest(day=day):
                self.assertEqual(self.found(f"launched_from={day}"), [report.pk])
                self.assertEqual(self.found(f"launched_to={day}"), [report.pk])

    def test_the_form_of_the_days_keeps_the_other_filters(self) -> None:
        make_report(make_task())
        page = self.client.get(f"{HISTORY}?result=queued&q=x&launched_from=2024-01-10&p=1")
        self.assertContains(page, '<input type="hidden" name="result" value="queued">', html=True)
        self.assertContains(page, '<input type="hidden" name="q" value="x">', html=True)
        self.assertContains(page, '<input type="date" name="launched_from" value="2024-01-10">', html=True)

    def test_duration_cpu_and_memory_are_shown_and_sorted_by_among_few(self) -> None:
        task, now = make_task(), timezone.now()
        reports = [
            over(task, started_at=now - dt.timedelta(seconds=n), finished_at=now, cpu_seconds=n, max_rss=n << 20)
            for n in (30, 10, 20)
        ]
        self.assertContains(self.client.get(HISTORY), "30 s")
        by_size = [reports[1].pk, reports[2].pk, reports[0].pk]
        columns = self.client.get(HISTORY).context["cl"].list_display
        for name in ("lasted", "cpu_time", "peak_memory"):
            with self.subTest(column=name):
                self.assertEqual(self.found(f"task={task.pk}&o={columns.index(name)}"), by_size)
        # A million reports are not sorted for this.
        self.assertEqual(self.client.get(HISTORY).context["cl"].sortable_by, ("launched",))

    def test_a_long_history_is_counted_so_far_and_no_further(self) -> None:
        task = make_task()
        for _ in range(8):
            over(task)
        with mock.patch.object(paging, "MOST_LISTED", 5), CaptureQueriesContext(connection) as queries:
            page = self.client.get(HISTORY)
        self.assertEqual(page.context["cl"].result_count, 5)
        self.assertContains(page, "The first 5 are listed")
        counts = [query["sql"] for query in queries if "COUNT(" in query["sql"] and "launchreport" in query["sql"]]
        self.assertEqual(len(counts), 1)
        self.assertIn("LIMIT", counts[0])
        self.assertNotContains(self.client.get(HISTORY), "are listed")

    def test_logs_and_errors_are_for_those_who_may_read_them(self) -> None:
        report = over(make_task(), "failed", error="Secret trouble")
        say(report, "Secret line")
        self.client.force_login(make_user("vera", "view_launchreport"))
        for address in (HISTORY, page_of(report)):
            page = self.client.get(address)
            self.assertEqual(page.status_code, 200)
            for text in ("Secret trouble", "Secret line", "livelogviewer"):
                self.assertNotContains(page, text)
        self.assertEqual(self.found("q=Secret+trouble"), [])
        self.client.force_login(self.user)
        self.assertContains(self.client.get(page_of(report)), "Secret line")
        self.assertEqual(self.found("q=Secret+trouble"), [report.pk])

    def test_the_names_to_choose_from_are_those_of_the_latest_runs(self) -> None:
        over(make_task(), launched_by_name="ada")
        with CaptureQueriesContext(connection) as queries:
            page = self.client.get(f"{HISTORY}?user=bob")
        self.assertContains(page, "user=ada")
        self.assertContains(page, ">bob</a>")
        self.assertFalse(
            [query for query in queries if "DISTINCT" in query["sql"] and "launched_by_name" in query["sql"]]
        )


class ReportPageTests(AdminTestCase):
    def test_it_tells_what_changed_since_the_run_before_and_no_secret(self) -> None:
        task = make_task()
        first = over(task, arguments="--rows 4, -f, --password one")
        second = over(task, arguments="--rows 5, --password two")
        self.assertContains(self.client.get(page_of(first)), "This is the first run that is kept.")
        page = self.client.get(page_of(second))
        for text in ("<del>--rows 4</del> → <ins>--rows 5</ins>", "<del>-f</del>", "--password ••••"):
            self.assertContains(page, text)
        for text in ("one</", "two</"):
            self.assertNotContains(page, text)
        third = over(task, arguments=second.arguments)
        self.assertContains(self.client.get(page_of(third)), "The same as in")

    def test_it_leads_to_the_runs_before_and_after(self) -> None:
        task = make_task()
        reports = [over(task) for _ in range(3)]
        over(make_task("migrate"))
        page = self.client.get(page_of(reports[1]))
        self.assertContains(page, f'href="{page_of(reports[0])}" rel="prev"')
        self.assertContains(page, f'href="{page_of(reports[2])}" rel="next"')
        self.assertNotContains(self.client.get(page_of(reports[2])), 'rel="next"')

    def test_the_buttons_are_those_that_the_user_may_press(self) -> None:
        task = make_task()
        running = make_report(task, state="started", started_at=timezone.now())
        done = over(task)
        stop, again = f"/stop_run/{running.pk}/", f"/launch_again/{done.pk}/"
        self.assertContains(self.client.get(page_of(running)), stop)
        self.assertContains(self.client.get(page_of(done)), again)
        self.client.force_login(make_user("vera", "view_launchreport"))
        self.assertNotContains(self.client.get(page_of(running)), stop)
        self.assertNotContains(self.client.get(page_of(done)), again)
        self.client.force_login(make_user("stan", "view_launchreport", "stop_task"))
        self.assertContains(self.client.get(page_of(running)), stop)

    def test_the_number_of_queries_of_a_report_is_the_same_whatever_came_before(self) -> None:
        task = make_task()
        counts = []
        for _ in range(2):
            reports = [over(task) for _ in range(5)]
            with CaptureQueriesContext(connection) as queries:
                self.client.get(page_of(reports[2]))
            counts.append(len(queries))
        self.assertEqual(counts[0], counts[1])
        self.assertLess(counts[0], 12)


class LaunchAgainTests(QueueingTestCase):
    def again(self, *reports: LaunchReport) -> list[str]:
        data = {"action": "launch_again", "_selected_action": [report.pk for report in reports]}
        answer = self.client.post(HISTORY, data, follow=True)
        self.assertEqual(answer.status_code, 200)
        return [str(message) for message in answer.context.get("messages", ())]

    def test_selected_runs_are_launched_again_with_their_arguments(self) -> None:
        task = make_task(arguments="--deploy")
        old = [over(task, arguments="--tag models"), over(task)]
        said = self.again(*old)
        self.assertEqual(len(said), 2)
        new = LaunchReport.objects.exclude(pk__in=[report.pk for report in old]).order_by("pk")
        self.assertEqual([report.arguments for report in new], ["--tag models", "--deploy"])
        self.assertEqual({report.launched_by for report in new}, {self.user})

    def test_a_command_that_asks_for_a_confirmation_is_not_launched_by_the_way(self) -> None:
        task = make_task(name="Purge")
        task.command.confirmation = "purge"
        task.command.save()
        (said,) = self.again(over(task))
        self.assertIn("asks for a confirmation", said)
        self.assertEqual(LaunchReport.objects.count(), 1)

    def test_what_may_not_be_launched_is_not(self) -> None:
        task = make_task()
        report = over(task)
        self.client.force_login(make_user("vera", "view_launchreport"))
        self.again(report)
        self.client.force_login(make_user("lea", "view_launchreport", "launch_task"))
        task.command.allowed_groups.add(Group.objects.create(name="others"))
        self.again(report)
        self.assertEqual(LaunchReport.objects.count(), 1)

    def test_hundreds_are_refused_at_once(self) -> None:
        task = make_task()
        (said,) = self.again(*(over(task) for _ in range(101)))
        self.assertIn("No more than 100", said)
        self.assertEqual(LaunchReport.objects.count(), 101)


class DeletionTests(AdminTestCase):
    def delete(self, *reports: LaunchReport, query: str = "", **more: Any) -> Any:
        data = {"action": "delete_selected", "_selected_action": [report.pk for report in reports], **more}
        return self.client.post(f"{HISTORY}{query}", data)

    def test_the_question_tells_how_much_goes_and_asks_with_few_fields(self) -> None:
        task = make_task()
        for _ in range(30):
            say(over(task), "a", "b")
        page = self.delete(make_report(task), select_across="1")
        self.assertContains(page, "31 launch reports and 60 log lines will be deleted.")
        self.assertContains(page, "1 run that is not over will be stopped.")
        self.assertContains(page, "and 11 more")
        self.assertLess(page.content.count(b"<input"), 10)
        self.assertEqual(LaunchReport.objects.count(), 31)

    def test_more_reports_than_a_form_may_have_fields_are_deleted_and_the_cache_is_right(self) -> None:
        tasks = [make_task(name=name) for name in ("one", "two")]
        kept = over(tasks[0], "warnings", launched_by_name="ada")
        for task in tasks:
            LaunchReport.objects.bulk_create(
                LaunchReport(task=task, state="finished", invocation_result="failed", started_at=timezone.now())
                for _ in range(600)
            )
            task.compute_cache()
        newest = LaunchReport.objects.latest("pk")
        say(newest, "x")
        later = over(tasks[1], "failed")
        answer = self.delete(newest, query="?result=failed", select_across="1", newest=newest.pk, post="yes")
        self.assertEqual(answer.status_code, 302)
        self.assertEqual(list(LaunchReport.objects.order_by("pk")), [kept, later])
        self.assertFalse(Log.objects.exists())
        for task in tasks:
            task.refresh_from_db()
        self.assertEqual([task.cached_last_invocation_result for task in tasks], ["warnings", "failed"])
        self.assertEqual(LogEntry.objects.filter(action_flag=DELETION).count(), 1_200)

    def test_permission_and_groups_hold(self) -> None:
        task = make_task()
        report = over(task)
        self.client.force_login(make_user("vera", "view_launchreport"))
        self.delete(report, post="yes")
        task.command.allowed_groups.add(Group.objects.create(name="others"))
        self.client.force_login(make_user("del", "view_launchreport", "delete_launchreport"))
        self.delete(report, post="yes")
        self.delete(report, select_across="1", post="yes")
        self.assertTrue(LaunchReport.objects.filter(pk=report.pk).exists())

    def test_a_run_that_is_not_over_is_ended_first(self) -> None:
        task = make_task()
        report = make_report(task)
        task.compute_cache()
        self.delete(report, post="yes")
        task.refresh_from_db()
        self.assertEqual((task.status, LaunchReport.objects.count()), ("idle", 0))


@tag("databases")
class DeletionOfManyTests(TestCase):
    def test_no_line_is_fetched_and_each_task_is_derived_once(self) -> None:
        task = make_task()
        retried = over(task)
        reports = [over(task, "failed", retry_of=retried) for _ in range(20)]
        for report in reports:
            say(report, *("x" * 5))
        LaunchReport.objects.update(n_log_lines=5)
        with (
            mock.patch.multiple(deletion, LINES_AT_ONCE=2, REPORTS_AT_ONCE=10),
            CaptureQueriesContext(connection) as queries,
        ):
            batches = list(deletion.delete_reports(LaunchReport.objects.all(), None))
        self.assertEqual([len(batch) for batch in batches], [10, 10, 1])
        self.assertEqual((LaunchReport.objects.count(), Log.objects.count()), (0, 0))
        statements = [query["sql"] for query in queries]
        self.assertFalse(
            [sql for sql in statements if sql.startswith("SELECT") and '"message"' in sql.replace("`", '"')]
        )
        derived = [sql for sql in statements if sql.startswith("UPDATE") and "cached_last_invocation_result" in sql]
        self.assertEqual(len(derived), 3)

    def test_a_report_deleted_by_the_way_still_derives_its_task(self) -> None:
        task = make_task()
        over(task, "ok")
        report = over(task, "failed")
        task.compute_cache()
        LaunchReport.objects.filter(pk=report.pk).delete()
        task.refresh_from_db()
        self.assertEqual(task.cached_last_invocation_result, "ok")


class QueryCountTests(AdminTestCase):
    @override_settings(EZTASKMANAGER_SHOW_LOGVIEWER_LINK=False)
    def test_the_list_takes_as_many_queries_whatever_its_length(self) -> None:
        counts = []
        for n in (3, 30):
            category = TaskCategory.objects.create(name=str(n), color="#123456")
            for _ in range(n):
                over(make_task(name=f"{n}", category=category))
            with CaptureQueriesContext(connection) as queries:
                self.client.get(HISTORY)
            counts.append(len(queries))
        self.assertEqual(counts[0], counts[1])
