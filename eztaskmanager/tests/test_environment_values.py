"""Values that stand in the environment of the child."""

from __future__ import annotations

import os
from unittest import mock

from django.core.management import get_commands
from django.test import SimpleTestCase, override_settings, tag

from eztaskmanager.arguments import validate
from eztaskmanager.exceptions import ArgumentsError
from eztaskmanager.models import LaunchReport
from eztaskmanager.supervision.commands import run_command
from eztaskmanager.supervision.job import Job
from eztaskmanager.tests.commands_app.management.commands.ez_form import Command
from eztaskmanager.tests.test_runs import RunCase

ENVIRONMENT = {"EZ_TEST_TOKEN": "hunter2", "EZ_TEST_ROWS": "7", "EZ_TEST_DASH": "--settings=evil", "EZ_TEST_NO": "x"}


class ValidationTests(SimpleTestCase):
    def test_types_and_choices_wait_for_the_child(self) -> None:
        text = "$env:EZ_A, --rows $env:EZ_B, --colour=$env:EZ_C, --pairs $env:EZ_D 2"
        self.assertEqual(
            validate("ez_form", text),
            ["$env:EZ_A", "--rows", "$env:EZ_B", "--colour", "$env:EZ_C", "--pairs", "$env:EZ_D", "2"],
        )

    def test_the_name_must_look_like_one(self) -> None:
        for text in ("$env:", "$env:1X", "$env:A-B", "x, --rows $env:A.B"):
            with self.subTest(text), self.assertRaisesMessage(ArgumentsError, "names no environment variable"):
                validate("ez_form", text)

    @override_settings(EZTASKMANAGER_ENVIRONMENT_VARIABLES=["PARTNER_*", "ONE"])
    def test_a_project_says_which_may_be_named(self) -> None:
        for name in ("PARTNER_TOKEN", "ONE"):
            validate("ez_form", f"north, --token $env:{name}")
        for name in ("SECRET_KEY", "ONE_MORE", "partner_token"):
            with self.subTest(name), self.assertRaisesMessage(ArgumentsError, "may name: PARTNER_*, ONE"):
                validate("ez_form", f"north, --token $env:{name}")

    def test_a_subcommand_is_not_taken_from_the_environment(self) -> None:
        with self.assertRaises(ArgumentsError):
            validate("ez_branch", "$env:EZ_A")


@mock.patch.dict(os.environ, ENVIRONMENT)
class RunTests(RunCase):
    def everything(self, report: LaunchReport) -> str:
        """Give all that the database knows of a run, but for what the command itself said."""
        values = LaunchReport.objects.filter(pk=report.pk).values().get()
        return str(values)

    def test_the_child_resolves_them_and_the_database_never_knows(self) -> None:
        for isolation in ("fork", "spawn", "inline"):
            with self.subTest(isolation), override_settings(EZTASKMANAGER_ISOLATION=isolation):
                report = self.run_task("ez_form", "north, --rows $env:EZ_TEST_ROWS, --token $env:EZ_TEST_TOKEN")
                self.assertEqual(report.invocation_result, "ok", report.error)
                self.assertIn("rows=7", self.messages(report))
                self.assertIn("token='hunter2'", self.messages(report))
                self.assertNotIn("hunter2", self.everything(report))

    def test_a_value_is_never_taken_for_an_option(self) -> None:
        report = self.run_task("ez_form", "$env:EZ_TEST_DASH, --token=$env:EZ_TEST_DASH, '--folder=$env:EZ_TEST_DASH'")
        self.assertEqual(report.invocation_result, "ok", report.error)
        said = self.messages(report)
        self.assertIn("region='--settings=evil'", said)
        self.assertIn("token='--settings=evil'", said)
        self.assertIn("folder=PosixPath('--settings=evil')", said)

    def test_a_missing_variable_fails_the_run_and_is_named(self) -> None:
        report = self.run_task("ez_form", "north, --token $env:EZ_TEST_MISSING")
        self.assertEqual(report.invocation_result, "failed")
        self.assertIn("The environment variable EZ_TEST_MISSING is not set", report.error)

    def test_a_value_that_is_refused_is_not_told(self) -> None:
        for text in ("north, --rows $env:EZ_TEST_TOKEN", "north, --colour $env:EZ_TEST_TOKEN"):
            with self.subTest(text):
                report = self.run_task("ez_form", text)
                self.assertEqual(report.invocation_result, "failed")
                self.assertIn("The value of the environment variable EZ_TEST_TOKEN is not taken", report.error)
                self.assertNotIn("hunter2", self.everything(report) + str(self.messages(report)))

    def test_the_verbosity_may_stand_there_too(self) -> None:
        report = self.run_task("ez_form", "north, --verbosity $env:EZ_TEST_NO")
        self.assertIn("EZ_TEST_NO is not taken", report.error)

    def test_subcommands_resolve_their_own(self) -> None:
        report = self.run_task("ez_branch", "copy, $env:EZ_TEST_DASH, --depth $env:EZ_TEST_ROWS")
        self.assertIn("source='--settings=evil' depth=7", self.messages(report))


@tag("databases")
class SharedCommandTests(SimpleTestCase):
    @mock.patch.dict(os.environ, ENVIRONMENT)
    def test_a_command_that_stays_is_left_as_it_was(self) -> None:
        command = Command()
        before = command.create_parser
        with mock.patch.dict(get_commands(), {"ez_form": command}):
            ending = run_command(Job("ez_form", ("$env:EZ_TEST_TOKEN",)), mock.Mock())
        self.assertEqual(ending.end, "returned", ending.error)
        self.assertEqual(command.create_parser, before)
