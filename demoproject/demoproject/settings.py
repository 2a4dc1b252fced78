"""Settings of the demo project, in which the tests run too.

They are set by environment variables: DEMO_DATABASE (sqlite, postgres, mysql), DEMO_DATABASE_NAME, DEMO_FOLDER (where
what is made lies; var beside this file's folder), DEMO_QUEUE (tasks, rq, celery, memory, or a dotted path), REDIS_URL,
DEMO_BROKER_URL (Celery's), DEMO_BASE_URL, DEMO_MAIL (a folder: mails are written there, and failed runs are told of by
mail), DEMO_WITHOUT_TESTS (1: leave the tests' own commands out).
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import django

from demoproject.databases import get_database

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("DEMO_FOLDER", BASE_DIR / "var"))

SECRET_KEY = "this key is public, so this project must never face the world"
DEBUG = os.environ.get("DEMO_DEBUG", "") == "1"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "demoproject.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

HAS_RQ = find_spec("django_rq") is not None
HAS_TASKS_DB = find_spec("django_tasks_db") is not None

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "eztaskmanager",
    "demoapp",
]
if HAS_RQ:
    INSTALLED_APPS.append("django_rq")
if HAS_TASKS_DB:
    if django.VERSION < (6, 0):
        INSTALLED_APPS.append("django_tasks")
    INSTALLED_APPS.append("django_tasks_db")
HAS_TESTS = find_spec("eztaskmanager.tests") is not None and os.environ.get("DEMO_WITHOUT_TESTS") != "1"
if HAS_TESTS:
    INSTALLED_APPS.append("eztaskmanager.tests.commands_app")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {
    "default": get_database(
        os.environ.get("DEMO_DATABASE", "sqlite"), os.environ.get("DEMO_DATABASE_NAME", "eztaskmanager"), VAR_DIR
    )
}

USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("it", "Italiano"), ("de", "Deutsch"), ("fr", "Français"), ("es", "Español")]
USE_TZ = True
TIME_ZONE = os.environ.get("DEMO_TIME_ZONE", "Europe/Rome")
STATIC_URL = "/static/"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}

# The queues. Each engine is set up where it is installed; DEMO_QUEUE says which one carries the tasks.
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
RQ_QUEUES = {"default": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 360}}
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}} if HAS_TASKS_DB else {}

CELERY_BROKER_URL = os.environ.get("DEMO_BROKER_URL", REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BEAT_SCHEDULE = {
    "eztaskmanager": {"task": "eztaskmanager.tick", "schedule": 1.0, "options": {"expires": 1.0}},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")

# The app's own.
QUEUES = {"tasks": "DjangoTasks", "rq": "RQ", "celery": "Celery", "memory": "Memory"}
DEMO_QUEUE = os.environ.get("DEMO_QUEUE", "tasks")
EZTASKMANAGER_QUEUE_SERVICE_TYPE = QUEUES.get(DEMO_QUEUE, DEMO_QUEUE)
EZTASKMANAGER_BASE_URL = os.environ.get("DEMO_BASE_URL")
EZTASKMANAGER_NOTIFICATION_HANDLERS: dict[str, dict[str, Any]] = {}

if django.VERSION >= (6, 1):
    MAILERS: dict[str, Any] = {"default": {"BACKEND": "django.core.mail.backends.console.EmailBackend"}}

if os.environ.get("DEMO_MAIL"):
    mail_backend, mail_folder = "django.core.mail.backends.filebased.EmailBackend", os.environ["DEMO_MAIL"]
    if django.VERSION >= (6, 1):
        MAILERS["default"] = {"BACKEND": mail_backend, "OPTIONS": {"file_path": mail_folder}}
    else:
        EMAIL_BACKEND, EMAIL_FILE_PATH = mail_backend, mail_folder
    EZTASKMANAGER_NOTIFICATION_HANDLERS["operators"] = {
        "class": "eztaskmanager.services.notifications.EmailNotificationHandler",
        "level": "failed",
        "from_email": "tasks@example.org",
        "recipients": ["operators@example.org"],
    }

if HAS_TESTS:
    TEST_RUNNER = "eztaskmanager.tests.runner.Runner"
