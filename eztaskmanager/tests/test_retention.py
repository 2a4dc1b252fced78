"""How long reports and logs are kept, and that a deletion hurts nobody."""

from __future__ import annotations

import datetime as dt
import io
import os
import signal
import threading
from typing import Any

from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test import TestCase, TransactionTestCase, override_settings, tag
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from eztaskmanager.models import LaunchReport, Log, Task
from eztaskmanager.models.pruning import HEAD, SHORT, TAIL, Doomed, Pruner
from eztaskmanager.services import run_management_command
from eztaskmanager.services.retention import Housekeeper, Policy, Rest, log_rows_kept, make_pruner, prune
from eztaskmanager.tests.factories import make_report, make_task
from eztaskmanager.tests.viewer_page import ViewerTestCase
from eztaskmanager.tests.waiting import wait_until
from eztaskmanager.tests.workers import MANAGE, WorkerTestCase

State = LaunchReport.State


def add_lines(report: LaunchReport, count: int) -> LaunchReport:
    """Give a report so many lines, as its run would have."""
    Log.objects.bulk_create(
        (
            Log(launch_report=report, seq=number, level="INFO", message=f"line {number}")
            for number in range(1, count + 1)
        ),
        batch_size=500,
    )
    LaunchReport.objects.filter(pk=report.pk).update(n_log_lines=count)
    report.n_log_lines = count
    return report


def ended(task: Task, result: str = "ok", *, days_ago: float = 0, lines: int = 0, **fields: Any) -> LaunchReport:
    """Make the report of a run that is over."""
    moment = timezone.now() - dt.timedelta(days=days_ago)
    fields.setdefault("started_at", moment)
    report = make_report(task, state=State.FINISHED, invocation_result=result, finished_at=moment, **fields)
    return add_lines(report, lines) if lines else report


def kept() -> set[int]:
    """Give the keys of the reports that are there."""
    return set(LaunchReport.objects.values_list("pk", flat=True))


def pks(*reports: LaunchReport) -> set[int]:
    return {report.pk for report in reports}


def prune_all(**policy: Any) -> Pruner:
    pruner = make_pruner(lambda seconds: False)
    assert prune(Policy(**policy), pruner)
    return pruner


def doomed(report: LaunchReport) -> Doomed:
    return Doomed(report.pk, report.task_id, report.n_log_lines)


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class PolicyTests(TestCase):
    def test_each_task_keeps_its_last_reports_by_its_own_number_or_the_projects(self) -> None:
        one, other = make_task(keep_reports=1), make_task(name="other")
        ones = [ended(one) for _ in range(3)]
        others = [ended(other) for _ in range(3)]
        pruner = prune_all(number=2)
        self.assertEqual(kept(), pks(ones[2], *others[1:]))
        self.assertEqual(pruner.n_reports, 3)

    def test_without_a_number_of_the_project_only_tasks_with_one_are_pruned(self) -> None:
        one, other = make_task(keep_reports=1), make_task(name="other")
        for task in (one, other):
            ended(task), ended(task)
        prune_all()
        self.assertEqual((one.launchreport_set.count(), other.launchreport_set.count()), (1, 2))

    def test_failures_are_counted_apart_and_never_kept_shorter_than_the_others(self) -> None:
        task = make_task()
        failures = [ended(task, result) for result in ("failed", "lost", "timeout", "errors")]
        good = [ended(task) for _ in range(4)]
        prune_all(number=2, failed_number=3)
        self.assertEqual(kept(), pks(*failures[1:], *good[2:]))
        prune_all(number=2, failed_number=1)
        self.assertEqual(kept(), pks(*failures[2:], *good[2:]))

    def test_old_reports_go_and_failures_later(self) -> None:
        task = make_task()
        ended(task, days_ago=40), ended(task, "failed", days_ago=40)
        failure = ended(task, "failed", days_ago=20)
        ended(task, days_ago=20)
        young, last = ended(task, days_ago=1), ended(task)
        prune_all(days=10, failed_days=30)
        self.assertEqual(kept(), pks(failure, young, last))

    def test_however_many_days_are_fine(self) -> None:
        task = make_task()
        old, last = ended(task, days_ago=5), ended(task)
        prune_all(days=10**9, failed_days=10**10)
        self.assertEqual(kept(), pks(old, last))

    def test_failures_are_never_kept_for_fewer_days(self) -> None:
        task = make_task()
        failure, last = ended(task, "failed", days_ago=5), ended(task)
        prune_all(days=10, failed_days=1)
        self.assertEqual(kept(), pks(failure, last))

    def test_the_last_run_of_a_task_and_its_last_report_stay_however_old(self) -> None:
        task = make_task()
        ended(task, days_ago=102)
        run = ended(task, days_ago=101)
        ended(task, "skipped", days_ago=100, started_at=None)
        skipped = ended(task, "skipped", days_ago=99, started_at=None)
        prune_all(days=1, number=0)
        self.assertIn(run.pk, kept())
        self.assertIn(skipped.pk, kept())
        self.assertLessEqual(len(kept()), 3)

    def test_what_is_not_over_stays(self) -> None:
        task = make_task()
        long_ago = timezone.now() - dt.timedelta(days=100)
        running = make_report(task, state=State.STARTED, started_at=long_ago, heartbeat_at=long_ago)
        waiting = make_report(task)
        last = ended(task)
        prune_all(days=1, number=1)
        self.assertEqual(kept(), pks(running, waiting, last))

    def test_the_oldest_logs_are_shortened_until_the_others_fit(self) -> None:
        task = make_task()
        reports = [ended(task, lines=300) for _ in range(4)]
        pruner = prune_all(log_rows=1_001)
        self.assertEqual([report.logs.count() for report in reports], [SHORT, 300, 300, 300])
        self.assertEqual((pruner.n_logs, pruner.n_lines, pruner.n_reports), (1, 300 - SHORT, 0))
        self.assertEqual(log_rows_kept(), Log.objects.count())

    def test_reports_go_whole_when_short_logs_are_too_many(self) -> None:
        task = make_task()
        reports = [ended(task, lines=80) for _ in range(30)]
        pruner = prune_all(log_rows=400)
        self.assertEqual(kept(), pks(*reports[25:]))
        self.assertEqual((pruner.n_reports, pruner.n_lines), (25, 2_000))

    def test_the_log_of_the_last_run_is_left_whole_by_the_limit_of_all(self) -> None:
        report = ended(make_task(), lines=300)
        prune_all(log_rows=10)
        self.assertEqual(report.logs.count(), 300)

    def test_a_retry_outlives_the_run_it_repeats(self) -> None:
        task = make_task()
        first = ended(task, "failed", days_ago=9)
        retry = make_report(task, retry_of=first, trigger="retry")
        ended(task)
        prune_all(days=5)
        retry.refresh_from_db()
        self.assertIsNone(retry.retry_of_id)

    def test_nothing_to_do_costs_a_query_or_two(self) -> None:
        ended(make_task())
        with self.assertNumQueries(1):
            prune_all()
        with self.assertNumQueries(4):
            prune_all(number=5, days=5, log_rows=500)

    def test_looking_for_what_goes_costs_no_query_a_report(self) -> None:
        def cost(n_reports: int) -> int:
            task = make_task()
            for _ in range(n_reports + 1):
                ended(task, days_ago=9)
            with CaptureQueriesContext(connection) as queries:
                prune_all(days=5)
            return len([query for query in queries if "UPDATE" not in query["sql"]])

        self.assertEqual(cost(3), cost(40))


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class PrunerTests(TestCase):
    def test_a_short_log_keeps_its_ends_and_says_what_is_gone(self) -> None:
        report = ended(make_task(), lines=1_000)
        Pruner(rows=200).shorten(doomed(report))
        lines = list(report.logs.order_by("seq").values_list("seq", "message"))
        self.assertEqual([seq for seq, _ in lines], [*range(1, HEAD + 2), *range(1_001 - TAIL, 1_001)])
        self.assertIn(f"room: {1_000 - HEAD - TAIL} ", lines[HEAD][1])
        report.refresh_from_db()
        self.assertEqual(report.n_log_lines, 1_000)

    def test_logs_that_need_no_shortening_are_left_alone(self) -> None:
        report = ended(make_task(), lines=SHORT)
        Pruner().shorten(doomed(report))
        self.assertFalse(report.logs.filter(message__contains="dropped").exists())

    def test_broken_off_it_tells_the_truth_and_the_next_one_ends_it(self) -> None:
        report = ended(make_task(), lines=1_000)
        pruner = Pruner(rows=300, rest=lambda seconds: True)
        self.assertFalse(pruner.remove([doomed(report)]))
        there = list(report.logs.order_by("seq").values_list("seq", "message"))
        self.assertEqual(len(there), 700)
        gone = 1_000 - (len(there) - 1)
        self.assertIn(f"room: {gone} ", there[HEAD][1])
        self.assertTrue(Pruner(rows=300).remove([doomed(report)]))
        self.assertEqual((kept(), Log.objects.count()), (set(), 0))

    def test_no_transaction_deletes_more_lines_than_it_may(self) -> None:
        task = make_task()
        reports = [ended(task, lines=count) for count in (1_000, 120, 120, 10)]
        steps: list[int] = []
        pruner = Pruner(rows=200)
        pruner._rest = lambda seconds: bool(steps.append(pruner.n_lines))
        pruner.remove([doomed(report) for report in reports])
        sizes = [after - before for before, after in zip([0, *steps], steps)]
        self.assertLessEqual(max(sizes), 200)
        self.assertEqual((pruner.n_lines, pruner.n_reports, pruner.n_logs), (1_250, 4, 0))

    def test_the_columns_of_the_task_are_derived_anew(self) -> None:
        task = make_task()
        ended(task, "failed"), ended(task, "ok")
        Task.objects.derive()
        self.assertEqual(task.prune_reports(0), 2)
        task.refresh_from_db()
        self.assertIsNone(task.cached_last_invocation_result)

    def test_many_reports_of_a_task_cost_no_query_each(self) -> None:
        def cost(n_reports: int) -> int:
            task = make_task(name=f"with {n_reports}")
            rows = [Doomed(ended(task).pk, task.pk, 0) for _ in range(n_reports)]
            pruner = Pruner()
            with CaptureQueriesContext(connection) as queries:
                self.assertTrue(pruner.remove(rows))
            self.assertEqual((pruner.n_reports, kept()), (n_reports, set()))
            return len(queries)

        self.assertEqual(cost(3), cost(40))

    def test_what_became_the_last_run_meanwhile_stays(self) -> None:
        task = make_task()
        old, new = ended(task), ended(task)
        new.delete()
        make_pruner(lambda seconds: False).remove([doomed(old)])
        self.assertEqual(kept(), pks(old))

    def test_a_rest_ends_with_its_time_or_when_told(self) -> None:
        end = threading.Event()
        self.assertFalse(Rest(60, end=end)(0))
        self.assertTrue(Rest(0)(0))
        end.set()
        self.assertTrue(Rest(60, end=end)(0))


@tag("databases")
@override_settings(
    EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", EZTASKMANAGER_ISOLATION="fork", EZTASKMANAGER_MIRROR_OUTPUT=False
)
class MomentsTests(TransactionTestCase):
    def test_each_run_leaves_its_task_no_more_than_it_keeps(self) -> None:
        task, other = make_task("ez_end", "return"), make_task(name="other")
        failure = ended(task, "failed")
        others = [ended(other) for _ in range(5)]
        with override_settings(EZTASKMANAGER_N_REPORTS_KEPT=2, EZTASKMANAGER_N_FAILED_REPORTS_KEPT=2):
            for _ in range(4):
                run_management_command(task.pk)
        self.assertEqual(task.launchreport_set.count(), 3)
        self.assertIn(failure.pk, kept())
        self.assertLessEqual(pks(*others), kept())

    @override_settings(EZTASKMANAGER_KEEP_DAYS=5)
    def test_the_housekeeper_looks_once_an_hour(self) -> None:
        task = make_task()
        ended(task, days_ago=9), ended(task)
        housekeeper = Housekeeper()
        housekeeper.work(lambda: 0)
        self.assertEqual(LaunchReport.objects.count(), 2)
        housekeeper.work(lambda: 1)
        self.assertEqual(LaunchReport.objects.count(), 1)
        with self.assertNumQueries(0):
            housekeeper.work(lambda: 1)

    @override_settings(EZTASKMANAGER_KEEP_DAYS=5)
    def test_the_housekeeper_goes_on_with_what_it_could_not_finish(self) -> None:
        task = make_task()
        for _ in range(3):
            ended(make_task(), days_ago=9), ended(task, days_ago=9)
        tasks = [ended(one) for one in Task.objects.all()]
        housekeeper = Housekeeper()
        wait_until(lambda: (housekeeper.work(lambda: 0.000_001), LaunchReport.objects.count() == len(tasks))[1])

    @override_settings(EZTASKMANAGER_KEEP_DAYS="soon")
    def test_trouble_of_the_housekeeper_is_logged_and_hurts_nothing(self) -> None:
        ended(make_task())
        with self.assertLogs("eztaskmanager.services.retention", "ERROR"):
            Housekeeper().work(lambda: 1)

    def test_two_at_once_do_it_once(self) -> None:
        tasks = [make_task(name=f"task {number}") for number in range(3)]
        for task in tasks:
            for _ in range(6):
                ended(task, days_ago=9, lines=150)
            ended(task)
        pruners = [make_pruner(Rest(), rows=100) for _ in range(2)]
        start = threading.Barrier(2)

        def work(pruner: Pruner) -> None:
            start.wait()
            try:
                prune(Policy(days=5), pruner)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=work, args=[pruner]) for pruner in pruners]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((LaunchReport.objects.count(), Log.objects.count()), (3, 0))
        self.assertEqual(sum(pruner.n_reports for pruner in pruners), 18)
        self.assertEqual(sum(pruner.n_lines for pruner in pruners), 18 * 150)


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class CommandTests(TestCase):
    def setUp(self) -> None:
        self.task = make_task(name="nightly")
        self.other = make_task(name="other", keep_reports=100)
        for task in (self.task, self.other):
            ended(task, days_ago=50, lines=3), ended(task, "failed", days_ago=40), ended(task, days_ago=30), ended(task)

    def say(self, *options: str) -> str:
        out = io.StringIO()
        call_command("prunereports", *options, stdout=out)
        return out.getvalue()

    def counts(self) -> tuple[int, int]:
        return self.task.launchreport_set.count(), self.other.launchreport_set.count()

    def test_without_options_it_does_what_the_settings_say(self) -> None:
        self.assertIn("0 reports deleted", self.say())
        with override_settings(EZTASKMANAGER_KEEP_DAYS=35, EZTASKMANAGER_KEEP_FAILED_DAYS=45):
            self.assertIn("2 reports deleted, 0 logs shortened, 6 lines less.", self.say())
        self.assertEqual(self.counts(), (3, 3))

    def test_a_dry_run_tells_it_task_by_task_and_deletes_nothing(self) -> None:
        said = self.say("--dry-run", "--older-than", "45", "--keep", "3")
        self.assertIn(f"nightly ({self.task.pk}): 1 reports, 3 lines", said)
        self.assertIn("Would delete 2 reports with 6 lines.", said)
        self.assertEqual(self.counts(), (4, 4))

    @override_settings(EZTASKMANAGER_MAX_LOG_ROWS=2)
    def test_a_dry_run_tells_of_the_limit_for_all_logs(self) -> None:
        self.assertIn("Would then drop 4 lines more, to leave 2", self.say("--dry-run"))

    def test_options_take_the_place_of_settings_and_of_what_tasks_say(self) -> None:
        self.say("--keep", "2")
        self.assertEqual(self.counts(), (2, 2))

    @override_settings(EZTASKMANAGER_N_REPORTS_KEPT=1)
    def test_with_options_the_other_rules_rest(self) -> None:
        self.say("--older-than", "45")
        self.assertEqual(self.counts(), (3, 3))

    def test_it_keeps_to_the_tasks_named(self) -> None:
        self.say("--older-than", "1", "--task", "nightly")
        self.assertEqual(self.counts(), (1, 4))

    def test_numbers_that_mean_nothing_are_refused_with_a_sentence(self) -> None:
        for options in (("--keep", "0"), ("--older-than", "-3"), ("--batch", "10"), ("--task", "nobody")):
            with self.subTest(options), self.assertRaises((CommandError, SystemExit)):
                self.say(*options)


@tag("databases", "engines")
class InterruptionTests(WorkerTestCase):
    def test_it_ends_on_sigterm_and_leaves_everything_true(self) -> None:
        task = make_task()
        report = ended(task, days_ago=9, lines=40_000)
        ended(task)
        worker = self.start_worker((*MANAGE, "prunereports", "--older-than", "5", "--batch", "100"), {})
        self.wait_until(lambda: report.logs.count() < 40_000, "the first lines to go")
        os.kill(worker.pid, signal.SIGTERM)
        self.wait_until(lambda: not worker.is_alive, "its end")
        self.assertEqual(worker.exit_code, 0, worker.said())
        self.assertIn("Broken off", worker.said())
        left = report.logs.count()
        self.assertIn(f"room: {40_001 - left} ", report.logs.get(seq=HEAD + 1).message)
        call_command("prunereports", "--older-than", "5", verbosity=0, stdout=io.StringIO())
        self.assertEqual((LaunchReport.objects.count(), Log.objects.count()), (1, 0))


class ShortenedLogTests(ViewerTestCase):
    def test_the_viewer_shows_both_ends_of_a_shortened_log_and_what_is_gone(self) -> None:
        add_lines(self.report, 1_000)
        self.finish()
        Pruner().shorten(Doomed(self.report.pk, self.report.task_id, 1_000))
        self.open()
        said = "text => [...document.querySelectorAll('.ez-message')].some(line => line.textContent.includes(text))"
        for text in ("line 1000", "room: 900 "):
            self.wait(said, text)
