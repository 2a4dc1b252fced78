"""Tasks as code: what is exported is imported as it was, and what is wrong is told with its place."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any
from unittest import mock

import yaml
from django.apps.registry import Apps
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.test import SimpleTestCase, TestCase, TransactionTestCase, override_settings, tag
from django.utils import timezone
from hypothesis import HealthCheck, given, settings, strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from eztaskmanager.exceptions import TaskFileError
from eztaskmanager.models import AppCommand, LaunchReport, Task, TaskCategory
from eztaskmanager.services.as_code import values
from eztaskmanager.services.as_code.documents import read_document
from eztaskmanager.services.as_code.exporting import export_document
from eztaskmanager.services.as_code.files import dump, load
from eztaskmanager.services.as_code.importing import import_document
from eztaskmanager.services.as_code.upgrading import is_migrated
from eztaskmanager.services.queues import get_task_service
from eztaskmanager.tests.factories import make_command, make_report, make_task

HOUR = dt.timedelta(hours=1)
FILE = """
version: 1
categories:
- name: Nightly
  color: '#0a63b0'
tasks:
- name: Count
  command: ez_talk
  arguments: [lines, --verbosity, 2]
- name: Look around
  command: 'django.core: check'
  arguments: --deploy
  category: Nightly
  note: |
    Two lines
    of a note.
  schedule:
    start: 2040-01-31 08:30
    every: {months: 1}
    timezone: America/New_York
    ends_at: 2050-01-01 00:00:00+00:00
    jitter: 30
    misfire_grace: 600
  paused: true
  overlap: queue
  time_limit: 3600
  max_retries: 2
  retry_delay: 5
  queue: slow
  keep_reports: 7
"""


def wrong(document: Any) -> tuple[str, ...]:
    """Import what cannot be; give the problems."""
    try:
        import_document(read_document(document))
    except TaskFileError as exc:
        return tuple(exc.problems)
    raise AssertionError("It was imported.")


def put(text: str) -> Any:
    """Import a text."""
    return import_document(read_document(load(text, "yaml")))


def task_of(**keys: Any) -> dict[str, Any]:
    """Make a document of one task."""
    return {"tasks": [{"name": "Nightly", "command": "check", **keys}]}


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", TIME_ZONE="Europe/Rome")
class Case(TestCase):
    def setUp(self) -> None:
        self.queue: Any = get_task_service()
        self.queue.clear()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def call(self, *words: str, stdin: str = "") -> str:
        out = io.StringIO()
        with mock.patch.object(sys, "stdin", io.StringIO(stdin)):
            call_command(*words, stdout=out, stderr=out)
        return out.getvalue()

    def file(self, text: str, name: str = "tasks.yaml") -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def fails(self, *words: str, stdin: str = "") -> str:
        with self.assertRaises(CommandError) as caught:
            self.call(*words, stdin=stdin)
        return str(caught.exception)


class ImportTests(Case):
    def test_a_file_says_everything_about_a_task(self) -> None:
        put(FILE)
        count, look = Task.objects.order_by("name")
        self.assertEqual(str(count.command), "eztaskmanager.tests.commands_app: ez_talk")
        self.assertEqual(count.complete_args, ["lines", "--verbosity", "2"])
        self.assertEqual((look.arguments, look.note), ("--deploy", "Two lines\nof a note.\n"))
        assert look.category is not None
        self.assertEqual((look.category.name, look.category.color), ("Nightly", "#0a63b0"))
        # By the clocks of its zone.
        self.assertEqual(look.scheduling, dt.datetime(2040, 1, 31, 13, 30, tzinfo=dt.timezone.utc))
        self.assertEqual(look.ends_at, dt.datetime(2050, 1, 1, tzinfo=dt.timezone.utc))
        self.assertEqual((look.repetition_period, look.repetition_rate), ("month", 1))
        self.assertEqual((look.timezone, look.jitter, look.misfire_grace), ("America/New_York", 30, 600))
        self.assertEqual((look.is_paused, look.cached_next_ride), (True, None))
        self.assertEqual((look.overlap, look.time_limit, look.max_retries, look.retry_delay), ("queue", 3600, 2, 5))
        self.assertEqual((look.queue, look.keep_reports), ("slow", 7))

    def test_a_second_import_changes_nothing_and_a_line_that_is_gone_goes_to_its_default(self) -> None:
        put(FILE)
        plan = put(FILE)
        self.assertEqual((plan.changes, plan.n_unchanged), ([], 2))
        plan = put(FILE.replace("  time_limit: 3600\n", "").replace("'#0a63b0'", "'#000000'"))
        self.assertEqual(
            {(change.what, change.name) for change in plan.changes}, {("Task", "Look around"), ("Category", "Nightly")}
        )
        self.assertIsNone(Task.objects.get(name="Look around").time_limit)
        self.assertEqual(TaskCategory.objects.get().color, "#000000")

    def test_a_schedule_that_stays_keeps_its_next_ride_and_a_new_one_is_planned_without_a_run(self) -> None:
        start = (timezone.now() - HOUR).isoformat()
        document = task_of(schedule={"start": start, "every": {"days": 1}})
        import_document(read_document(document))
        task = Task.objects.get()
        self.assertGreater(task.cached_next_ride, timezone.now())
        near = timezone.now() + dt.timedelta(seconds=5)
        Task.objects.update(cached_next_ride=near)
        document["tasks"][0]["note"] = "Changed."
        import_document(read_document(document))
        task.refresh_from_db()
        self.assertEqual((task.note, task.cached_next_ride), ("Changed.", near))
        document["tasks"][0]["schedule"]["every"] = {"hour": 2}
        import_document(read_document(document))
        task.refresh_from_db()
        self.assertGreater(task.cached_next_ride, timezone.now() + HOUR / 2)
        self.assertFalse(LaunchReport.objects.exists())
        self.assertEqual(self.queue.jobs, [])

    def test_a_start_that_has_passed_is_kept_and_never_runs(self) -> None:
        import_document(read_document(task_of(schedule={"start": "2020-01-01 10:00"})))
        self.assertIsNone(Task.objects.get().cached_next_ride)

    def test_paused_stays_as_it_is_where_the_file_is_silent(self) -> None:
        document = task_of(schedule={"cron": "@daily"})
        import_document(read_document(document))
        Task.objects.get().pause()
        self.assertEqual(import_document(read_document(document)).changes, [])
        self.assertTrue(Task.objects.get().is_paused)
        document["tasks"][0]["paused"] = False
        import_document(read_document(document))
        task = Task.objects.get()
        self.assertFalse(task.is_paused)
        self.assertIsNotNone(task.cached_next_ride)
        document["tasks"][0]["paused"] = True
        import_document(read_document(document))
        task.refresh_from_db()
        self.assertEqual((task.is_paused, task.cached_next_ride), (True, None))

    def test_what_runs_own_is_not_touched(self) -> None:
        task = make_task(name="Nightly")
        report = make_report(task, state="started", started_at=timezone.now())
        task.compute_cache()
        import_document(read_document(task_of(note="New.")))
        task.refresh_from_db()
        self.assertEqual((task.note, task.status), ("New.", Task.STATUS_STARTED))
        self.assertEqual(LaunchReport.objects.get().pk, report.pk)

    def test_commands_that_were_not_collected_are_and_dangerous_ones_come_in_inactive(self) -> None:
        AppCommand.objects.all().delete()
        plan = import_document(
            read_document(
                {
                    "tasks": [
                        {"name": "a", "command": "check"},
                        {"name": "b", "command": "flush"},
                        {"name": "c", "command": "check"},
                    ]
                }
            )
        )
        self.assertEqual(
            plan.notes,
            [
                "The command django.core: check is collected.",
                "The command django.core: flush is collected; it is inactive, for it is dangerous as a task.",
            ],
        )
        self.assertEqual(dict(AppCommand.objects.values_list("name", "active")), {"check": True, "flush": False})

    def test_a_task_that_has_lost_its_command_may_stay_as_it_is(self) -> None:
        gone = AppCommand.objects.create(app_name="gone", name="old", active=False)
        Task.objects.create(name="Old", command=gone, arguments="-x 1")
        entry = {"name": "Old", "command": "gone: old", "arguments": "-x 1"}
        plan = import_document(read_document({"tasks": [entry]}))
        self.assertEqual(plan.changes, [])
        self.assertIn("inactive", plan.notes[0])
        self.assertIn("no command 'old'", wrong({"tasks": [{**entry, "arguments": ""}]})[0])

    def test_a_name_that_is_there_twice_in_the_database_is_refused_with_the_numbers(self) -> None:
        first, second = make_task(name="Nightly"), make_task(name="Nightly")
        sentence = f"The tasks {first.pk}, {second.pk} of the database have the same name 'Nightly'"
        self.assertIn(sentence, wrong(task_of())[0])
        with self.assertRaisesMessage(TaskFileError, sentence):
            export_document()

    def test_all_that_is_wrong_is_told_with_its_place_and_nothing_is_imported(self) -> None:
        document = {
            "colours": [],
            "categories": [{"name": "Red", "color": "red"}, 7],
            "tasks": [
                {"name": "Fine", "command": "check"},
                {"name": "Nightly", "command": "check", "schedule": {"cron": "61 * * * *"}, "nmae": 1},
                {"name": "Fine", "command": "check", "time_limit": "long", "paused": "no", "overlap": "maybe"},
                {"command": "check", "schedule": {"start": "tomorrow", "every": {"years": 0}}},
                {"name": "Zone", "command": "check", "schedule": {"timezone": "Mars"}},
                {"name": "End", "command": "check", "schedule": {"start": "2040-01-02", "ends_at": "2040-01-01"}},
                {"name": "Both", "command": "check", "schedule": {"cron": "@daily", "every": {"days": 1}}},
                {"name": "n" * 256, "command": 5, "arguments": {}, "max_retries": -1},
                "words",
                {"name": "Lost", "command": "nowhere"},
            ],
        }
        found = wrong(document)
        for part in (
            "The key 'colours' is not known",
            "categories[0]: color: A colour is written as #rrggbb",
            "categories[1]: 7 stands where",
            "tasks[1] 'Nightly': The key 'nmae' is not known",
            "tasks[1] 'Nightly': schedule: cron: '61 * * * *' is not a cron",
            "tasks[2] 'Fine': time_limit: 'long' is no whole number",
            "tasks[2] 'Fine': paused: 'no' is neither true nor false",
            "tasks[2] 'Fine': overlap: Value 'maybe' is not a valid choice",
            "tasks[3]: The key 'name' is missing",
            "tasks[3]: schedule: start: 'tomorrow' is no date and time",
            "tasks[3]: schedule: every: years: ",
            "tasks[4] 'Zone': schedule: timezone: There is no time zone 'Mars'",
            "tasks[5] 'End': schedule: ends_at: The end is before the start",
            "tasks[6] 'Both': schedule: ",
            "name: Ensure this value has at most 255",
            "command: 5 is no text",
            "arguments: {} is no text",
            "max_retries: Ensure this value is greater than or equal to 0",
            "tasks[8]: 'words' stands where",
            "tasks[9] 'Lost': There is no command 'nowhere'",
        ):
            with self.subTest(part):
                self.assertTrue(any(part in sentence for sentence in found), "\n".join(found))
        self.assertFalse(Task.objects.exists() or AppCommand.objects.exists())

    def test_commands_and_arguments_are_held_against_what_is_installed(self) -> None:
        AppCommand.objects.create(app_name="one", name="twin")
        AppCommand.objects.create(app_name="two", name="twin")
        entry = {"name": "x", "command": "check"}
        found = wrong(
            {
                "tasks": [
                    {**entry, "name": "a", "command": "nothing"},
                    {**entry, "name": "b", "command": "demoapp: check"},
                    {**entry, "name": "c", "command": "twin"},
                    {**entry, "name": "d", "arguments": "--no-such-option"},
                    {**entry, "name": "e", "arguments": ["--tag"]},
                    {**entry, "name": "f", "arguments": "'open"},
                ]
            }
        )
        self.assertEqual(
            [sentence.partition(": ")[0] for sentence in found],
            [f"tasks[{number}] {name!r}" for number, name in enumerate("abcdef")],
        )
        for sentence, part in zip(
            found,
            (
                "among the installed",
                "there is one in django.core",
                "one: twin, two: twin",
                "unrecognized arguments",
                "expected one argument",
                "never closed",
            ),
        ):
            self.assertIn(part, sentence)

    def test_another_version_and_names_that_are_there_twice_are_refused(self) -> None:
        self.assertIn("version: 2 is not known here", wrong({"version": 2, "tasks": 5})[0])
        self.assertIn("tasks[0] 'a' has the same name", wrong({"tasks": [{"name": "a", "command": "check"}] * 2})[0])
        for text, form in (("tasks: []\ntasks: []\n", "yaml"), ('{"tasks": [], "tasks": []}', "json")):
            with self.subTest(form), self.assertRaisesMessage(TaskFileError, "'tasks' is there twice"):
                load(text, form)

    def test_two_databases_rows_of_a_category_do_not_confuse(self) -> None:
        TaskCategory.objects.create(name="Nightly")
        TaskCategory.objects.create(name="Nightly")
        import_document(read_document(task_of(category="Nightly")))
        self.assertEqual(Task.objects.get().category, TaskCategory.objects.order_by("pk")[0])
        with self.assertRaisesMessage(TaskFileError, "The categories"):
            export_document()


class SecretTests(Case):
    def setUp(self) -> None:
        super().setUp()
        command = make_command("ez_talk")
        Task.objects.create(name="Nightly", command=command, arguments="--settings s, --pythonpath hidden")
        overridden = override_settings(EZTASKMANAGER_SECRET_OPTIONS=["pythonpath"])
        overridden.enable()
        self.addCleanup(overridden.disable)

    def test_they_are_masked_and_an_import_keeps_what_the_database_has(self) -> None:
        text = self.call("exporttasks", "--format", "json")
        self.assertNotIn("hidden", text)
        self.assertIn("Secrets are masked in: 'Nightly'", text)
        data, hidden = export_document()
        self.assertEqual(hidden, ["Nightly"])
        data["tasks"][0]["note"] = "new"
        import_document(read_document(data))
        self.assertEqual(Task.objects.get().arguments, "--settings s, --pythonpath hidden")
        Task.objects.all().delete()
        self.assertIn("$env:NAME", wrong(data)[0])

    def test_those_that_only_the_parser_knows_are_masked_too(self) -> None:
        make_task("createsuperuser", "--username ann", name="By parser")
        with override_settings(EZTASKMANAGER_SECRET_OPTIONS=["verbosity", "args"]):
            Task.objects.filter(name="By parser").update(command=make_command("ez_talk"), arguments="-v 2, word")
            data, hidden = export_document(names=["By parser"])
            self.assertEqual((hidden, data["tasks"][0]["arguments"][:7]), (["By parser"], "-v ••••"))
            import_document(read_document({**data, "tasks": [{**data["tasks"][0], "note": "new"}]}))
        self.assertEqual(Task.objects.get(name="By parser").arguments, "-v 2, word")

    def test_they_are_written_when_that_is_wanted_and_references_always(self) -> None:
        self.assertIn("hidden", self.call("exporttasks", "--with-secrets"))
        Task.objects.update(arguments="--pythonpath $env:WHERE")
        text = self.call("exporttasks")
        self.assertIn("--pythonpath $env:WHERE", text)
        self.assertNotIn("masked", text)

    def test_a_difference_does_not_show_them(self) -> None:
        data, _ = export_document(with_secrets=True)
        data["tasks"][0]["arguments"] = "--settings s, --pythonpath other"
        with self.assertRaises(CommandError):
            self.call("importtasks", self.file(json.dumps(data), "a.json"), "--check")
        out = io.StringIO()
        with contextlib.suppress(CommandError):
            call_command("importtasks", self.file(json.dumps(data), "a.json"), "--check", stdout=out)
        self.assertIn("(the value of a secret option)", out.getvalue())
        self.assertNotIn("other", out.getvalue())


class CommandTests(Case):
    def test_check_prints_the_differences_writes_nothing_and_fails(self) -> None:
        make_task(name="Look around", time_limit=5)
        path = self.file(FILE)
        out = io.StringIO()
        with self.assertRaisesMessage(CommandError, "Differences: 3; nothing was written."):
            call_command("importtasks", path, "--check", stdout=out)
        said = out.getvalue()
        for line in (
            "Task 'Count' is added:",
            "+name: Count",
            "-time_limit: 5",
            "+time_limit: 3600",
            "Category 'Nightly' is added:",
        ):
            self.assertIn(line, said.splitlines())
        self.assertEqual(Task.objects.count(), 1)
        self.call("importtasks", path)
        self.assertEqual(self.call("importtasks", path, "--check"), "No differences.\n")

    def test_an_export_is_what_an_import_of_it_exports(self) -> None:
        self.call("importtasks", self.file(FILE))
        for name in ("out.yaml", "out.json"):
            with self.subTest(name):
                path = str(self.folder / name)
                self.call("exporttasks", path)
                before = Path(path).read_text()
                Task.objects.all().delete()
                TaskCategory.objects.all().delete()
                self.call("importtasks", path)
                form = name.rpartition(".")[2]
                self.assertEqual(self.call("exporttasks", "--format", form), before)
        self.assertEqual(self.call("importtasks", "-", stdin=self.call("exporttasks")), "Unchanged tasks: 2.\n")

    def test_defaults_are_left_out(self) -> None:
        make_task(name="Plain")
        text = self.call("exporttasks")
        self.assertEqual(text, "version: 1\ntasks:\n- name: Plain\n  command: 'django.core: check'\n")

    def test_some_tasks_alone_are_exported(self) -> None:
        self.call("importtasks", self.file(FILE))
        self.assertEqual(
            [t["name"] for t in yaml.safe_load(self.call("exporttasks", "--task", "Count"))["tasks"]], ["Count"]
        )
        by_category = yaml.safe_load(self.call("exporttasks", "--category", "Nightly"))
        self.assertEqual([task["name"] for task in by_category["tasks"]], ["Look around"])
        self.assertIn("no task 'Nobody'", self.fails("exporttasks", "--task", "Nobody"))

    def test_prune_asks_stops_and_deletes_what_the_file_lacks(self) -> None:
        other = make_task(name="Other", scheduling=timezone.now() + HOUR)
        report = make_report(other)
        report.announce()
        path = self.file(FILE)
        self.call("importtasks", path)
        self.assertTrue(Task.objects.filter(pk=other.pk).exists())
        self.assertIn("Nothing was changed", self.fails("importtasks", path, "--prune", stdin="no\n"))
        with self.captureOnCommitCallbacks(execute=True):
            said = self.call("importtasks", path, "--prune", stdin="yes\n")
        self.assertIn(f"Other (number {other.pk})", said)
        self.assertFalse(Task.objects.filter(pk=other.pk).exists())
        self.assertEqual((self.queue.jobs, self.queue.timers), ([], {}))
        make_task(name="Another")
        self.assertIn("Task 'Another' is removed.", self.call("importtasks", path, "--prune", "--no-input"))
        self.assertEqual(Task.objects.count(), 2)

    def test_what_cannot_be_read_is_told(self) -> None:
        self.assertIn("cannot be read", self.fails("importtasks", str(self.folder / "none.yaml")))
        self.assertIn("no YAML", self.fails("importtasks", self.file("a: [")))
        self.assertIn("no JSON", self.fails("importtasks", self.file("a: [", "a.json")))
        self.assertIn("set EZTASKMANAGER_TASKS", self.fails("importtasks"))

    def test_without_pyyaml_json_works_and_the_error_names_the_extra(self) -> None:
        self.call("importtasks", self.file(FILE))
        modules = {"yaml": None, "eztaskmanager.services.task_files": None}
        import eztaskmanager.services as services

        with mock.patch.dict(sys.modules, modules), mock.patch.object(services, "task_files", create=True):
            del services.task_files
            self.assertIn("django-eztaskmanager[yaml]", self.fails("exporttasks"))
            self.assertEqual(len(json.loads(self.call("exporttasks", "--format", "json"))["tasks"]), 2)


class DeclaredTests(Case):
    def migrate(self) -> None:
        call_command("migrate", verbosity=0)

    def test_migrate_makes_what_the_settings_declare_and_again_changes_nothing(self) -> None:
        with override_settings(EZTASKMANAGER_TASKS=task_of(schedule={"cron": "@daily"})):
            self.migrate()
            task = Task.objects.get(name="Nightly")
            ride = task.cached_next_ride
            self.assertIsNotNone(ride)
            self.migrate()
        self.assertEqual(Task.objects.get().cached_next_ride, ride)

    def test_they_may_be_in_a_file_and_importtasks_alone_follows_them(self) -> None:
        with override_settings(EZTASKMANAGER_TASKS=Path(self.file(FILE))):
            self.migrate()
            self.assertEqual(Task.objects.count(), 2)
            self.assertEqual(self.call("importtasks", "--check"), "No differences.\n")

    def test_what_is_wrong_with_them_is_loud_and_stops_no_migration(self) -> None:
        for declared in (task_of(arguments="--none"), "no/such/file.json", 7):
            with self.subTest(declared), override_settings(EZTASKMANAGER_TASKS=declared):
                with self.assertLogs("eztaskmanager.services.as_code.declared", "ERROR") as logs:
                    self.migrate()
                self.assertIn("EZTASKMANAGER_TASKS is not followed", logs.output[0])
        self.assertFalse(Task.objects.exists())

    def test_tables_of_an_earlier_state_are_left_alone(self) -> None:
        loader = MigrationLoader(None)
        latest = loader.graph.leaf_nodes("eztaskmanager")
        for reached, expected in (([("eztaskmanager", "0001_initial")], False), (latest, True), ([], False)):
            with self.subTest(reached):
                state = loader.project_state(reached).apps if reached else Apps()
                self.assertEqual(is_migrated(state), expected)
        self.assertTrue(is_migrated(None))


@tag("databases")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class AtOnceTests(TransactionTestCase):
    def test_two_imports_at_once_make_each_task_once(self) -> None:
        document = read_document({"tasks": [{"name": f"task {number}", "command": "check"} for number in range(20)]})
        barrier = threading.Barrier(3)
        n_changes: list[int] = []

        def run() -> None:
            # As SQLite is by default; other databases know no such word.
            connection.ensure_connection()
            setattr(connection, "transaction_mode", None)
            try:
                barrier.wait()
                n_changes.append(len(import_document(document).changes))
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(Task.objects.count(), 20)
        self.assertEqual(AppCommand.objects.count(), 1)
        # The others waited, and found nothing left to do.
        self.assertEqual(sorted(n_changes), [0, 0, 20])


class FieldTests(SimpleTestCase):
    def test_every_column_that_people_own_is_in_the_files(self) -> None:
        owned = {field.name for field in Task._meta.concrete_fields} - set(Task.MANAGED_FIELDS) - {"id", "created_by"}
        self.assertEqual({*values.DEFAULTS, "name", "command"}, owned)


words = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=("Cs",)), max_size=20)
moments = st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2090, 1, 1), timezones=st.just(dt.timezone.utc))
zones = st.sampled_from(["", "UTC", "Europe/Rome", "America/New_York", "Australia/Lord_Howe"])
schedules = st.one_of(
    st.fixed_dictionaries({"scheduling": st.none() | moments}),
    st.fixed_dictionaries(
        {
            "scheduling": moments,
            "repetition_period": st.sampled_from(Task.Period.values),
            "repetition_rate": st.integers(1, 100),
        }
    ),
    st.fixed_dictionaries({"cron": st.sampled_from(["@daily", "*/5 * * * mon-fri", "0 9 L * *"])}),
)
tasks = st.fixed_dictionaries(
    {
        "name": words.filter(bool),
        "arguments": st.sampled_from(["", "--deploy", "--tag=x,\n --tag 'y z'", '--tag "\\u00e9"']),
        "note": words,
        "timezone": zones,
        "jitter": st.integers(0, 100),
        "misfire_grace": st.none() | st.integers(0, 2**31 - 1),
        "overlap": st.sampled_from(Task.Overlap.values),
        "time_limit": st.none() | st.integers(0, 2**31 - 1),
        "max_retries": st.integers(0, 32767),
        "retry_delay": st.integers(0, 2**31 - 1),
        "queue": words,
        "keep_reports": st.none() | st.integers(0, 9),
        "is_paused": st.booleans(),
    }
)
names = st.none() | words.filter(bool)


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", TIME_ZONE="Europe/Rome")
class RoundTripTests(HypothesisTestCase):
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.tuples(tasks, schedules, names), max_size=3, unique_by=lambda each: each[0]["name"]),
        st.sampled_from(["yaml", "json"]),
    )
    def test_any_tasks_come_back_exactly(self, made: list[Any], form: str) -> None:
        for fields, schedule, category in made:
            if category is not None:
                fields["category"] = TaskCategory.objects.get_or_create(name=category)[0]
            make_task(**fields, **schedule)
        before, _ = export_document()
        Task.objects.all().delete()
        TaskCategory.objects.all().delete()
        AppCommand.objects.all().delete()
        text = dump(before, form)
        import_document(read_document(load(text, form)))
        after, _ = export_document()
        self.assertEqual(after, before)
        self.assertEqual(dump(after, form), text)
        self.assertEqual(import_document(read_document(load(text, form))).changes, [])
        Task.objects.all().delete()
        TaskCategory.objects.all().delete()
