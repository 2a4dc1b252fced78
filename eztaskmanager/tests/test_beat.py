"""Moving in from django-celery-beat, whose tables are made here as its release 2.9 makes them."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import time_machine
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test import TransactionTestCase, override_settings, tag
from django.utils import timezone

from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services.as_code.beat_tables import Clocked, Crontab, Interval, PeriodicTask
from eztaskmanager.services.queues import get_task_service
from eztaskmanager.tests.factories import make_task

UTC = dt.timezone.utc
NOW = dt.datetime(2030, 6, 15, 12, 0, tzinfo=UTC)
DAY = dt.timedelta(days=1)


class Solar(models.Model):
    event = models.CharField(max_length=24)

    class Meta:
        apps = PeriodicTask._meta.apps
        app_label = "eztaskmanager_beat"
        db_table = "django_celery_beat_solarschedule"
        managed = False


# Columns of the release, less those that ours reads too.
REST = (
    *("exchange varchar(200) NULL", "routing_key varchar(200) NULL", "total_run_count integer DEFAULT 0 NOT NULL"),
    *("description varchar(200) DEFAULT '' NOT NULL", "solar_id integer NULL", "priority integer NULL"),
    "headers varchar(200) DEFAULT '{}' NOT NULL",
)


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", TIME_ZONE="Europe/Rome")
class BeatTests(TransactionTestCase):
    def setUp(self) -> None:
        with connection.schema_editor() as editor:
            for model in (Interval, Crontab, Clocked, Solar, PeriodicTask):
                editor.create_model(model)
                self.addCleanup(self.drop, model)
        with connection.cursor() as cursor:
            for column in REST:
                cursor.execute(f"ALTER TABLE django_celery_beat_periodictask ADD COLUMN {column}")
        travelling = time_machine.travel(NOW, tick=False)
        travelling.start()
        self.addCleanup(travelling.stop)
        self.task = make_task(name="Ours")

    @staticmethod
    def drop(model: type[models.Model]) -> None:
        with connection.schema_editor() as editor:
            editor.delete_model(model)

    def row(self, name: str = "row", **fields: Any) -> None:
        fields = {
            "task": "eztaskmanager.run",
            "args": f"[{self.task.pk}]",
            "kwargs": "{}",
            "enabled": True,
            "one_off": False,
            "date_changed": NOW - DAY,
            **fields,
        }
        PeriodicTask.objects.create(name=name, **fields)

    def every(self, every: int, period: str) -> Any:
        return Interval.objects.create(every=every, period=period).pk

    def cron(self, text: str, zone: str = "UTC") -> Any:
        minute, hour, day, month, weekday = text.split("|")
        fields = {"minute": minute, "hour": hour, "day_of_month": day, "month_of_year": month, "day_of_week": weekday}
        return Crontab.objects.create(**fields, timezone=zone).pk

    def move(self, *options: str) -> str:
        out = io.StringIO()
        call_command("importbeat", *options, stdout=out)
        self.task.refresh_from_db()
        return out.getvalue()

    def assert_schedule(self, **expected: Any) -> None:
        self.assertEqual({column: getattr(self.task, column) for column in expected}, expected)

    def test_an_interval_goes_on_in_step_with_its_last_run(self) -> None:
        last = NOW - dt.timedelta(minutes=25)
        self.row(interval_id=self.every(3600, "seconds"), last_run_at=last)
        said = self.move()
        self.assert_schedule(scheduling=last, repetition_period="minute", repetition_rate=60, is_paused=False)
        self.assertEqual(self.task.cached_next_ride, last + dt.timedelta(hours=1))
        self.assertIn("Now disable or delete these rows of beat, or each slot is run twice: 'row'.", said)
        self.assertFalse(LaunchReport.objects.exists())

    def test_a_second_time_nothing_changes_even_where_beat_ran_on(self) -> None:
        self.row(interval_id=self.every(2, "days"), last_run_at=NOW - DAY)
        self.move()
        ride = self.task.cached_next_ride
        PeriodicTask.objects.update(last_run_at=NOW)
        self.assertIn("has this schedule already", self.move())
        self.assertEqual(self.task.cached_next_ride, ride)
        self.task.pause()
        self.move()
        self.assertTrue(self.task.is_paused)

    def test_a_crontab_keeps_its_zone_start_end_and_grace(self) -> None:
        self.row(
            crontab_id=self.cron("*/15|8, 20|*|*|monday-friday", "America/New_York"),
            start_time=NOW + DAY,
            expires=NOW + 9 * DAY,
            expire_seconds=300,
        )
        self.move()
        self.assert_schedule(
            cron="*/15 8,20 * * mon-fri",
            timezone="America/New_York",
            scheduling=NOW + DAY,
            ends_at=NOW + 9 * DAY,
            misfire_grace=300,
        )
        self.assertEqual(self.task.cached_next_ride, dt.datetime(2030, 6, 17, 12, 0, tzinfo=UTC))

    def test_a_clocked_row_is_a_start_and_a_one_off_is_its_next_moment(self) -> None:
        self.row("clocked", clocked_id=Clocked.objects.create(clocked_time=NOW + DAY).pk, one_off=True)
        others = [make_task(name=name) for name in ("interval", "cron")]
        self.row("interval", args=f"[{others[0].pk}]", interval_id=self.every(2, "days"), one_off=True)
        self.row("cron", args=f"[{others[1].pk}]", crontab_id=self.cron("0|9|*|*|*"), one_off=True)
        self.move()
        found = Task.objects.order_by("pk").values_list("scheduling", "repetition_period", "cron", "cached_next_ride")
        later = dt.datetime(2030, 6, 15, 9, 0, tzinfo=UTC)
        self.assertEqual(
            list(found), [(NOW + DAY, "", "", NOW + DAY), (NOW + DAY, "", "", NOW + DAY), (later, "", "", None)]
        )

    def test_rows_that_are_not_enabled_are_paused_and_so_are_all_when_wanted(self) -> None:
        other = make_task(name="other")
        self.row("off", interval_id=self.every(1, "hours"), enabled=False)
        self.row("on", interval_id=self.every(1, "hours"), kwargs=f'{{"task_id": "{other.pk}"}}', args="[]")
        self.move()
        other.refresh_from_db()
        self.assertEqual((self.task.is_paused, other.is_paused), (True, False))
        self.assertEqual(self.task.cached_next_ride, None)
        Task.objects.update(scheduling=None, repetition_period="", repetition_rate=None, is_paused=False)
        self.move("--paused")
        self.assertEqual(set(Task.objects.values_list("is_paused", "cached_next_ride")), {(True, None)})
        queue: Any = get_task_service()
        self.assertEqual(queue.jobs, [])

    def test_the_predecessors_ways_of_calling_are_ours_and_others_are_not(self) -> None:
        for name in (
            "eztaskmanager.tasks.run_management_command",
            "eztaskmanager.services.queues.run_management_command_task",
            "run_management_command",
        ):
            with self.subTest(name):
                PeriodicTask.objects.all().delete()
                Task.objects.update(cron="")
                self.row(task=name, crontab_id=self.cron("0|1|*|*|*"))
                self.assertIn("Schedules moved: 1 of 1.", self.move())
        PeriodicTask.objects.all().delete()
        hour = self.every(1, "hours")
        for name, fields, reason in (
            ("backend", {"task": "celery.backend_cleanup"}, "none of ours"),
            ("tick", {"task": "eztaskmanager.tick"}, "It is the tick"),
            ("gone", {"args": "[999999]"}, "no task number 999999"),
            ("silent", {"args": "[]"}, "name no task"),
            ("broken", {"args": "["}, "no JSON"),
            ("sun", {"interval_id": None}, "follows the sun"),
            ("fast", {"interval_id": self.every(10, "seconds")}, "whole minutes"),
            ("both", {"interval_id": None, "crontab_id": self.cron("0|0|1|*|1")}, "Celery wants both"),
            (
                "never",
                {"interval_id": None, "crontab_id": self.cron("0|0|31|2|*")},
                "is not a cron expression that can come",
            ),
        ):
            with self.subTest(name):
                PeriodicTask.objects.all().delete()
                Task.objects.update(cron="")
                self.row(name, **{"interval_id": hour, **fields})
                said = self.move()
                self.assertIn(f"{name}: Not taken: ", said)
                self.assertIn(reason, said)
                self.assertIn("Schedules moved: 0 of 1.", said)

    def test_a_task_keeps_a_schedule_of_its_own_unless_told_otherwise(self) -> None:
        self.task.cron = "@daily"
        self.task.save()
        self.row(crontab_id=self.cron("0|1|*|*|*"))
        self.assertIn("has a schedule of its own", self.move())
        self.assert_schedule(cron="@daily")
        self.assertIn("Schedules to be moved: 1 of 1.", self.move("--replace", "--check"))
        self.assert_schedule(cron="@daily")
        self.move("--replace")
        self.assert_schedule(cron="0 1 * * *")

    def test_of_several_rows_for_one_task_the_first_that_is_enabled_is_followed(self) -> None:
        self.row("off", crontab_id=self.cron("0|1|*|*|*"), enabled=False)
        self.row("on", crontab_id=self.cron("0|2|*|*|*"))
        self.assertIn("off: Not taken: The task 'Ours' follows 'on'", self.move())
        self.assert_schedule(cron="0 2 * * *", is_paused=False)

    def test_an_older_release_lacks_columns(self) -> None:
        with connection.schema_editor() as editor:
            editor.remove_field(PeriodicTask, PeriodicTask._meta.get_field("expire_seconds"))
        with connection.cursor() as cursor:
            names = "name, task, args, kwargs, enabled, one_off, date_changed, interval_id"
            values: list[Any] = ["old", "eztaskmanager.run", f"[{self.task.pk}]", "{}", True, False]
            moment = connection.ops.adapt_datetimefield_value(timezone.now())
            cursor.execute(
                f"INSERT INTO django_celery_beat_periodictask ({names}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                [*values, moment, self.every(1, "hours")],
            )
        self.assertIn("Schedules moved: 1 of 1.", self.move())


class WithoutBeatTests(TransactionTestCase):
    def test_a_database_without_its_tables_is_told(self) -> None:
        with self.assertRaisesMessage(CommandError, "no tables of django-celery-beat"):
            call_command("importbeat")
