"""Tests of a database of the predecessor, which `migrate` brings here with every row."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command, get_commands
from django.db import connection
from django.test import SimpleTestCase, TransactionTestCase, override_settings, tag
from django.utils import timezone
from rq.job import Job

from eztaskmanager import settings as ez_settings
from eztaskmanager.models import AppCommand, LaunchReport, Log, RunTotal, Task, TaskCategory
from eztaskmanager.services.notifications import check_handlers
from eztaskmanager.services.queues import get_task_service
from eztaskmanager.services.queues.rq_timers import timer_id
from eztaskmanager.services.ticking import tick
from eztaskmanager.tests import predecessor
from eztaskmanager.tests.engines import private_redis
from eztaskmanager.tests.predecessor import insert
from eztaskmanager.tests.private_servers import free_port

UTC = dt.timezone.utc
START = dt.datetime(2024, 1, 31, 8, 30, tzinfo=UTC)
NEXT_RIDE = dt.datetime(2040, 5, 31, 6, 30, tzinfo=UTC)

COMMANDS = ("id", "name", "app_name", "active")
CATEGORIES = ("id", "name")
TASKS = (
    "id",
    "name",
    "command_id",
    "arguments",
    "category_id",
    "status",
    "scheduling",
    "repetition_period",
    "repetition_rate",
    "note",
    "scheduled_job_id",
    "cached_last_invocation_datetime",
    "cached_last_invocation_result",
    "cached_last_invocation_n_errors",
    "cached_last_invocation_n_warnings",
    "cached_next_ride",
)
REPORTS = ("id", "task_id", "invocation_result", "invocation_datetime")
LOGS = ("id", "launch_report_id", "timestamp", "level", "message")


def at(minutes: int) -> dt.datetime:
    return START + dt.timedelta(minutes=minutes)


class Predecessor(TransactionTestCase):
    """A database of the predecessor, migrated."""

    def setUp(self) -> None:
        self.addCleanup(call_command, "migrate", "eztaskmanager", verbosity=0)
        self.addCleanup(predecessor.forget)
        predecessor.install()
        self.fill()
        predecessor.settle_keys()
        self.migrate()

    def fill(self) -> None:
        raise NotImplementedError

    def migrate(self) -> None:
        call_command("migrate", "eztaskmanager", verbosity=0)


@tag("databases")
class UpgradeTests(Predecessor):
    def fill(self) -> None:
        insert("eztaskmanager_appcommand", COMMANDS, (11, "check", "django.core", True), (12, "old", "gone", False))
        insert("eztaskmanager_taskcategory", CATEGORIES, (21, "Nightly"), (22, "Accounts, «è»"))
        nothing_yet = (None, None, None, None, None)
        insert(
            "eztaskmanager_task",
            TASKS,
            (31, "Periodic", 11, "--tag x, -v 2", 21, "scheduled", START, "month", 1, "a note")
            + ("job-1", at(9), "errors", 2, 1, NEXT_RIDE),
            (32, "Running", 11, "", 22, "started", None, "", None, None, None, *nothing_yet),
            (33, "Stopped", 12, 'it\'s, "quoted"', None, "idle", START, "day", 1, None, None, *nothing_yet),
        )
        insert(
            "eztaskmanager_launchreport",
            REPORTS,
            (41, 31, "ok", at(0)),
            (42, 31, "errors", at(9)),
            (43, 32, "", at(10)),
            (44, 33, "failed", at(11)),
            (45, 33, "warnings", at(12)),
        )
        insert(
            "eztaskmanager_log",
            LOGS,
            (51, 42, at(9), "INFO", "one"),
            (52, 41, at(9), "DEBUG", "other"),
            (53, 42, at(9), "WARNING", "two ü"),
            (54, 42, at(10), "ERROR", "three\nlines\nof it"),
            (55, 42, at(10), "CRITICAL", "four"),
            (56, 43, at(11), "INFO", "alone"),
        )

    def test_every_row_and_every_column_of_it_is_kept(self) -> None:
        self.assertEqual(
            list(AppCommand.objects.order_by("pk").values_list(*COMMANDS)),
            [(11, "check", "django.core", True), (12, "old", "gone", False)],
        )
        self.assertEqual(
            list(TaskCategory.objects.order_by("pk").values_list(*CATEGORIES)),
            [(21, "Nightly"), (22, "Accounts, «è»")],
        )
        owned = TASKS[:5] + TASKS[6:10]
        self.assertEqual(
            list(Task.objects.order_by("pk").values_list(*owned)),
            [
                (31, "Periodic", 11, "--tag x, -v 2", 21, START, "month", 1, "a note"),
                (32, "Running", 11, "", 22, None, "", None, None),
                (33, "Stopped", 12, 'it\'s, "quoted"', None, START, "day", 1, None),
            ],
        )
        self.assertEqual(
            list(LaunchReport.objects.order_by("pk").values_list("id", "task_id", "invocation_datetime")),
            [(41, 31, at(0)), (42, 31, at(9)), (43, 32, at(10)), (44, 33, at(11)), (45, 33, at(12))],
        )
        self.assertEqual(
            list(Log.objects.order_by("pk").values_list(*LOGS)),
            [
                (51, 42, at(9), "INFO", "one"),
                (52, 41, at(9), "DEBUG", "other"),
                (53, 42, at(9), "WARNING", "two ü"),
                (54, 42, at(10), "ERROR", "three\nlines\nof it"),
                (55, 42, at(10), "CRITICAL", "four"),
                (56, 43, at(11), "INFO", "alone"),
            ],
        )

    def test_the_lines_of_each_report_are_numbered_in_their_order(self) -> None:
        numbered = Log.objects.order_by("launch_report", "seq").values_list("launch_report", "seq", "message")
        self.assertEqual(
            list(numbered),
            [
                (41, 1, "other"),
                (42, 1, "one"),
                (42, 2, "two ü"),
                (42, 3, "three\nlines\nof it"),
                (42, 4, "four"),
                (43, 1, "alone"),
            ],
        )

    def test_old_runs_are_over_and_their_lines_counted(self) -> None:
        report = LaunchReport.objects.get(pk=42)
        self.assertTrue(report.is_over)
        self.assertEqual(report.invocation_result, LaunchReport.RESULT_ERRORS)
        self.assertEqual((report.n_log_lines, report.n_log_warnings, report.n_log_errors), (4, 1, 2))
        self.assertEqual((report.command, report.arguments), ("check", "--tag x, -v 2"))
        self.assertEqual(len(list(report.get_log_lines())), 4)
        results = dict(LaunchReport.objects.values_list("pk", "invocation_result"))
        self.assertEqual(results, {41: "ok", 42: "errors", 43: "lost", 44: "failed", 45: "warnings"})

    def test_the_totals_count_the_reports_that_are_there(self) -> None:
        totals = RunTotal.objects.order_by("task", "result").values_list("task", "result", "n_runs", "n_log_lines")
        self.assertEqual(
            list(totals),
            [
                (31, "errors", 1, 4),
                (31, "ok", 1, 1),
                (32, "lost", 1, 1),
                (33, "failed", 1, 0),
                (33, "warnings", 1, 0),
            ],
        )
        self.assertEqual(LaunchReport.objects.get(pk=43).n_log_lines_counted, 1)
        self.assertTrue(LaunchReport.objects.get(pk=43).finish("ok"))
        self.assertEqual(RunTotal.objects.get(task=32, result="ok").n_runs, 0)

    def test_a_run_without_a_result_is_lost_and_frees_its_task(self) -> None:
        self.assertEqual(LaunchReport.objects.get(pk=43).invocation_result, LaunchReport.RESULT_LOST)
        self.assertEqual(Task.objects.get(pk=32).status, Task.STATUS_IDLE)

    def test_what_was_scheduled_still_is_and_what_was_stopped_rests(self) -> None:
        scheduled, stopped = Task.objects.get(pk=31), Task.objects.get(pk=33)
        self.assertEqual((scheduled.status, scheduled.is_paused), (Task.STATUS_SCHEDULED, False))
        self.assertEqual(scheduled.cached_next_ride, NEXT_RIDE)
        self.assertEqual((stopped.status, stopped.is_paused), (Task.STATUS_IDLE, True))
        self.assertIsNone(stopped.cached_next_ride)

    def test_new_rows_follow_the_old(self) -> None:
        task = Task.objects.get(pk=31)
        report = LaunchReport.objects.create(task=task, command="check")
        Log.objects.create(launch_report=report, seq=1, timestamp=START, level="INFO", message="new")
        self.assertGreater(report.pk, 45)
        self.assertEqual(task.complete_args, ["--tag", "x", "-v", "2"])
        task.name = "Renamed"
        task.save()
        self.assertEqual(Task.objects.get(pk=31).name, "Renamed")

    def test_its_own_later_migrations_trouble_nobody_and_nothing_is_left_to_migrate(self) -> None:
        call_command("migrate", "eztaskmanager", check_unapplied=True, verbosity=0)
        call_command("makemigrations", "eztaskmanager", check_changes=True, dry_run=True, verbosity=0)

    def test_permissions_and_content_types_are_complete(self) -> None:
        self.assertTrue(ContentType.objects.filter(app_label="eztaskmanager", model="tickerbeat").exists())
        codes = set(
            Permission.objects.filter(content_type__app_label="eztaskmanager").values_list("codename", flat=True)
        )
        self.assertLessEqual({"change_task", "launch_task", "stop_task", "view_log", "view_launchreport"}, codes)


MINUTE = dt.timedelta(minutes=1)
# Name → start, period, rate, next ride as the predecessor knew it; relative to now.
SCHEDULES: dict[str, tuple[dt.timedelta, str, int | None, dt.timedelta | None]] = {
    "point": (90 * MINUTE, "", None, 90 * MINUTE),
    "minutes": (-100 * MINUTE, "minute", 15, 5 * MINUTE),
    "hours": (-100 * MINUTE, "hour", 2, 20 * MINUTE),
    "days": (-100 * MINUTE, "day", 1, 1340 * MINUTE),
    "weeks": (-100 * MINUTE, "week", 1, 9980 * MINUTE),
    "months": (90 * MINUTE, "month", 1, 90 * MINUTE),
    "unknown": (90 * MINUTE, "day", 1, None),
    "missed": (-100 * MINUTE, "hour", 1, -40 * MINUTE),
}


class OnRedis(Predecessor):
    """Tasks scheduled by the predecessor on rq-scheduler."""

    def setUp(self) -> None:
        self.redis = private_redis()
        self.addCleanup(self.redis.close)
        overridden = override_settings(
            EZTASKMANAGER_QUEUE_SERVICE_TYPE="RQ", RQ_QUEUES={"default": {"URL": self.redis.url}}
        )
        overridden.enable()
        self.addCleanup(overridden.disable)
        self.service: Any = get_task_service()
        self.scheduler = self.service.scheduler
        self.jobs: dict[int, str] = {}
        super().setUp()

    def fill(self) -> None:
        self.now = now = timezone.now().replace(microsecond=0)
        insert("eztaskmanager_appcommand", COMMANDS, (11, "check", "django.core", True))
        rows = []
        for number, (name, (start, period, rate, ride)) in enumerate(SCHEDULES.items(), 31):
            moment = now + (ride or start)
            job = self.scheduler.schedule(
                scheduled_time=moment.replace(tzinfo=None),
                func="eztaskmanager.services.run_management_command",
                args=[number],
                interval=900 if period else None,
            )
            self.jobs[number] = job.id
            rows.append(
                (number, name, 11, "", None, "scheduled", now + start, period, rate, None, job.id)
                + (None, None, None, None, ride and now + ride)
            )
        # Stopped, but its timer was left in Redis.
        left = self.scheduler.enqueue_at(dt.datetime(2040, 1, 1), "eztaskmanager.services.run_management_command", 50)
        self.jobs[50] = left.id
        nothing_yet = (None, None, None, None, None)
        rows.append((50, "stopped", 11, "", None, "idle", now, "day", 1, None, left.id, *nothing_yet))
        # Rang before the upgrade, and no worker has come to it.
        self.scheduler.enqueue_job(Job.fetch(self.jobs[38], connection=self.scheduler.connection))
        self.scheduler.connection.zadd(self.scheduler.scheduled_jobs_key, {"somebody-elses": 4_000_000_000})
        insert("eztaskmanager_task", TASKS, *rows)

    @property
    def timers(self) -> dict[str, int]:
        pairs = self.scheduler.connection.zrange(self.scheduler.scheduled_jobs_key, 0, -1, withscores=True)
        return {name.decode(): int(score) for name, score in pairs}

    def assert_all_ride_on(self) -> None:
        rides = dict(Task.objects.values_list("name", "cached_next_ride"))
        expected = {name: self.now + (ride or start) for name, (start, _, _, ride) in SCHEDULES.items()}
        self.assertEqual(rides, {**expected, "stopped": None})
        scheduled = Task.objects.exclude(name="stopped")
        self.assertEqual(
            self.timers,
            {
                "somebody-elses": 4_000_000_000,
                **{timer_id(task.pk): int(rides[task.name].timestamp()) for task in scheduled},
            },
        )
        self.assertEqual({task.scheduled_job_id for task in scheduled}, {timer_id(task.pk) for task in scheduled})
        self.assertIsNone(Task.objects.get(name="stopped").scheduled_job_id)
        for job_id in self.jobs.values():
            self.assertFalse(Job.exists(job_id, connection=self.scheduler.connection))


@tag("databases", "engines")
class RedisTimersTests(OnRedis):
    def test_schedules_ride_on_and_each_has_one_timer(self) -> None:
        self.assert_all_ride_on()

    def test_a_slot_that_was_missed_meanwhile_is_run_once_and_no_other(self) -> None:
        self.assertEqual(tick(), 1)
        report = LaunchReport.objects.get()
        self.assertEqual((report.task.name, report.planned_at), ("missed", self.now - 40 * MINUTE))
        self.assertEqual(tick(), 0)
        self.assertEqual(Task.objects.get(name="missed").cached_next_ride, self.now + 20 * MINUTE)


@tag("databases", "engines")
class AwayRedisTests(OnRedis):
    def migrate(self) -> None:
        nowhere = {"default": {"URL": f"redis://127.0.0.1:{free_port()}/0"}}
        with override_settings(RQ_QUEUES=nowhere):
            with self.assertLogs("eztaskmanager.services.as_code.upgrading", "WARNING"):
                super().migrate()

    def test_a_redis_that_was_away_meanwhile_is_seen_to_by_the_next_tick(self) -> None:
        get_task_service().look_after_timers()
        self.assert_all_ride_on()


@tag("databases")
class MovedCommandsTests(Predecessor):
    def fill(self) -> None:
        rows = [(1, "test_command", "eztaskmanager", True), (2, "collectcommands", "eztaskmanager", True)]
        insert("eztaskmanager_appcommand", COMMANDS, *rows)
        nothing = (None, "", None, None, None, None, None, None, None, None)
        insert("eztaskmanager_task", TASKS, (1, "Try it", 1, "", None, "idle", *nothing))

    def migrate(self) -> None:
        with self.assertLogs("eztaskmanager.services.as_code.upgrading", "WARNING") as logs:
            super().migrate()
        self.said = logs.output

    def test_commands_that_are_in_the_demo_project_now_are_told_of_with_their_tasks(self) -> None:
        self.assertNotEqual(get_commands()["test_command"], "eztaskmanager")
        self.assertEqual(len(self.said), 1)
        self.assertIn("eztaskmanager: test_command", self.said[0])
        self.assertIn("'Try it'", self.said[0])


@tag("databases", "long")
class ManyLinesTests(Predecessor):
    """A hundred thousand lines of old logs."""

    N_REPORTS = 100
    N_LINES = 1000

    def fill(self) -> None:
        insert("eztaskmanager_appcommand", COMMANDS, (1, "check", "django.core", True))
        nothing = (None, "", None, None, None, None, None, None, None, None)
        insert("eztaskmanager_task", TASKS, (1, "Talk", 1, "", None, "idle", *nothing))
        reports = range(1, self.N_REPORTS + 1)
        insert("eztaskmanager_launchreport", REPORTS, *((number, 1, "ok", at(number)) for number in reports))
        # Of all reports in turn, so that none has its lines side by side.
        lines = ((at(1), "INFO", f"line {number}", report) for number in range(self.N_LINES) for report in reports)
        insert("eztaskmanager_log", ("timestamp", "level", "message", "launch_report_id"), *lines)

    def migrate(self) -> None:
        began = time.monotonic()
        super().migrate()
        self.seconds = time.monotonic() - began

    def test_they_are_numbered_in_bounded_time(self) -> None:
        self.assertEqual(Log.objects.count(), self.N_REPORTS * self.N_LINES)
        self.assertEqual(set(LaunchReport.objects.values_list("n_log_lines", flat=True)), {self.N_LINES})
        ends = Log.objects.filter(launch_report=7).order_by("seq").values_list("seq", "message")
        self.assertEqual([ends[0], ends[self.N_LINES - 1]], [(1, "line 0"), (self.N_LINES, f"line {self.N_LINES - 1}")])
        print(f"{connection.vendor}: {self.seconds:.1f} s")
        # It takes some seconds; what grew with the square of the lines would take hours.
        self.assertLess(self.seconds, 120)


class SettingsTests(SimpleTestCase):
    def test_the_predecessors_settings_mean_what_they_did(self) -> None:
        defaults = {
            "QUEUE_SERVICE_TYPE": "RQ",
            "N_LINES_IN_REPORT_LOG": 10,
            "N_REPORTS_INLINE": 5,
            "SHOW_LOGVIEWER_LINK": True,
            "BASE_URL": None,
            "NOTIFICATION_HANDLERS": {},
            "USE_FILTER_COLLAPSE": True,
        }
        self.assertEqual({name: ez_settings.DEFAULTS[name] for name in defaults}, defaults)
        for name, value in defaults.items():
            with self.subTest(name), override_settings(**{f"EZTASKMANAGER_{name}": value}):
                self.assertEqual(getattr(ez_settings, f"EZTASKMANAGER_{name}"), value)

    def test_a_handler_as_it_was_configured_is_in_order(self) -> None:
        handler = {
            "class": "eztaskmanager.services.notifications.EmailNotificationHandler",
            "level": "failure",
            "from_email": "a@example.org",
            "recipients": ["b@example.org"],
        }
        with override_settings(EZTASKMANAGER_NOTIFICATION_HANDLERS={"mail": handler}):
            self.assertEqual(list(check_handlers()), [])
