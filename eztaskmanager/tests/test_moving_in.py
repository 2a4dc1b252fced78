"""Moving in from cron."""

from __future__ import annotations

import io
import sys
from typing import Any
from unittest import mock

from django.core.management import CommandError, call_command
from django.test import TestCase, override_settings
from django.utils import timezone

from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services.queues import get_task_service
from eztaskmanager.tests.factories import make_task

CRONTAB = r"""
# Look around at night
0 3 * * * cd /srv/app && /srv/venv/bin/python manage.py check --tag models --tag urls >> /var/log/check.log 2>&1
15 4 * * 1-5 timeout 1h ./manage.py clearsessions --settings=app.live
*/5 * * * * python manage.py clearsessions
CRON_TZ=America/New_York
@daily python manage.py ez_talk 'two words'
@daily python manage.py ez_talk 'two words'
@reboot python manage.py check
0 1 * * * python manage.py check | mail -s report ops
0 1 * * * python manage.py nowhere
0 1 * * * python manage.py check --none
99 1 * * * python manage.py check
0 1 * * * /srv/backup.sh
"""


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", TIME_ZONE="Europe/Rome")
class CrontabTests(TestCase):
    def read(self, *words: str, crontab: str = CRONTAB) -> str:
        out = io.StringIO()
        with mock.patch.object(sys, "stdin", io.StringIO(crontab)):
            call_command("importcrontab", *words, stdout=out)
        return out.getvalue()

    def test_a_command_that_will_not_run_is_told_of(self) -> None:
        for words in ((), ("--check",)):
            said = self.read(*words, crontab="0 1 * * * python manage.py flush --no-input\n")
            self.assertIn("inactive", said)

    def test_the_name_of_a_task_holds_no_secrets_of_its_line(self) -> None:
        with override_settings(EZTASKMANAGER_SECRET_OPTIONS=["database"]):
            self.read(crontab="0 1 * * * python manage.py check --tag urls --database default\n")
        task = Task.objects.get()
        self.assertEqual(
            (task.name, task.arguments), ("check --tag urls --database ••••", "--tag urls, --database default")
        )

    def test_lines_that_call_manage_py_are_tasks_and_the_others_are_told_of(self) -> None:
        said = self.read("--category", "From cron")
        rows = Task.objects.order_by("pk").values_list(
            "name", "command__name", "arguments", "cron", "timezone", "time_limit"
        )
        self.assertEqual(
            list(rows),
            [
                ("Look around at night", "check", "--tag models, --tag urls", "0 3 * * *", "", None),
                ("clearsessions (15 4 * * 1-5)", "clearsessions", "", "15 4 * * 1-5", "", 3600),
                ("clearsessions (*/5 * * * *)", "clearsessions", "", "*/5 * * * *", "", None),
                ("ez_talk two words (@daily)", "ez_talk", '"two words"', "@daily", "America/New_York", None),
                ("ez_talk two words (@daily) #2", "ez_talk", '"two words"', "@daily", "America/New_York", None),
            ],
        )
        for part in (
            "Line 3, taken: cd /srv/app",
            "not passed on: --settings",
            "Line 9, not taken: python manage.py check\n    It runs when the machine starts",
            "Its output goes through a pipe",
            "There is no command 'nowhere'",
            "unrecognized arguments: --none",
            "Line 13, not taken: python manage.py check\n    schedule: cron: '99 1",
            "Line 14, not taken: /srv/backup.sh\n    It does not call manage.py.",
            "Lines taken: 5; unchanged tasks: 0.",
            "Times are those of Europe/Rome",
        ):
            with self.subTest(part):
                self.assertIn(part, said)

    def test_the_arguments_reach_the_command_as_the_shell_would_have_given_them(self) -> None:
        self.read()
        self.assertEqual(
            [task.complete_args for task in Task.objects.order_by("pk")][0::3],
            [["--tag", "models", "--tag", "urls"], ["two words"]],
        )

    def test_a_second_time_nothing_changes_and_what_people_set_since_stays(self) -> None:
        self.read("--paused")
        self.assertEqual(set(Task.objects.values_list("is_paused", "cached_next_ride")), {(True, None)})
        task = Task.objects.get(name="Look around at night")
        task.time_limit = 77
        task.save()
        task.resume()
        rides = dict(Task.objects.values_list("pk", "cached_next_ride"))
        said = self.read("--paused", "--timezone", "Europe/Rome")
        self.assertEqual(Task.objects.count(), 5)
        self.assertIn("Task 'Look around at night' is changed.", said)
        self.assertIn("Lines taken: 5; unchanged tasks: 5.", self.read("--paused", "--timezone", "Europe/Rome"))
        task.refresh_from_db()
        self.assertEqual((task.time_limit, task.is_paused), (77, False))
        self.assertEqual(dict(Task.objects.values_list("pk", "cached_next_ride")), rides)

    def test_a_schedule_of_another_kind_gives_way_as_a_whole(self) -> None:
        start = timezone.now()
        task = make_task(
            name="Look around at night", scheduling=start, repetition_period="day", repetition_rate=1, jitter=7
        )
        self.read()
        task.refresh_from_db()
        self.assertEqual((task.cron, task.scheduling, task.repetition_period, task.jitter), ("0 3 * * *", None, "", 7))
        self.assertEqual(task.schedule_error, "")

    def test_nothing_runs_by_it_and_check_writes_nothing(self) -> None:
        said = self.read("--check")
        self.assertIn("Task 'Look around at night' is added:", said)
        self.assertFalse(Task.objects.exists())
        self.read()
        self.assertFalse(Task.objects.filter(cached_next_ride__lte=timezone.now()).exists())
        self.assertFalse(LaunchReport.objects.exists())
        queue: Any = get_task_service()
        self.assertEqual(queue.jobs, [])

    def test_a_systems_crontab_names_users(self) -> None:
        said = self.read("--system", crontab="0 1 * * * www-data cd /srv && ./manage.py check")
        self.assertIn("taken (it ran as www-data)", said)

    def test_what_cannot_be_read_is_told(self) -> None:
        for words, part in ((["/no/such/file"], "cannot be read"), (["--timezone", "Mars"], "no time zone")):
            with self.subTest(part), self.assertRaisesMessage(CommandError, part):
                self.read(*words)
