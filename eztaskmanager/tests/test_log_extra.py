"""Log records about a run carry its ids, wherever they come from."""

from __future__ import annotations

import ast
import json
import logging
from collections.abc import Iterator
from unittest import TestCase

from django.db import OperationalError
from django.test import TransactionTestCase, override_settings

from eztaskmanager.log_extra import about, about_ids
from eztaskmanager.models import LaunchReport
from eztaskmanager.services import run_management_command
from eztaskmanager.services.patience import until_it_works
from eztaskmanager.services.queues import get_task_service
from eztaskmanager.signals import run_finished
from eztaskmanager.tests.factories import make_task
from eztaskmanager.tests.test_floors import MODULES

METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log", "makeRecord"}
# Records that are about no run and no task, by their module and how they begin.
ABOUT_NO_RUN = {
    ("management.commands.eztaskstatus", "How it stands"),
    ("arguments.describing", "The hook %s "),
    ("services.as_code.declared", "%s"),
    ("services.as_code.upgrading", "The "),
    ("services.alerting.finding", "How the queues do"),
    ("services.alerting.finding", "The queue service failed"),
    ("services.notifications.configuration", "%s is not a dictionary"),
    ("services.notifications.configuration", "The notification handler %r cannot be read"),
    ("services.notifications.outbox", "The notification handler %r cannot be loaded"),
    ("services.notifications.configuration", "The notification handler %r cannot be made"),
    ("services.notifications.wording", "The current site is not known"),
    ("services.overview.engine", "The queu"),
    ("services.retention", "Old reports could not be deleted."),
    ("services.retention", "Retention: "),
    ("services.sideline", ""),
    ("services.ticker", "A tick failed"),
    ("services.ticking", "Runs wait in the database"),
    ("services.ticking", "What is wrong could not be looked at."),
}


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Give each call of a module's own logger."""
    for name, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
                if isinstance(node.func.value, ast.Name) and node.func.value.id == "logger":
                    yield name, node


def says(call: ast.Call) -> str:
    texts = [node.value for node in ast.walk(call) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return texts[0] if texts else ""


class EveryRecordTests(TestCase):
    def test_no_module_logs_about_a_run_without_its_ids(self) -> None:
        found = list(calls())
        self.assertGreater(len(found), 20)
        for module, call in found:
            is_listed = any(module == name and says(call).startswith(text) for name, text in ABOUT_NO_RUN)
            with self.subTest(f"{module}, line {call.lineno}: {says(call)}"):
                self.assertNotEqual(is_listed, any(keyword.arg == "extra" for keyword in call.keywords))

    def test_the_ids_hide_nothing_that_a_record_has_of_its_own(self) -> None:
        record = logging.makeLogRecord({})
        self.assertFalse(set(about_ids(1, 2)) & set(vars(record)))


@override_settings(
    EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", EZTASKMANAGER_ISOLATION="inline", EZTASKMANAGER_MIRROR_OUTPUT=False
)
class RunTests(TransactionTestCase):
    def setUp(self) -> None:
        queue = get_task_service()
        queue.clear()
        queue.is_away = False
        self.addCleanup(setattr, queue, "is_away", False)
        self.queue = queue

    def ids(self, records: list[logging.LogRecord]) -> set[tuple[int | None, int | None]]:
        return {(vars(record).get("task_id"), vars(record).get("report_id")) for record in records}

    def test_what_ends_a_command_is_logged_with_the_ids_of_its_run(self) -> None:
        task = make_task("ez_end", "exception")
        report = task.launch()
        with self.assertLogs("eztaskmanager.supervision.commands", "ERROR") as logged:
            run_management_command(task.pk, report.pk)
        self.assertEqual(self.ids(logged.records), {(task.pk, report.pk)})

    def test_a_retry_that_must_wait_for_the_engine_is_logged_with_the_ids_of_the_retry(self) -> None:
        task = make_task("ez_end", "exception", max_retries=1, retry_delay=0)
        report = task.launch()
        self.queue.is_away = True
        with self.assertLogs("eztaskmanager.models", "WARNING") as logged:
            run_management_command(task.pk, report.pk)
        retry = LaunchReport.objects.get(retry_of=report)
        self.assertEqual(self.ids(logged.records), {(task.pk, retry.pk)})

    def test_a_database_that_is_away_during_a_run_is_logged_with_its_ids(self) -> None:
        failures = iter([OperationalError("gone")])

        def step() -> str:
            for failure in failures:
                raise failure
            return "done"

        with self.assertLogs("eztaskmanager.services.patience", "WARNING") as logged:
            until_it_works(step, extra=about_ids(3, 4))
        self.assertEqual(self.ids(logged.records), {(3, 4)})

    def test_a_formatter_that_writes_json_finds_them(self) -> None:
        class Formatter(logging.Formatter):
            def format(self, record: logging.LogRecord) -> str:
                return json.dumps({"event": record.getMessage(), "report": getattr(record, "report_id", None)})

        report = make_task("ez_end", "return").launch()
        with self.assertLogs("eztaskmanager.tests", "INFO") as logged:
            logging.getLogger("eztaskmanager.tests").info("about it", extra=about(report))
        said = json.loads(Formatter().format(logged.records[0]))
        self.assertEqual(said, {"event": "about it", "report": report.pk})

    def test_trouble_after_a_run_is_logged_with_its_ids(self) -> None:
        task = make_task("ez_end", "return")
        report = task.launch()

        def spoil_the_task(report: LaunchReport, **kwargs: object) -> None:
            report.task.keep_reports = "all"

        run_finished.connect(spoil_the_task)
        self.addCleanup(run_finished.disconnect, spoil_the_task)
        with self.assertLogs("eztaskmanager.services.runner", "ERROR") as logged:
            run_management_command(task.pk, report.pk)
        self.assertEqual(self.ids(logged.records), {(task.pk, report.pk)})
