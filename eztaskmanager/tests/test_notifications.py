"""Tests of telling people, with a real mail server and a real HTTP server at the other end."""

from __future__ import annotations

import asyncio
import copy
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock
from urllib.parse import parse_qs

from aiosmtpd.handlers import Message
from aiosmtpd.smtp import SMTP
from django.contrib import admin
from django.core import mail
from django.test import SimpleTestCase, TestCase, modify_settings, override_settings
from django.utils import timezone
from django.utils.translation import override

from eztaskmanager.models import LaunchReport
from eztaskmanager.services.notifications import (
    LEVEL_MAPPING,
    MESSAGES,
    EmailNotificationHandler,
    NotificationHandler,
    SlackNotificationHandler,
    check_handlers,
    emit_notifications,
    get_base_url,
)
from eztaskmanager.tests.factories import make_report, make_task

PACKAGE = "eztaskmanager.services.notifications"
HERE = __name__
RESULTS = ("ok", "warnings", "errors", "failed", "stopped", "timeout", "lost")


def handlers(**configurations: Any) -> Any:
    return override_settings(EZTASKMANAGER_NOTIFICATION_HANDLERS=configurations)


class NotingHandler(NotificationHandler):
    """One's own handler, which remembers."""

    told: list[str] = []

    def __init__(self, level: str = "ok", prefix: str = "") -> None:
        super().__init__(level)
        self.prefix = prefix

    def emit(self, report: LaunchReport) -> None:
        self.told.append(self.prefix + report.invocation_result)


class BrokenHandler(NotificationHandler):
    """One's own handler, which fails."""

    def emit(self, report: LaunchReport) -> None:
        raise ConnectionError("nobody there")


class StillbornHandler(NotificationHandler):
    """One's own handler, which cannot even be made."""

    def __init__(self, level: str = "ok") -> None:
        raise OSError("no such device")

    def emit(self, report: LaunchReport) -> None:
        """Never get here."""


class HalfHandler(NotificationHandler):
    """One's own handler, without a way to tell."""


class Mailbox(Message):
    """Keeps what a mail server is given."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[EmailMessage] = []

    def prepare_message(self, session: Any, envelope: Any) -> EmailMessage:
        return message_from_bytes(envelope.content, policy=policy.default)

    def handle_message(self, message: Any) -> None:
        self.messages.append(message)


def mail_by_smtp(**options: Any) -> override_settings:
    """Have Django send by SMTP, as this version of it is told to."""
    backend = "django.core.mail.backends.smtp.EmailBackend"
    if hasattr(mail, "mailers"):
        return override_settings(MAILERS={"default": {"BACKEND": backend, "OPTIONS": options}})
    settings = {f"EMAIL_{name.upper()}": value for name, value in options.items()}
    return override_settings(EMAIL_BACKEND=backend, **settings)


@contextmanager
def mail_server() -> Iterator[list[EmailMessage]]:
    mailbox = Mailbox()
    loop = asyncio.new_event_loop()
    # Not by aiosmtpd's Controller, which wants to know the port beforehand and is impatient.
    server = loop.run_until_complete(loop.create_server(lambda: SMTP(mailbox, loop=loop), "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        with mail_by_smtp(host="127.0.0.1", port=server.sockets[0].getsockname()[1]):
            yield mailbox.messages
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
            with suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
        loop.close()


@contextmanager
def slack_server(answer: dict[str, Any]) -> Iterator[tuple[str, list[tuple[str, str, dict[str, Any]]]]]:
    requests: list[tuple[str, str, dict[str, Any]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            is_json = "json" in self.headers["Content-Type"]
            fields = json.loads(body) if is_json else {key: values[0] for key, values in parse_qs(body).items()}
            requests.append((self.path, self.headers["Authorization"], fields))
            content = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            """Keep silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def make_ended(result: str = "failed", **fields: Any) -> LaunchReport:
    now = timezone.now()
    fields = {"state": "finished", "started_at": now, "finished_at": now, **fields}
    return make_report(make_task(name="Nightly <sums> & more"), invocation_result=result, **fields)


class LevelTests(TestCase):
    def told(self, level: str, results: tuple[str, ...] = RESULTS) -> list[str]:
        NotingHandler.told = []
        with handlers(mine={"class": f"{HERE}.NotingHandler", "level": level}):
            for result in results:
                emit_notifications(make_ended(result))
        return NotingHandler.told

    def test_every_level_tells_its_results_and_the_worse(self) -> None:
        self.assertEqual(self.told("ok"), list(RESULTS))
        self.assertEqual(self.told("warnings"), list(RESULTS[1:]))
        self.assertEqual(self.told("errors"), list(RESULTS[2:]))
        self.assertEqual(self.told("failed"), list(RESULTS[3:]))

    def test_failure_is_understood_as_failed(self) -> None:
        self.assertEqual(self.told("failure"), list(RESULTS[3:]))

    def test_skipped_and_unfinished_runs_are_nobodys_concern(self) -> None:
        self.assertEqual(self.told("ok", ("skipped", "")), [])

    def test_every_result_that_is_told_has_a_message(self) -> None:
        self.assertEqual(set(MESSAGES), set(LEVEL_MAPPING))

    def test_an_unknown_level_is_refused(self) -> None:
        with self.assertRaisesMessage(ValueError, "'loud' is not a level"):
            NotingHandler(level="loud")


class EmissionTests(TestCase):
    def setUp(self) -> None:
        NotingHandler.told = []

    def test_handlers_get_their_arguments(self) -> None:
        with handlers(mine={"class": f"{HERE}.NotingHandler", "level": "ok", "prefix": "it was "}):
            emit_notifications(make_ended("errors"))
        self.assertEqual(NotingHandler.told, ["it was errors"])

    def test_a_handler_that_fails_is_logged_and_hurts_no_other(self) -> None:
        with handlers(
            broken={"class": f"{HERE}.BrokenHandler", "level": "ok"},
            unborn={"class": f"{HERE}.StillbornHandler", "level": "ok"},
            missing={"class": "no.such.Handler", "level": "ok"},
            wrong={"class": f"{HERE}.NotingHandler", "level": "loud"},
            strange=None,
            mine={"class": f"{HERE}.NotingHandler", "level": "ok"},
        ):
            with self.assertLogs(PACKAGE, "ERROR") as logs:
                emit_notifications(make_ended("failed"))
        self.assertEqual(NotingHandler.told, ["failed"])
        self.assertEqual(len(logs.records), 5)
        self.assertTrue(all(record.exc_info for record in logs.records))
        self.assertIn("nobody there", "".join(logs.output))

    def test_the_settings_stay_as_the_user_wrote_them(self) -> None:
        configuration = {"mine": {"class": f"{HERE}.NotingHandler", "level": "failure", "prefix": "x"}}
        before = copy.deepcopy(configuration)
        with override_settings(EZTASKMANAGER_NOTIFICATION_HANDLERS=configuration):
            emit_notifications(make_ended("failed"))
            check_handlers()
            emit_notifications(make_ended("failed"))
        self.assertEqual(configuration, before)
        self.assertEqual(NotingHandler.told, ["xfailed", "xfailed"])

    def test_a_report_knows_the_handlers(self) -> None:
        with handlers(mine={"class": f"{HERE}.NotingHandler", "level": "errors"}):
            (handler,) = make_ended().get_notification_handlers()
        self.assertIsInstance(handler, NotingHandler)
        self.assertEqual(handler.level, "errors")


@override_settings(EZTASKMANAGER_BASE_URL="https://tasks.example.org/")
class EmailTests(TestCase):
    def configure(self, **arguments: Any) -> Any:
        configuration: dict[str, Any] = {
            "from_email": "tasks@example.org",
            "recipients": ["ops@example.org", "dev@example.org"],
        }
        configuration["timeout"] = 60
        return handlers(
            mail={"class": f"{PACKAGE}.EmailNotificationHandler", "level": "ok", **configuration, **arguments}
        )

    def test_a_mail_tells_what_happened_and_where_the_log_is(self) -> None:
        report = make_ended("failed", error="ValueError: boom", n_log_errors=2, arguments="--tag x", host="worker1")
        with mail_server() as messages, self.configure(), override("en"):
            emit_notifications(report)
        (message,) = messages
        self.assertEqual(message["Subject"], "Task Nightly <sums> & more: failed")
        self.assertEqual(message["From"], "tasks@example.org")
        self.assertEqual(message["To"], "ops@example.org, dev@example.org")
        text = message.get_body(("plain",)).get_content()
        for part in (
            "Command: check --tag x",
            "Error: ValueError: boom",
            "Errors: 2",
            "Host: worker1",
            "Duration: 0:00:",
        ):
            self.assertIn(part, text)
        self.assertIn(f"https://tasks.example.org/eztaskmanager/livelogviewer/{report.pk}/", text)

    def test_a_mail_is_sent_for_each_result(self) -> None:
        with self.configure(recipients="ops@example.org"), override("en"):
            for result in RESULTS:
                emit_notifications(make_ended(result, n_log_warnings=1, n_log_errors=3))
        self.assertEqual(
            [message.subject.partition(": ")[2] for message in mail.outbox],
            [
                "ok",
                "ended with warnings (1)",
                "ended with errors (3)",
                "failed",
                "stopped",
                "stopped at its time limit",
                "lost, its worker gives no sign of life",
            ],
        )
        self.assertTrue(all(message.to == ["ops@example.org"] and message.body for message in mail.outbox))

    def test_a_name_cannot_write_headers(self) -> None:
        report = make_report(make_task(name="a\nBcc: all@example.org"), invocation_result="ok", state="finished")
        with self.configure():
            emit_notifications(report)
        self.assertIn("Task a Bcc: all@example.org", mail.outbox[0].subject)

    @mail_by_smtp(host="127.0.0.1")
    def test_a_silent_server_is_not_waited_for_for_ever(self) -> None:
        self.assertEqual(EmailNotificationHandler(None, "a@example.org", timeout=7)._get_backend().timeout, 7)
        with mail_by_smtp(host="127.0.0.1", timeout=3):
            self.assertEqual(EmailNotificationHandler(None, "a@example.org", timeout=7)._get_backend().timeout, 3)

    @mail_by_smtp(host="127.0.0.1", port=1)
    def test_a_server_that_is_down_is_logged(self) -> None:
        with self.configure(), self.assertLogs(PACKAGE, "ERROR") as logs:
            emit_notifications(make_ended())
        self.assertIn("EmailNotificationHandler did not tell", logs.output[0])


@override_settings(EZTASKMANAGER_BASE_URL="https://tasks.example.org")
class SlackTests(TestCase):
    def configure(self, url: str) -> Any:
        arguments = {"token": "xoxb-1", "channel": "#ops", "level": "ok", "base_url": url, "timeout": 60}
        return handlers(slack={"class": f"{PACKAGE}.SlackNotificationHandler", **arguments})

    def test_a_message_is_posted_with_a_link_to_the_log(self) -> None:
        report = make_ended("errors", n_log_errors=2)
        with slack_server({"ok": True}) as (url, requests), self.configure(url), override("en"):
            emit_notifications(report)
        ((path, authorization, fields),) = requests
        self.assertEqual((path, authorization), ("/api/chat.postMessage", "Bearer xoxb-1"))
        self.assertEqual(fields["channel"], "#ops")
        self.assertIn("*Task Nightly &lt;sums&gt; &amp; more: ended with errors (2)*", fields["text"])
        link = f"<https://tasks.example.org/eztaskmanager/livelogviewer/{report.pk}/|Log>"
        self.assertIn(link, fields["text"])

    def test_a_refusal_by_slack_is_logged(self) -> None:
        with slack_server({"ok": False, "error": "invalid_auth"}) as (url, _), self.configure(url):
            with self.assertLogs(PACKAGE, "ERROR") as logs:
                emit_notifications(make_ended())
        self.assertIn("invalid_auth", logs.output[0])

    def test_slack_is_not_waited_for_for_ever(self) -> None:
        self.assertEqual(SlackNotificationHandler("xoxb-1", "#ops").client.timeout, 10)


class LinkTests(TestCase):
    @override_settings(EZTASKMANAGER_BASE_URL="https://tasks.example.org/")
    def test_the_setting_comes_first(self) -> None:
        self.assertEqual(get_base_url(), "https://tasks.example.org")

    def tearDown(self) -> None:
        # The admin has found the sites' own, which go with them.
        for model in [model for model in admin.site._registry if model._meta.app_label == "sites"]:
            admin.site.unregister(model)

    @modify_settings(INSTALLED_APPS={"append": "django.contrib.sites"})
    @override_settings(SITE_ID=1)
    def test_the_current_site_comes_next(self) -> None:
        # Only now, for its models can be imported while it is installed.
        from django.contrib.sites.models import SITE_CACHE, Site

        with mock.patch.dict(SITE_CACHE, {1: Site(pk=1, domain="site.example.org")}):
            self.assertEqual(get_base_url(), "http://site.example.org")
            with override_settings(SECURE_SSL_REDIRECT=True):
                self.assertEqual(get_base_url(), "https://site.example.org")

    @modify_settings(INSTALLED_APPS={"append": "django.contrib.sites"})
    def test_a_site_that_is_not_told_is_logged(self) -> None:
        with self.assertLogs(PACKAGE, "WARNING"):
            self.assertEqual(get_base_url(), "")

    @modify_settings(INSTALLED_APPS={"remove": "django.contrib.sites"})
    def test_without_any_the_mail_has_the_path(self) -> None:
        self.assertEqual(get_base_url(), "")
        report = make_ended()
        EmailNotificationHandler(None, ["ops@example.org"]).emit(report)
        self.assertIn(f" /eztaskmanager/livelogviewer/{report.pk}/", mail.outbox[0].body)


class CheckTests(SimpleTestCase):
    def ids(self, configurations: Any) -> list[str | None]:
        with override_settings(EZTASKMANAGER_NOTIFICATION_HANDLERS=configurations):
            return [message.id for message in check_handlers()]

    def test_good_handlers_pass(self) -> None:
        good = {
            "mail": {
                "class": f"{PACKAGE}.EmailNotificationHandler",
                "level": "failure",
                "from_email": "a@example.org",
                "recipients": ["b@example.org"],
            },
            "slack": {"class": f"{PACKAGE}.SlackNotificationHandler", "level": "ok", "token": "x", "channel": "y"},
            "mine": {"class": f"{HERE}.NotingHandler"},
        }
        self.assertEqual(self.ids(good), [])
        self.assertEqual(self.ids({}), [])

    def test_each_fault_is_an_error(self) -> None:
        faults: list[tuple[Any, str]] = [
            ({"class": "no.such.Handler"}, "E021"),
            ({"class": f"{HERE}.NoSuchHandler"}, "E021"),
            ({"class": "nodots"}, "E021"),
            ({"level": "ok"}, "E021"),
            ({"class": "collections.OrderedDict"}, "E022"),
            ({"class": "os.getcwd"}, "E022"),
            ({"class": f"{HERE}.HalfHandler"}, "E022"),
            ({"class": f"{HERE}.NotingHandler", "level": "loud"}, "E023"),
            ({"class": f"{HERE}.NotingHandler", "colour": "red"}, "E024"),
            ({"class": f"{PACKAGE}.SlackNotificationHandler", "channel": "y"}, "E024"),
            ({"class": f"{HERE}.NotingHandler", "quiet_hours": "at night"}, "E025"),
            ({"class": f"{HERE}.NotingHandler", "results": ["good"]}, "E025"),
            ({"class": f"{HERE}.NotingHandler", "alerts": ["late"]}, "W020"),
            ("mail", "E020"),
        ]
        for configuration, number in faults:
            with self.subTest(configuration):
                self.assertEqual(self.ids({"mine": configuration}), [f"eztaskmanager.{number}"])
        self.assertEqual(self.ids(["mail"]), ["eztaskmanager.E020"])
        for name in ("", 7, "x" * 101):
            self.assertEqual(self.ids({name: {"class": f"{HERE}.NotingHandler"}}), ["eztaskmanager.E026"])

    def test_rules_are_no_arguments_of_the_class(self) -> None:
        rules = {
            "categories": ["Imports"],
            "tasks": [1],
            "results": ["failed"],
            "only_on_change": True,
            "after_failures": 2,
            "before_last_retry": True,
            "quiet_hours": "22:00-07:00",
            "alerts": False,
        }
        self.assertEqual(self.ids({"mine": {"class": f"{HERE}.NotingHandler", **rules}}), [])
