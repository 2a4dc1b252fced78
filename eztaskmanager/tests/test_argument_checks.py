"""Tasks whose arguments their command no longer takes: found by a command, and by a check."""

from __future__ import annotations

import io
import json

import django
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection
from django.test import TestCase, override_settings, tag

from eztaskmanager.tests.factories import make_task

TAG = "eztaskmanager_arguments"


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class CheckArgumentsTests(TestCase):
    def run_command(self, *words: str) -> tuple[int, str]:
        out, code = io.StringIO(), 0
        try:
            call_command("checkarguments", *words, stdout=out)
        except SystemExit as exc:
            code = int(exc.code or 0)
        return code, out.getvalue()

    def test_all_is_well(self) -> None:
        make_task("ez_form", "north")
        code, said = self.run_command()
        self.assertEqual((code, said), (0, "The commands take the arguments of all 1 tasks.\n"))

    def test_refused_ones_are_listed_and_the_exit_code_tells(self) -> None:
        make_task("ez_form", "north", name="Fine")
        bad = make_task("ez_form", "north, --gone 3, --token hunter2", name="Bad")
        gone = make_task("ez_form", "", name="Gone")
        gone.command.name = "vanished"
        code, said = self.run_command()
        self.assertEqual(code, 1)
        lines = said.splitlines()
        self.assertEqual(len(lines), 4)
        self.assertRegex(lines[2], rf"^{bad.pk} +ez_form +unrecognized arguments: --gone 3 +Bad$")
        self.assertNotIn("hunter2", said)
        self.assertNotIn("Fine", said)

    def test_only_tasks_whose_schedule_is_followed(self) -> None:
        make_task("ez_form", "", name="By hand")
        make_task("ez_form", "", name="By night", cron="0 3 * * *")
        code, said = self.run_command("--active", "--json")
        self.assertEqual(code, 1)
        self.assertEqual([row["name"] for row in json.loads(said)], ["By night"])

    def test_the_check_has_a_tag_and_asks_the_database_only_where_that_is_wanted(self) -> None:
        task = make_task("ez_form", "", name="Bad")
        with self.assertNumQueries(0):
            self.assertNotIn("eztaskmanager.W010", {message.id for message in run_checks()})
        # From Django 6.1 on a tag alone means all databases.
        if django.VERSION < (6, 1):
            with self.assertNumQueries(0):
                self.assertEqual(run_checks(tags=[TAG]), [])
        with self.assertNumQueries(1):
            found = run_checks(tags=[TAG], databases=["default"])
        self.assertEqual([(message.id, message.obj) for message in found], [("eztaskmanager.W010", task)])

    def test_before_the_first_migration_it_says_nothing(self) -> None:
        with connection.execute_wrapper(_has_no_table):
            self.assertEqual(run_checks(tags=[TAG], databases=["default"]), [])


def _has_no_table(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
    return execute(sql.replace("eztaskmanager_task", "eztaskmanager_nothing"), params, many, context)
