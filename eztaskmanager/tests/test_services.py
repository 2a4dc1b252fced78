"""What the services share: their front door, and the patience with a database that is away."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from unittest import mock

from django.db import InterfaceError, OperationalError, connection
from django.test import SimpleTestCase, TestCase, TransactionTestCase

from eztaskmanager import services
from eztaskmanager.services import patience, runner
from eztaskmanager.services.patience import until_it_works

ROOT = Path(__file__).resolve().parent.parent.parent


class FrontDoorTests(SimpleTestCase):
    def test_what_workers_call_is_found_by_its_old_name(self) -> None:
        self.assertIs(services.run_management_command, runner.run_management_command)

    def test_other_names_are_unknown(self) -> None:
        with self.assertRaisesMessage(AttributeError, "has no attribute 'walk_the_dog'"):
            services.walk_the_dog

    def test_importing_it_imports_neither_models_nor_engines(self) -> None:
        program = "import sys, eztaskmanager.services; print(*(name for name in sys.modules if name in sys.argv))"
        heavy = ("django", "rq", "celery", "eztaskmanager.models")
        command = [sys.executable, "-c", program, *heavy]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout.strip(), "")


class PatienceTests(TransactionTestCase):
    def test_a_step_is_done_again_until_the_database_is_back(self) -> None:
        step = mock.Mock(side_effect=[OperationalError("gone"), InterfaceError("closed"), "done"])
        with mock.patch.object(patience.time, "sleep") as sleep, self.assertLogs("eztaskmanager", "WARNING"):
            self.assertEqual(until_it_works(step), "done")
        self.assertEqual([call.args[0] for call in sleep.call_args_list], [0.1, 0.2])

    def test_other_errors_are_the_callers(self) -> None:
        with self.assertRaises(ValueError):
            until_it_works(mock.Mock(side_effect=ValueError))

    def test_a_missing_migration_is_told_at_once(self) -> None:
        def read() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT no_such_column FROM eztaskmanager_task")

        # Whatever this database calls it.
        with (
            self.assertRaises(Exception) as caught,
            mock.patch.object(patience.time, "sleep", side_effect=StopIteration),
        ):
            until_it_works(read)
        self.assertIn("no_such_column", str(caught.exception))


class TransactionTests(TestCase):
    def test_within_a_transaction_the_error_goes_to_whoever_opened_it(self) -> None:
        with self.assertRaises(OperationalError):
            until_it_works(mock.Mock(side_effect=OperationalError("gone")))
