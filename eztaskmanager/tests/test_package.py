"""The package as its users meet it: its names, its version, its extras."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from unittest import TestCase

import django

import eztaskmanager

ROOT = Path(eztaskmanager.__file__).resolve().parent.parent
# Modules that each extra brings; all extras bring what theirs need.
EXTRAS = {
    "rq": {"rq", "django_rq", "redis"},
    "rq-scheduler": {"rq", "django_rq", "redis", "rq_scheduler"},
    "celery": {"celery", "kombu"},
    "tasks": {"django_tasks", "django_tasks_db"},
    "slack": {"slack_sdk"},
    "postgres": {"psycopg"},
    "webhook": {"requests"},
    "apprise": {"apprise"},
    "prometheus": {"prometheus_client"},
    "yaml": {"yaml"},
}
PUBLIC = {
    "eztaskmanager.models": ["Alert", "AppCommand", "LaunchReport", "Log", "Notification", "Task", "TaskCategory"],
    "eztaskmanager.services": ["run_management_command"],
    "eztaskmanager.services.logger": ["LoggerEnabledCommand", "DatabaseLogHandler", "verbosity2loglevel"],
    "eztaskmanager.services.queues": [
        "TaskQueueService",
        "RQTaskQueueService",
        "CeleryTaskQueueService",
        "DjangoTasksTaskQueueService",
        "MemoryTaskQueueService",
        "TaskQueueException",
        "get_task_service",
    ],
    "eztaskmanager.services.notifications": [
        "NotificationHandler",
        "SlackNotificationHandler",
        "SlackWebhookNotificationHandler",
        "EmailNotificationHandler",
        "WebhookNotificationHandler",
        "AppriseNotificationHandler",
        "MessageHandler",
        "DeliveryFailed",
        "verify",
        "emit_notifications",
        "get_base_url",
        "LEVEL_MAPPING",
        "MESSAGES",
    ],
    "eztaskmanager.settings": [
        "app_settings",
        "EZTASKMANAGER_QUEUE_SERVICE_TYPE",
        "EZTASKMANAGER_N_LINES_IN_REPORT_LOG",
        "EZTASKMANAGER_N_REPORTS_INLINE",
        "EZTASKMANAGER_SHOW_LOGVIEWER_LINK",
        "EZTASKMANAGER_BASE_URL",
        "EZTASKMANAGER_NOTIFICATION_HANDLERS",
        "EZTASKMANAGER_USE_FILTER_COLLAPSE",
    ],
    "eztaskmanager.signals": [
        "run_queued",
        "run_cancelled",
        "run_ended",
        "run_started",
        "run_finished",
        "ride_planned",
    ],
    "eztaskmanager.exceptions": ["EzTaskManagerError", "ArgumentsError", "LaunchRefused", "TaskQueueException"],
    "eztaskmanager.views": ["LogViewerView", "LiveLogViewerView", "AjaxReadLogLines"],
    "eztaskmanager.admin": [
        "AppCommandAdmin",
        "TaskCategoryAdmin",
        "TaskAdmin",
        "LaunchReportInline",
        "LaunchReportAdmin",
    ],
}
CONSTANTS = {
    "Task": [
        *("STATUS_IDLE", "STATUS_SPOOLED", "STATUS_SCHEDULED", "STATUS_STARTED"),
        *("REPETITION_PERIOD_MINUTE", "REPETITION_PERIOD_HOUR", "REPETITION_PERIOD_DAY"),
        *("REPETITION_PERIOD_WEEK", "REPETITION_PERIOD_MONTH"),
        *("scheduling_utc", "is_periodic", "interval_in_seconds", "_args_dict", "args", "options", "complete_args"),
        *("compute_cache", "prune_reports", "launch", "stop"),
    ],
    "LaunchReport": [
        *("RESULT_NO", "RESULT_OK", "RESULT_FAILED", "RESULT_ERRORS", "RESULT_WARNINGS"),
        *("get_log_lines", "read_log_lines", "log_tail", "n_log_lines", "n_log_errors", "n_log_warnings"),
        *("get_notification_handlers", "stop"),
    ],
    "AppCommand": ["get_command_class", "help_text"],
}

# Run in an interpreter of its own, in which the modules named on its command line cannot be found.
PROBE = """
import sys

class Without:
    # Finds what the others find, less what is blocked: as if that were not installed.

    def __init__(self, finders):
        self.finders = finders

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked:
            return None
        found = (finder.find_spec(name, path, target) for finder in self.finders)
        return next(filter(None, found), None)

service, *blocked = sys.argv[1:]
sys.meta_path[:] = [Without(list(sys.meta_path))]

if service == "Celery" and "celery" not in blocked:
    from celery import Celery
    Celery("probe").set_default()

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="k",
    INSTALLED_APPS=[
        "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
        "django.contrib.messages", "eztaskmanager",
        *(["django_rq"] if service == "RQ" and "django_rq" not in blocked else []),
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request",
            "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]},
    }],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    ROOT_URLCONF="probe_urls",
    STATIC_URL="/static/",
    ALLOWED_HOSTS=["testserver"],
    EZTASKMANAGER_MONITORING_TOKEN="a token for the probe",
    EZTASKMANAGER_QUEUE_SERVICE_TYPE=service,
    **({"RQ_QUEUES": {"default": {"URL": "redis://127.0.0.1:1/0"}}} if service == "RQ" else {}),
)
import types
django.setup()

from django.contrib import admin
from django.urls import include, path

sys.modules["probe_urls"] = urls = types.ModuleType("probe_urls")
urls.urlpatterns = [path("admin/", admin.site.urls), path("eztaskmanager/", include("eztaskmanager.urls"))]

from django.core.management import call_command

call_command("check")
call_command("migrate", verbosity=0)
from eztaskmanager.models import Task
from eztaskmanager.services.logger import LoggerEnabledCommand
assert not Task.objects.exists()

from django.test import Client

answer = Client().get("/eztaskmanager/metrics/", headers={"Authorization": "Bearer a token for the probe"})
assert answer.status_code == (501 if "prometheus_client" in blocked else 200), answer.content
assert (b"django-eztaskmanager[prometheus]" in answer.content) == ("prometheus_client" in blocked), answer.content
assert Client().get("/eztaskmanager/health/").status_code == 200
"""


def probe(service: str, *blocked: str) -> subprocess.CompletedProcess[str]:
    """Import, check and migrate with the modules blocked."""
    return subprocess.run(
        [sys.executable, "-c", PROBE, service, *blocked],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


class NameTests(TestCase):
    def test_every_public_name_can_be_imported(self) -> None:
        for module, names in PUBLIC.items():
            for name in names:
                with self.subTest(f"{module}.{name}"):
                    self.assertTrue(hasattr(import_module(module), name))

    def test_the_models_have_their_constants_and_helpers(self) -> None:
        models = import_module("eztaskmanager.models")
        for model, names in CONSTANTS.items():
            for name in names:
                with self.subTest(f"{model}.{name}"):
                    fields = {field.name for field in getattr(models, model)._meta.get_fields()}
                    self.assertTrue(name in fields or hasattr(getattr(models, model), name))


class VersionTests(TestCase):
    def test_the_version_is_the_one_in_the_project_file(self) -> None:
        text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        self.assertIn(f'\nversion = "{eztaskmanager.__version__}"\n', text)

    def test_nothing_else_of_the_package_repeats_it(self) -> None:
        pattern = re.compile(rf"(?<![\d.]){re.escape(eztaskmanager.__version__)}(?![\d.])")
        sources = [*ROOT.joinpath("eztaskmanager").rglob("*.py"), *ROOT.joinpath("docs").glob("*.py")]
        for path in sources:
            if "tests" not in path.relative_to(ROOT).parts:
                with self.subTest(str(path)):
                    self.assertIsNone(pattern.search(path.read_text(encoding="utf-8")))

    def test_bump2version_remembers_the_same_and_changes_that_one_place(self) -> None:
        config = configparser.ConfigParser()
        config.read(ROOT / ".bumpversion.cfg")
        self.assertEqual(config["bumpversion"]["current_version"], eztaskmanager.__version__)
        files = [section for section in config.sections() if section.startswith("bumpversion:file:")]
        self.assertEqual(files, ["bumpversion:file:pyproject.toml", "bumpversion:file:CHANGELOG.md"])


class ExtrasTests(TestCase):
    def test_it_imports_checks_and_migrates_with_one_extra_or_none(self) -> None:
        everything = set().union(*EXTRAS.values())
        for extra, brought in {"none": set(), **EXTRAS}.items():
            service = "RQ" if extra in ("rq", "rq-scheduler") else "Celery" if extra == "celery" else "Memory"
            with self.subTest(extra=extra):
                done = probe(service, *sorted(everything - brought))
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_missing_extra_is_named_by_the_check(self) -> None:
        for service, extra in (("RQ", "rq"), ("Celery", "celery"), ("DjangoTasks", "tasks")):
            with self.subTest(service=service):
                done = probe(service, *set().union(*EXTRAS.values()))
                if service == "DjangoTasks" and django.VERSION >= (6, 0):
                    # Django's own backends are there, and have no workers.
                    self.assertIn("eztaskmanager.W002", done.stderr)
                    continue
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(f"django-eztaskmanager[{extra}]", done.stderr)
                self.assertNotIn('Traceback (most recent call last):\n  File "<frozen', done.stderr)
