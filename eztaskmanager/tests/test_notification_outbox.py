"""What is to be told is kept until it is told: once, whoever dies, and again where it failed."""

from __future__ import annotations

import datetime as dt
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import time_machine
from django.db import IntegrityError, connections
from django.test import TestCase, TransactionTestCase, override_settings, tag
from django.utils import timezone

from eztaskmanager.models import LaunchReport, Notification, Task, TaskCategory
from eztaskmanager.services import run_management_command
from eztaskmanager.services.notifications import Message, MessageHandler, emit_notifications, outbox, send_due
from eztaskmanager.services.notifications.sending import LEASE, MOST_ATTEMPTS
from eztaskmanager.services.ticking import tick
from eztaskmanager.tests.factories import make_report, make_task
from eztaskmanager.tests.receivers import receiver
from eztaskmanager.tests.test_notifications import BrokenHandler, handlers, make_ended
from eztaskmanager.tests.workers import TICKER, WorkerTestCase

HERE = __name__
WEBHOOK = "eztaskmanager.services.notifications.WebhookNotificationHandler"
BROKEN = f"{BrokenHandler.__module__}.BrokenHandler"
State = Notification.State


class ListingHandler(MessageHandler):
    """Remembers what it is told."""

    told: list[tuple[str, str]] = []

    def tell(self, message: Message) -> None:
        self.told.append((message.event, message.subject.removeprefix("Task ").partition(":")[0]))


class FussyHandler(ListingHandler):
    """Has an opinion of its own."""

    def __init__(self) -> None:
        super().__init__("failed")

    def concerns(self, report: LaunchReport) -> bool:
        return super().concerns(report) and "fussy" in report.error


def mine(**rules: Any) -> Any:
    return handlers(mine={"class": f"{HERE}.ListingHandler", "level": "failed", **rules})


@contextmanager
def hour(hours: int, minutes: int = 0, days: int = 0) -> Iterator[None]:
    moment = dt.datetime(2026, 5, 1 + days, hours, minutes, tzinfo=dt.timezone.utc)
    with time_machine.travel(moment, tick=False):
        yield


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", LANGUAGE_CODE="en")
class OutboxCase(TestCase):
    def setUp(self) -> None:
        ListingHandler.told = []
        self.task = make_task(name="Sums")

    def end(self, *results: str, task: Task | None = None, **fields: Any) -> LaunchReport:
        """Let runs end, one after the other, and tell of them."""
        for result in results:
            report = make_report(task or self.task, state="started", started_at=timezone.now(), **fields)
            report.finish(result, error=fields.get("error", ""))
            send_due(of=[report])
        return report

    @property
    def events(self) -> list[str]:
        return [event for event, _ in ListingHandler.told]


class PlanTests(OutboxCase):
    def test_the_end_of_a_run_is_kept_as_to_be_told_before_it_is_told(self) -> None:
        with mine():
            report = make_report(self.task, state="started", started_at=timezone.now())
            report.finish("failed")
            row = report.notifications.get()
            self.assertEqual((row.handler, row.event, row.state, row.attempts), ("mine", "failed", "waiting", 0))
            self.assertEqual(self.events, [])
            self.assertEqual(send_due(), 1)
        row.refresh_from_db()
        self.assertEqual((row.state, row.attempts, row.due_at), ("sent", 1, None))
        self.assertEqual(self.events, ["failed"])

    def test_without_handlers_it_costs_nothing(self) -> None:
        report = make_report(self.task, state="started", started_at=timezone.now())
        with handlers(), self.assertNumQueries(8):
            # Lock, update, its reading, the total and its first row, the cache of the task, and the transaction's ends.
            report.finish("failed")
        self.assertFalse(Notification.objects.exists())

    def test_a_fault_in_planning_does_not_keep_a_run_from_ending(self) -> None:
        report = make_report(self.task, state="started", started_at=timezone.now())
        for fault in (RuntimeError("odd"), IntegrityError("odd")):
            with mine(), mock.patch.object(outbox, "plan", mock.Mock(side_effect=fault)):
                with self.assertLogs("eztaskmanager", "ERROR"):
                    report.finish("lost")
        self.assertEqual(LaunchReport.objects.get().invocation_result, "lost")

    def test_tasks_and_categories_are_told_apart(self) -> None:
        other = make_task("migrate", name="Other", category=TaskCategory.objects.create(name="Imports"))
        with mine(tasks=["Sums"]):
            self.end("failed")
            self.end("failed", task=other)
        self.assertEqual(ListingHandler.told, [("failed", "Sums")])
        with mine(categories=["Imports"]):
            self.end("failed")
            self.end("failed", task=other)
        self.assertEqual(ListingHandler.told[1:], [("failed", "Other")])

    def test_only_changes_are_told_where_asked_for(self) -> None:
        with mine(only_on_change=True):
            self.end("ok", "failed", "failed", "ok", "ok", "timeout")
        self.assertEqual(self.events, ["failed", "recovered", "timeout"])

    def test_failures_in_a_row_are_counted_by_tasks(self) -> None:
        other = make_task("migrate", name="Other")
        with mine(after_failures=2):
            self.end("failed")
            self.end("failed", task=other)
            self.end("failed")
        self.assertEqual(ListingHandler.told, [("failed", "Sums")])

    def test_attempts_before_the_last_are_not_told(self) -> None:
        Task.objects.update(max_retries=1)
        self.task.refresh_from_db()
        with mine(only_on_change=True):
            first = self.end("failed")
            retry = LaunchReport.objects.get(retry_of=first)
            self.assertEqual(self.events, [])
            LaunchReport.objects.filter(pk=retry.pk).update(state="started", started_at=timezone.now())
            retry.finish("failed")
            send_due()
            self.assertEqual(self.events, ["failed"])
            self.end("ok")
        self.assertEqual(self.events, ["failed", "recovered"])

    def test_attempts_before_the_last_are_told_where_asked_for(self) -> None:
        Task.objects.update(max_retries=1)
        self.task.refresh_from_db()
        with mine(before_last_retry=True):
            self.end("failed")
        self.assertEqual(self.events, ["failed"])

    def test_a_run_that_was_skipped_is_told_where_asked_for(self) -> None:
        with mine(results=["skipped"]):
            make_report(self.task, state="started", started_at=timezone.now())
            waiting = make_report(self.task)
            self.assertIsNone(run_management_command(self.task.pk, waiting.pk))
            send_due()
        self.assertEqual(self.events, ["skipped"])

    def test_a_run_taken_for_lost_tells_its_true_end(self) -> None:
        with mine(only_on_change=True):
            report = make_report(self.task, state="started", started_at=timezone.now())
            report.finish("lost")
            send_due()
            report.finish("ok")
            send_due()
            self.assertEqual(self.events, ["lost", "recovered"])
            report = make_report(self.task, state="started", started_at=timezone.now())
            report.finish("lost")
            report.finish("ok")
            send_due()
        self.assertEqual(self.events, ["lost", "recovered"])

    def test_a_handler_of_its_own_opinion_is_asked(self) -> None:
        with handlers(fussy={"class": f"{HERE}.FussyHandler"}):
            self.end("failed")
            self.end("ok", error="fussy")
            self.end("failed", error="fussy")
        self.assertEqual(self.events, ["failed"])
        self.assertEqual(Notification.objects.count(), 1)

    def test_a_report_of_which_somebody_is_to_be_told_is_not_pruned(self) -> None:
        with handlers(broken={"class": BROKEN}), self.assertLogs("eztaskmanager", "ERROR"):
            report = self.end("failed")
        later = self.end("ok")
        self.assertEqual(self.task.prune_reports(0), 1)
        self.assertFalse(LaunchReport.objects.filter(pk=later.pk).exists())
        report.notifications.update(due_at=None)
        self.assertEqual(self.task.prune_reports(0), 1)
        self.assertFalse(Notification.objects.exists())


class SendingTests(OutboxCase):
    def test_a_failure_is_kept_and_tried_again_later_until_it_is_given_up(self) -> None:
        now = dt.datetime(2026, 5, 1, 12, tzinfo=dt.timezone.utc)
        waits = []
        with handlers(broken={"class": BROKEN}), time_machine.travel(now, tick=False) as clock:
            with self.assertLogs("eztaskmanager", "WARNING") as logs:
                report = self.end("failed")
                row = report.notifications.get()
                while row.due_at is not None:
                    self.assertEqual((row.state, row.error), ("waiting", "ConnectionError: nobody there"))
                    waits.append((row.due_at - timezone.now()).total_seconds() / 60)
                    self.assertEqual(send_due(), 0)
                    row.refresh_from_db()
                    clock.move_to(row.due_at)
                    send_due()
                    row.refresh_from_db()
        self.assertEqual(waits, [1, 3, 9, 27, 81])
        self.assertEqual((row.state, row.attempts), ("failed", MOST_ATTEMPTS))
        tries = row.tries.splitlines()
        self.assertEqual(len(tries), MOST_ATTEMPTS)
        self.assertEqual(tries[1], "2026-05-01 12:01:00 UTC  ConnectionError: nobody there")
        self.assertEqual(sum(record.levelname == "ERROR" for record in logs.records), 2)

    def test_secrets_of_the_settings_do_not_get_into_the_reason(self) -> None:
        with receiver() as server, self.assertLogs("eztaskmanager", "ERROR"):
            server.always(500)
            arguments = {"urls": [server.url.replace("http", "json") + "/t0ken"], "level": "ok"}
            with handlers(
                chat={"class": "eztaskmanager.services.notifications.AppriseNotificationHandler", **arguments}
            ):
                row = self.end("failed").notifications.get()
        self.assertNotIn("t0ken", row.error)
        with handlers(broken={"class": f"{HERE}.LeakyHandler", "token": "t0ken-1", "level": "ok"}):
            with self.assertLogs("eztaskmanager", "ERROR"):
                row = self.end("failed").notifications.get()
        self.assertEqual(row.error, "ValueError: •••• is refused")

    def test_one_whose_handler_is_gone_is_given_up(self) -> None:
        with mine():
            report = make_report(self.task, state="started", started_at=timezone.now())
            report.finish("failed")
        with handlers():
            self.assertEqual(send_due(), 0)
        row = report.notifications.get()
        self.assertEqual((row.state, row.error), ("failed", "The settings have no such handler any more."))

    def test_in_quiet_hours_it_is_held_and_sent_at_their_end(self) -> None:
        # A tick may find that nobody works on the queue in memory.
        with mine(quiet_hours="22:00-07:00 UTC", alerts=False):
            with hour(23):
                row = self.end("failed").notifications.get()
                self.assertEqual(row.state, "held")
                tick()
            with hour(6, 59, days=1):
                tick()
                self.assertEqual(self.events, [])
            with hour(7, days=1):
                tick()
        self.assertEqual(self.events, ["failed"])

    def test_a_failure_is_not_tried_again_in_quiet_hours(self) -> None:
        with handlers(broken={"class": BROKEN, "quiet_hours": "22:00-07:00 UTC"}):
            with hour(21, 59), self.assertLogs("eztaskmanager", "ERROR"):
                row = self.end("failed").notifications.get()
            with hour(22, 5):
                send_due()
                row.refresh_from_db()
        self.assertEqual((row.state, row.attempts), ("held", 1))
        self.assertEqual(row.due_at, dt.datetime(2026, 5, 2, 7, tzinfo=dt.timezone.utc))

    def test_what_a_dead_sender_held_is_sent_by_another_after_its_lease(self) -> None:
        with mine():
            report = make_report(self.task, state="started", started_at=timezone.now())
            report.finish("failed")
            report.notifications.update(attempts=1, due_at=timezone.now() + LEASE)
            self.assertEqual(send_due(), 0)
            with time_machine.travel(timezone.now() + LEASE + dt.timedelta(seconds=1)):
                self.assertEqual(send_due(), 1)
        self.assertEqual(self.events, ["failed"])

    def test_settled_ones_are_sent_again_on_demand(self) -> None:
        with mine():
            self.end("failed")
            self.assertEqual(Notification.objects.all().send_again(), 1)
            self.assertEqual(send_due(), 1)
        self.assertEqual(self.events, ["failed", "failed"])

    def test_told_by_hand_it_is_told_each_time_and_kept(self) -> None:
        report = make_ended("failed")
        with mine():
            emit_notifications(report)
            emit_notifications(report)
        self.assertEqual(self.events, ["failed", "failed"])
        self.assertEqual(report.notifications.filter(state=State.SENT).count(), 2)

    def test_looking_for_what_is_due_is_one_query(self) -> None:
        with self.assertNumQueries(1):
            send_due()


class LeakyHandler(MessageHandler):
    """Says in its errors what it should not."""

    def __init__(self, token: str, level: str = "ok") -> None:
        super().__init__(level)
        self.token = token

    def tell(self, message: Message) -> None:
        raise ValueError(f"{self.token} is refused")


@tag("databases")
@override_settings(
    EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", EZTASKMANAGER_ISOLATION="fork", EZTASKMANAGER_MIRROR_OUTPUT=False
)
class RealRunTests(TransactionTestCase):
    def run_one(self, way: str = "return", **fields: Any) -> LaunchReport:
        task = make_task("ez_end", way, **fields)
        report = task.launch()
        run_management_command(task.pk, report.pk)
        report.refresh_from_db()
        return report

    def test_the_worker_tells_after_the_end(self) -> None:
        with receiver() as server:
            with handlers(hook={"class": WEBHOOK, "url": server.url, "level": "ok"}):
                report = self.run_one(ping_url=f"{server.url}/ping")
        states = list(report.notifications.order_by("handler").values_list("handler", "event", "state"))
        self.assertEqual(states, [("", "ok", "sent"), ("hook", "ok", "sent")])
        self.assertTrue(server.paths[0].startswith("/ping/start?rid="), server.paths)
        self.assertEqual(sorted(path.partition("?")[0] for path in server.paths[1:]), ["/", "/ping"])

    def test_when_it_is_told_the_task_is_free_and_a_slow_server_does_not_fail_the_run(self) -> None:
        statuses: list[str] = []

        def look(request: Any) -> Any:
            statuses.append(Task.objects.get().status)
            connections.close_all()
            server.release.wait(60)
            return 200, {}, b""

        with receiver() as server, self.assertLogs("eztaskmanager", "ERROR"):
            server.answer = look
            with handlers(hook={"class": WEBHOOK, "url": server.url, "level": "ok", "timeout": 1}):
                report = self.run_one("exit_3")
        self.assertEqual((report.invocation_result, statuses), ("failed", ["idle"]))
        row = report.notifications.get()
        self.assertEqual((row.state, row.attempts, row.error), ("waiting", 1, "127.0.0.1 did not answer within 1 s."))

    def test_two_tickers_at_the_same_moment_tell_once(self) -> None:
        with receiver() as server, handlers(hook={"class": WEBHOOK, "url": server.url, "level": "ok"}):
            reports = []
            for _ in range(5):
                report = make_report(make_task(), state="started", started_at=timezone.now())
                report.finish("failed")
                reports.append(report)
            barrier = threading.Barrier(4)

            def send() -> None:
                try:
                    barrier.wait(60)
                    send_due()
                finally:
                    connections.close_all()

            threads = [threading.Thread(target=send) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        told = sorted(request.json["run"]["id"] for request in server.requests)
        self.assertEqual(told, sorted(report.pk for report in reports))


@tag("databases", "engines")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class KilledTellerTests(WorkerTestCase):
    """The worker dies between the end of a run and the telling."""

    def let_a_worker_die(self, setting: dict[str, Any], words: str) -> LaunchReport:
        report = make_task("ez_end", "return").launch()
        code = f"import django; django.setup(); {words}({report.task_id}, {report.pk})"
        worker = self.start_worker(
            (sys.executable, "-c", code),
            {},
            EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory",
            EZTASKMANAGER_NOTIFICATION_HANDLERS=setting,
        )
        self.wait_until(lambda: not worker.is_alive, "the worker to die")
        self.assertEqual(worker.exit_code, -signal.SIGKILL, worker.said())
        report.refresh_from_db()
        self.assertEqual(report.invocation_result, "ok")
        return report

    def test_killed_before_the_telling_the_tick_tells(self) -> None:
        with receiver() as server:
            setting = {"hook": {"class": WEBHOOK, "url": server.url, "level": "ok"}}
            report = self.let_a_worker_die(setting, "from eztaskmanager.tests.dying import run_and_die; run_and_die")
            self.assertEqual(server.requests, [])
            with override_settings(EZTASKMANAGER_NOTIFICATION_HANDLERS=setting):
                tick()
                tick()
        self.assertEqual([request.json["run"]["id"] for request in server.requests], [report.pk])

    def test_killed_while_it_tells_it_is_tried_again_after_the_lease(self) -> None:
        setting = {"dying": {"class": "eztaskmanager.tests.dying.DyingHandler", "level": "ok"}}
        words = "from eztaskmanager.services import run_management_command; run_management_command"
        row = self.let_a_worker_die(setting, words).notifications.get()
        assert row.due_at is not None
        self.assertEqual((row.state, row.attempts), ("waiting", 1))
        ListingHandler.told = []
        with handlers(dying={"class": f"{HERE}.ListingHandler", "level": "ok", "alerts": False}):
            tick()
            self.assertEqual(ListingHandler.told, [])
            Notification.objects.update(due_at=timezone.now())
            tick()
        self.assertEqual([event for event, _ in ListingHandler.told], ["ok"])


@tag("databases", "engines")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class SlowTellingTests(WorkerTestCase):
    """Who tells may be slow; the scheduler is not."""

    def test_slots_do_not_wait_for_a_server_that_does_not_answer(self) -> None:
        with receiver() as server:
            server.never()
            setting = {"hook": {"class": WEBHOOK, "url": server.url, "level": "ok", "timeout": 60}}
            with override_settings(EZTASKMANAGER_NOTIFICATION_HANDLERS=setting):
                report = make_report(make_task(), state="started", started_at=timezone.now())
                report.finish("failed")
            self.start_worker(
                TICKER,
                {},
                EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory",
                EZTASKMANAGER_NOTIFICATION_HANDLERS=setting,
            )
            self.wait_until(lambda: server.requests, "the scheduler to tell")
            task = make_task("migrate", scheduling=timezone.now() + dt.timedelta(hours=1))
            Task.objects.filter(pk=task.pk).update(cached_next_ride=timezone.now())
            self.wait_until(lambda: LaunchReport.objects.filter(task=task).exists(), "the slot to be claimed")
            self.assertEqual(report.notifications.get().state, "waiting")
            server.release.set()
            self.wait_until(lambda: report.notifications.get().state == "sent", "the notification to be noted")
