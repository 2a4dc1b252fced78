"""Tests of a database of the predecessor, which `migrate` brings here with every row."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection
from django.test import TransactionTestCase, tag

from eztaskmanager.models import AppCommand, LaunchReport, Log, Task, TaskCategory

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

# What the predecessor's own later migrations were called; ours have other names.
LATER_MIGRATIONS = ("0002_task_scheduled_job_id", "0003_alter_task_cached_next_ride_alter_task_scheduling")


def at(minutes: int) -> dt.datetime:
    return START + dt.timedelta(minutes=minutes)


def insert(table: str, columns: tuple[str, ...], *rows: tuple[Any, ...]) -> None:
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    places = ", ".join("%s" for _ in columns)
    with connection.cursor() as cursor:
        for row in rows:
            values = [
                connection.ops.adapt_datetimefield_value(value) if isinstance(value, dt.datetime) else value
                for value in row
            ]
            cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", values)


@tag("databases")
class UpgradeTests(TransactionTestCase):
    def setUp(self) -> None:
        self.addCleanup(call_command, "migrate", "eztaskmanager", verbosity=0)
        call_command("migrate", "eztaskmanager", "0001_initial", verbosity=0)
        self.fill()
        migrated = ("app", "name", "applied")
        insert("django_migrations", migrated, *(("eztaskmanager", name, START) for name in LATER_MIGRATIONS))
        self.addCleanup(self.forget)
        call_command("migrate", "eztaskmanager", verbosity=0)

    @staticmethod
    def forget() -> None:
        with connection.cursor() as cursor:
            for name in LATER_MIGRATIONS:
                cursor.execute("DELETE FROM django_migrations WHERE name = %s", [name])

    @staticmethod
    def fill() -> None:
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
        # The predecessor's rows got their ids from the database, which knows the next.
        with connection.cursor() as cursor:
            for sql in connection.ops.sequence_reset_sql(no_style(), [LaunchReport, Log]):
                cursor.execute(sql)

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
            [(41, 31, at(0)), (42, 31, at(9)), (43, 32, at(10)), (44, 33, at(11))],
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
        self.assertGreater(report.pk, 44)
        self.assertEqual(task.complete_args, ["--tag", "x", "-v", "2"])
        task.name = "Renamed"
        task.save()
        self.assertEqual(Task.objects.get(pk=31).name, "Renamed")
