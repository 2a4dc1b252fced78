"""What Prometheus is told, and whom it tells."""

from __future__ import annotations

import datetime as dt
from typing import Any
from unittest import mock

from django.contrib.auth.models import Group
from django.db import InterfaceError, OperationalError
from django.test import TestCase, TransactionTestCase, override_settings, tag
from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_plain

from eztaskmanager.models import LaunchReport, Task, TickerBeat
from eztaskmanager.services import metrics
from eztaskmanager.services.metrics import EzTaskManagerCollector
from eztaskmanager.tests.factories import make_report, make_task, make_user
from eztaskmanager.tests.test_retention import ended, prune_all

ADDRESS = "/eztaskmanager/metrics/"
TOKEN = "a token that is long enough"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
State = LaunchReport.State


def took(task: Task, seconds: float, result: str = "ok", **fields: Any) -> LaunchReport:
    """Make the report of a run that took so long and has just ended."""
    now = timezone.now()
    begin = now - dt.timedelta(seconds=seconds)
    return make_report(
        task, state=State.FINISHED, invocation_result=result, started_at=begin, finished_at=now, **fields
    )


def run(task: Task, result: str, seconds: float = 0, **fields: Any) -> LaunchReport:
    """Let a run begin so long ago and end now."""
    begin = timezone.now() - dt.timedelta(seconds=seconds)
    report = make_report(task, state=State.STARTED, started_at=begin, heartbeat_at=begin, **fields)
    report.finish(result)
    return report


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", EZTASKMANAGER_MONITORING_TOKEN=TOKEN)
class Scrape(TestCase):
    def setUp(self) -> None:
        for exposition in (metrics.with_tasks, metrics.without_tasks):
            exposition.forget()
            self.addCleanup(exposition.forget)

    def value(self, name: str, **labels: str) -> float | None:
        """Collect, and give one figure."""
        registry = CollectorRegistry()
        registry.register(EzTaskManagerCollector())
        return registry.get_sample_value(f"eztaskmanager_{name}", labels)

    def labels(self, task: Task) -> dict[str, str]:
        return {"task_id": str(task.pk), "task": task.name}

    def scrape(self, token: str = TOKEN, accept: str = "") -> Any:
        return self.client.get(ADDRESS, headers={"Authorization": f"Bearer {token}", "Accept": accept})


@tag("databases")
class FigureTests(Scrape):
    def test_runs_are_counted_by_task_and_result_with_their_seconds_and_lines(self) -> None:
        one, other = make_task(name="one"), make_task(name="other")
        for task, result, lines in ((one, "ok", 3), (one, "ok", 0), (one, "failed", 4), (other, "lost", 5)):
            run(task, result, seconds=10, n_log_lines=lines)
        counts = {(one, "ok"): 2, (one, "failed"): 1, (other, "lost"): 1, (other, "ok"): 0, (other, "skipped"): 0}
        for (task, result), count in counts.items():
            with self.subTest(task.name, result=result):
                self.assertEqual(self.value("runs_total", **self.labels(task), result=result), count)
        self.assertAlmostEqual(self.value("run_seconds_total", **self.labels(one)) or 0, 30, delta=3)
        self.assertEqual(self.value("log_lines_total", **self.labels(one)), 7)
        self.assertEqual(self.value("log_lines_total", **self.labels(other)), 5)

    def test_a_counter_is_there_from_zero_on(self) -> None:
        task = make_task()
        self.assertEqual(self.value("runs_total", **self.labels(task), result="failed"), 0)
        self.assertEqual(self.value("run_seconds_total", **self.labels(task)), 0)
        self.assertEqual(self.value("log_lines_total", **self.labels(task)), 0)

    def test_no_counter_falls_when_reports_are_deleted(self) -> None:
        task = make_task(keep_reports=1)
        for number in range(3):
            run(task, "ok", seconds=5, n_log_lines=2)
        run(task, "failed")

        def counters() -> dict[tuple[str, str], float]:
            families = [family for family in EzTaskManagerCollector().collect() if family.type == "counter"]
            samples = [sample for family in families for sample in family.samples]
            return {(sample.name, sample.labels.get("result", "")): sample.value for sample in samples}

        before = counters()
        self.assertEqual(before["eztaskmanager_runs_total", "ok"], 3)
        prune_all(failed_number=1)
        self.assertLess(LaunchReport.objects.count(), 4)
        self.assertEqual(counters(), before)
        LaunchReport.objects.all().delete()
        self.assertEqual(counters(), before)
        run(task, "ok")
        self.assertEqual(counters()["eztaskmanager_runs_total", "ok"], 4)

    def test_the_window_is_what_the_settings_say(self) -> None:
        task = make_task()
        took(task, 1), ended(task, days_ago=3)
        self.assertEqual(self.value("recent_window_seconds"), 86_400)
        self.assertEqual(self.value("recent_run_duration_seconds_gcount", **self.labels(task)), 1)
        with override_settings(EZTASKMANAGER_METRICS_WINDOW=10 * 86_400):
            self.assertEqual(self.value("recent_run_duration_seconds_gcount", **self.labels(task)), 2)

    def test_durations_are_a_histogram(self) -> None:
        task = make_task()
        for seconds in (0.05, 0.5, 0.5, 30, 100_000):
            took(task, seconds)
        ended(task, "skipped", started_at=None)
        labels = self.labels(task)
        for bound, count in (("0.1", 1), ("1.0", 3), ("15.0", 3), ("60.0", 4), ("43200.0", 4), ("+Inf", 5)):
            with self.subTest(bound):
                self.assertEqual(self.value("recent_run_duration_seconds_bucket", **labels, le=bound), count)
        self.assertEqual(self.value("recent_run_duration_seconds_gcount", **labels), 5)
        self.assertAlmostEqual(self.value("recent_run_duration_seconds_gsum", **labels) or 0, 100_031.05, places=2)

    def test_log_lines_are_counted_by_level(self) -> None:
        task = make_task()
        for _ in range(2):
            took(task, 1, n_log_lines=10, n_log_debugs=1, n_log_warnings=2, n_log_errors=3)
        for level, count in (("debug", 2), ("info", 8), ("warning", 4), ("error", 6)):
            self.assertEqual(self.value("recent_log_lines", **self.labels(task), level=level), count)

    def test_queues_runs_and_tickers_are_told(self) -> None:
        now = timezone.now()
        task = make_task(queue="slow")
        make_report(task), make_report(task)
        LaunchReport.objects.update(invocation_datetime=now - dt.timedelta(seconds=100))
        make_report(task, state=State.STARTED, started_at=now, heartbeat_at=now)
        make_report(task, state=State.STARTED, started_at=now, heartbeat_at=now - dt.timedelta(hours=1))
        TickerBeat.objects.beat("celery", 1)
        host = TickerBeat.objects.get().host
        Task.objects.filter(pk=task.pk).update(cached_next_ride=now - dt.timedelta(seconds=50))
        self.assertEqual(self.value("queue_depth", queue="slow"), 2)
        self.assertEqual(self.value("queue_depth", queue="default"), 0)
        self.assertAlmostEqual(self.value("queue_oldest_wait_seconds", queue="slow") or 0, 100, delta=30)
        self.assertEqual((self.value("runs_running"), self.value("runs_silent")), (2, 1))
        self.assertEqual(self.value("ticker_alive", kind="celery", host=host), 1)
        self.assertLess(self.value("ticker_silence_seconds", kind="celery", host=host) or 0, 30)
        self.assertAlmostEqual(self.value("schedule_late_seconds") or 0, 50, delta=30)

    def test_tasks_tell_their_status_and_their_last_run(self) -> None:
        task = make_task()
        report = ended(task, "failed")
        Task.objects.derive()
        self.assertEqual((self.value("tasks", status="idle"), self.value("tasks", status="started")), (1, 0))
        self.assertEqual(self.value("task_last_run_result", **self.labels(task), result="failed"), 1)
        stamp = self.value("task_last_run_timestamp_seconds", **self.labels(task)) or 0
        self.assertAlmostEqual(stamp, report.invocation_datetime.timestamp(), places=2)

    def test_tasks_beyond_the_limit_share_their_labels(self) -> None:
        tasks = [make_task(name=f"task {number}") for number in range(4)]
        for task in tasks:
            run(task, "ok")
        others = {"task_id": "", "task": "(others)", "result": "ok"}
        for limit, n_others in ((3, 1), (1, 3), (0, 4)):
            with self.subTest(limit), override_settings(EZTASKMANAGER_METRICS_MAX_TASKS=limit):
                self.assertEqual(self.value("runs_total", **others), n_others)
                self.assertEqual(self.value("runs_total", **self.labels(tasks[0]), result="ok"), 1 if limit else None)

    def test_it_costs_the_same_queries_whatever_there_is(self) -> None:
        for n_tasks in (1, 30):
            for number in range(n_tasks):
                ended(make_task(name=f"task {n_tasks}-{number}", queue=f"queue {number}"))
            with self.subTest(n_tasks), self.assertNumQueries(9):
                list(EzTaskManagerCollector().collect())

    def test_registering_asks_no_database(self) -> None:
        with self.assertNumQueries(0):
            CollectorRegistry().register(EzTaskManagerCollector())

    @override_settings(TIME_ZONE="Asia/Tokyo")
    def test_names_with_quotes_and_line_ends_come_through(self) -> None:
        name = 'a "quoted"\\name\nof two lines è'
        ended(make_task(name=name))
        families = parse_plain(self.scrape().content.decode())
        names = {sample.labels.get("task") for family in families for sample in family.samples}
        self.assertIn(name, names)


class PageTests(Scrape):
    def test_both_formats_are_what_their_parsers_read(self) -> None:
        task = make_task()
        took(task, 3)
        TickerBeat.objects.beat("celery", 1)
        plain = self.scrape()
        self.assertTrue(plain["Content-Type"].startswith("text/plain; version=0.0.4"))
        found = {family.name for family in parse_plain(plain.content.decode())}
        self.assertIn("eztaskmanager_runs", found)
        openmetrics = self.scrape(accept=OPENMETRICS)
        self.assertTrue(openmetrics["Content-Type"].startswith("application/openmetrics-text"))
        families = parse_openmetrics(openmetrics.content.decode())  # type: ignore[no-untyped-call]
        kinds = {family.name: family.type for family in families}
        self.assertEqual(kinds["eztaskmanager_runs"], "counter")
        self.assertEqual(kinds["eztaskmanager_recent_run_duration_seconds"], "gaugehistogram")

    def test_a_version_that_is_none_gets_the_plain_format(self) -> None:
        for accept in (
            "application/openmetrics-text;version=abc",
            "text/plain;version=1.0.0x",
            "text/plain;version=1.x",
        ):
            with self.subTest(accept):
                answer = self.scrape(accept=accept)
                self.assertEqual(answer.status_code, 200)
                self.assertTrue(answer["Content-Type"].startswith("text/plain; version=0.0.4"))

    def test_nobody_else_is_let_in(self) -> None:
        answer = self.client.get(ADDRESS)
        self.assertEqual(answer.status_code, 401)
        self.assertIn("Bearer", answer["WWW-Authenticate"])
        self.assertEqual(self.scrape("wrong").status_code, 401)
        with override_settings(EZTASKMANAGER_MONITORING_TOKEN=None):
            self.assertEqual(self.scrape("None").status_code, 401)
        with override_settings(EZTASKMANAGER_MONITORING_TOKEN=f"{TOKEN}\n"):
            self.assertEqual(self.scrape().status_code, 200)
        self.client.force_login(make_user("olivia"))
        self.assertEqual(self.client.get(ADDRESS).status_code, 403)
        self.assertEqual(self.client.post(ADDRESS).status_code, 405)

    def test_staff_see_names_only_if_no_task_is_hidden_from_them(self) -> None:
        task = make_task(name="Payroll")
        ended(task)
        user = make_user("olivia", "view_launchreport")
        self.client.force_login(user)
        answer = self.client.get(ADDRESS)
        self.assertIn("no-store", answer["Cache-Control"])
        self.assertContains(answer, "Payroll")
        task.command.allowed_groups.add(Group.objects.create(name="payroll"))
        answer = self.client.get(ADDRESS)
        self.assertNotContains(answer, "Payroll")
        self.assertContains(answer, "(others)")
        self.assertContains(self.scrape(), "Payroll")

    def test_figures_serve_for_a_few_seconds(self) -> None:
        self.scrape()
        ended(make_task(name="too new"))
        with self.assertNumQueries(0):
            self.assertNotContains(self.scrape(), "too new")

    def test_permission_alone_is_not_enough(self) -> None:
        user = make_user("olivia", "view_launchreport")
        user.is_staff = False
        user.save()
        self.client.force_login(user)
        self.assertEqual(self.client.get(ADDRESS).status_code, 403)


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", EZTASKMANAGER_MONITORING_TOKEN=TOKEN)
class DatabaseAwayTests(TransactionTestCase):
    def test_it_is_told_in_a_sentence(self) -> None:
        metrics.with_tasks.forget()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with override_settings(DATABASE_ROUTERS=["eztaskmanager.tests.test_health.Nowhere"]):
            answer = self.client.get(ADDRESS, headers=headers)
        self.assertContains(answer, "the database is away", status_code=503)
        self.assertEqual(self.client.get(ADDRESS, headers=headers).status_code, 200)
        metrics.with_tasks.forget()

    def test_why_is_told_to_who_has_the_token_alone(self) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        for error in (OperationalError, InterfaceError):
            with (
                self.subTest(error),
                mock.patch("eztaskmanager.views.metrics.identify", side_effect=error("at 10.0.0.7")),
            ):
                self.assertContains(self.client.get(ADDRESS, headers=headers), "at 10.0.0.7", status_code=503)
                answer = self.client.get(ADDRESS)
                self.assertContains(answer, "the database does not answer.", status_code=503)
                self.assertNotContains(answer, "10.0.0.7", status_code=503)
