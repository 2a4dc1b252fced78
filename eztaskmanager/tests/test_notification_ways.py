"""The ways of telling, each against a real server on loopback."""

from __future__ import annotations

import threading
import time
from typing import Any
from unittest import TestCase as PlainTestCase
from urllib.parse import parse_qs, urlsplit

from django.core.exceptions import ValidationError
from django.test import TestCase, override_settings
from django.utils.translation import override

from eztaskmanager.models import Alert, LaunchReport, Notification, Task, TaskCategory
from eztaskmanager.models.addresses import validate_web_address
from eztaskmanager.services.notifications import DeliveryFailed, send_due, verify
from eztaskmanager.services.notifications.apprise import AppriseNotificationHandler
from eztaskmanager.services.notifications.email import EmailNotificationHandler, render
from eztaskmanager.services.notifications.http import call
from eztaskmanager.services.notifications.messages import message_about_alert, message_about_run
from eztaskmanager.services.notifications.outbox import plan
from eztaskmanager.services.notifications.pinging import StartPing, address_of
from eztaskmanager.services.notifications.signing import BadSignature, sign
from eztaskmanager.services.notifications.slack import SlackWebhookNotificationHandler
from eztaskmanager.services.notifications.webhook import WebhookNotificationHandler
from eztaskmanager.tests.factories import make_task
from eztaskmanager.tests.pages import say
from eztaskmanager.tests.receivers import Receiver, receiver
from eztaskmanager.tests.test_notifications import mail_server, make_ended

BASE = override_settings(EZTASKMANAGER_BASE_URL="https://tasks.example.org")


def ended(**fields: Any) -> LaunchReport:
    return make_ended("failed", error="ValueError: boom", arguments="--api-token abc123, north", **fields)


class HttpTests(PlainTestCase):
    def assert_fails(self, words: str, server: Receiver, **options: Any) -> None:
        with self.assertRaises(DeliveryFailed) as caught:
            call("POST", f"{server.url}/secret-path", b"x", **options)
        self.assertIn(words, str(caught.exception))
        self.assertNotIn("secret-path", str(caught.exception))

    def test_any_2xx_is_good(self) -> None:
        with receiver() as server:
            server.always(204)
            call("POST", f"{server.url}/a", b"body", {"X-Mine": "1"})
        (request,) = server.requests
        self.assertEqual((request.method, request.body, request.headers["X-Mine"]), ("POST", b"body", "1"))
        self.assertTrue(request.headers["User-Agent"].startswith("django-eztaskmanager/"))

    def test_what_answers_badly_is_told_without_the_address(self) -> None:
        with receiver() as server:
            server.always(500)
            self.assert_fails("127.0.0.1 answered 500 Internal Server Error.", server)
            server.always(404)
            self.assert_fails("answered 404", server)

    def test_what_does_not_answer_is_not_waited_for(self) -> None:
        with receiver() as server:
            server.never()
            self.assert_fails("did not answer within 0.2 s", server, timeout=0.2)

    def test_nobody_there_is_told(self) -> None:
        with self.assertRaisesRegex(DeliveryFailed, "127.0.0.1 could not be called: Connection refused."):
            call("GET", "http://127.0.0.1:1/secret-path")

    def test_only_http_is_spoken(self) -> None:
        for url in ("file:///etc/passwd", "ftp://example.org/", "http://", "nonsense", "http://[", "gopher://x"):
            with self.subTest(url), self.assertRaisesRegex(DeliveryFailed, "https:// or http://"):
                call("GET", url)

    def test_a_redirect_on_the_same_host_gets_the_same_request(self) -> None:
        with receiver() as server:
            server.answer = lambda request: (301, {"Location": "/b"}, b"") if request.path == "/a" else (200, {}, b"")
            call("POST", f"{server.url}/a", b"body")
        self.assertEqual(
            [(request.path, request.body) for request in server.requests], [("/a", b"body"), ("/b", b"body")]
        )

    def test_a_redirect_to_another_host_or_port_is_not_followed(self) -> None:
        with receiver() as server, receiver() as other:
            for target in (f"{other.url}/x", server.url.replace("127.0.0.1", "localhost"), "file:///etc/passwd"):
                server.always(307, Location=target)
                with self.assertRaises(DeliveryFailed):
                    call("POST", f"{server.url}/a", b"secret")
        self.assertEqual(other.requests, [])
        self.assertEqual(len(server.requests), 3)

    def test_a_ring_of_redirects_is_left(self) -> None:
        with receiver() as server:
            server.always(302, Location="/again")
            self.assert_fails("again and again", server)
        self.assertEqual(len(server.requests), 4)


class SignatureTests(PlainTestCase):
    def test_a_good_one_passes_and_all_others_do_not(self) -> None:
        header = sign("s3cret", b"body", 1000)
        verify("s3cret", b"body", header, moment=1100)
        for secret, body, given, moment in (
            ("other", b"body", header, 1000),
            ("s3cret", b"Body", header, 1000),
            ("s3cret", b"body", header, 1301),
            ("s3cret", b"body", header, 699),
            ("s3cret", b"body", header.replace("t=1000", "t=1299"), 1300),
            ("s3cret", b"body", "", 1000),
            ("s3cret", b"body", "t=1000", 1000),
            ("s3cret", b"body", "t=1000,v1=é", 1000),
            ("s3cret", b"body", "t=1000,v1=\udcff", 1000),
        ):
            with self.subTest(ascii(given)), self.assertRaises(BadSignature):
                verify(secret, body, given, moment=moment)


@BASE
class WebhookTests(TestCase):
    def test_the_document_tells_the_run_and_is_signed(self) -> None:
        report = ended(n_log_errors=2, launched_by_name="ada")
        Task.objects.update(category=TaskCategory.objects.create(name="Imports"))
        report = LaunchReport.objects.select_related("task").get(pk=report.pk)
        with receiver() as server, override("en"):
            handler = WebhookNotificationHandler(f"{server.url}/hook", "s3cret", headers={"Authorization": "Bearer x"})
            handler.tell(message_about_run(report, message_id="17"))
        (request,) = server.requests
        verify("s3cret", request.body, request.headers["X-EzTaskManager-Signature"])
        self.assertEqual(request.headers["X-EzTaskManager-Event"], "failed")
        self.assertEqual(request.headers["X-EzTaskManager-Delivery"], "17")
        self.assertEqual(request.headers["Authorization"], "Bearer x")
        told = request.json
        self.assertEqual((told["version"], told["event"], told["alert"]), (1, "failed", None))
        self.assertEqual(told["task"]["category"], "Imports")
        self.assertEqual((told["run"]["result"], told["run"]["errors"]), ("failed", 2))
        self.assertEqual(told["run"]["arguments"], "--api-token ••••, north")
        self.assertEqual(told["url"], f"https://tasks.example.org/eztaskmanager/livelogviewer/{report.pk}/")

    def test_an_alert_is_told_too_and_nothing_is_signed_without_a_secret(self) -> None:
        alert = Alert.objects.create(kind="worker", queue="night", message="No worker.")
        with receiver() as server:
            WebhookNotificationHandler(server.url).tell(message_about_alert(alert))
        (request,) = server.requests
        self.assertNotIn("X-EzTaskManager-Signature", request.headers)
        self.assertEqual(
            (request.json["alert"]["queue"], request.json["run"], request.json["task"]), ("night", None, None)
        )

    def test_secrets_that_an_error_repeats_are_masked(self) -> None:
        report = ended()
        report.error = "Refused: abc123 is no token"
        with receiver() as server:
            WebhookNotificationHandler(server.url).emit(report)
        self.assertEqual(server.requests[0].json["run"]["error"], "Refused: •••• is no token")


@BASE
class ChatTests(TestCase):
    def test_slacks_incoming_webhook_gets_the_text(self) -> None:
        with receiver() as server, override("en"):
            SlackWebhookNotificationHandler(f"{server.url}/services/T0/B0/X").emit(ended())
        (request,) = server.requests
        self.assertEqual(request.path, "/services/T0/B0/X")
        self.assertIn("*Task Nightly &lt;sums&gt; &amp; more: failed*", request.json["text"])
        self.assertIn("|Log>", request.json["text"])

    def test_slacks_refusals_and_silence_are_failures(self) -> None:
        with receiver() as server:
            server.always(403)
            with self.assertRaisesRegex(DeliveryFailed, "Slack answered 403"):
                SlackWebhookNotificationHandler(server.url).emit(ended())
            server.never()
            with self.assertRaises((DeliveryFailed, TimeoutError)):
                SlackWebhookNotificationHandler(server.url, timeout=1).emit(ended())

    def test_slacks_webhook_follows_no_redirect(self) -> None:
        with receiver() as server:
            for status in (302, 307):
                server.always(status, Location="/elsewhere")
                with self.subTest(status), self.assertRaisesRegex(DeliveryFailed, f"Slack answered {status}"):
                    SlackWebhookNotificationHandler(f"{server.url}/hook").emit(ended())
        self.assertEqual(server.paths, ["/hook"] * 2)

    def test_apprise_tells_its_services(self) -> None:
        with receiver() as server, override("en"):
            url = server.url.replace("http://", "json://")
            AppriseNotificationHandler([url]).tell(message_about_run(ended()))
        (request,) = server.requests
        self.assertEqual(request.json["title"], "Task Nightly <sums> & more: failed")
        self.assertEqual(request.json["type"], "failure")
        self.assertIn("ValueError: boom", request.json["message"])

    def test_apprise_that_fails_is_a_failure(self) -> None:
        with receiver() as server:
            server.always(500)
            with self.assertRaises(DeliveryFailed), self.assertLogs("apprise", "WARNING"):
                AppriseNotificationHandler(server.url.replace("http://", "json://")).emit(ended())
        with self.assertRaisesRegex(ValueError, "number 1"), self.assertLogs("apprise", "ERROR"):
            AppriseNotificationHandler("nonsense")


@BASE
class MailTests(TestCase):
    def test_a_mail_has_both_forms_and_names_are_escaped_in_one(self) -> None:
        report = ended()
        with mail_server() as messages, override("en"):
            EmailNotificationHandler("a@example.org", "b@example.org", timeout=60).emit(report)
        (message,) = messages
        text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
        self.assertIn("Task Nightly <sums> & more: failed", text)
        self.assertIn("Task Nightly &lt;sums&gt; &amp; more: failed", html)
        self.assertIn(f'href="https://tasks.example.org/eztaskmanager/livelogviewer/{report.pk}/"', html)
        self.assertIn("Open the log", html)
        for body in (text, html):
            self.assertIn("ValueError: boom", body)
            self.assertNotIn("abc123", body)

    def test_the_log_is_told_only_where_asked_for_and_without_secrets(self) -> None:
        report = ended()
        say(report, "first", "the token abc123 is refused", "last <b>")
        report.refresh_from_db()
        message = message_about_run(report)
        self.assertNotIn("last", "".join(render(message)))
        _, text, html = render(message, 2)
        self.assertIn("the token •••• is refused", text)
        self.assertIn("last &lt;b&gt;", html)
        self.assertNotIn("first", text)

    def test_an_alert_and_a_recovery_have_their_subjects(self) -> None:
        alert = Alert(kind="late", task=make_task(name="Sums"), message="It has not run.")
        with override("en"):
            self.assertEqual(render(message_about_alert(alert))[0], "Task Sums: late")
            subject, text, html = render(message_about_alert(alert, "recovered"))
        self.assertEqual(subject, "Task Sums: no longer late")
        self.assertIn("It has not run.", text)
        self.assertIn("/admin/eztaskmanager/task/", html)

    def test_a_project_may_override_the_templates(self) -> None:
        from django.conf import settings
        from django.template import engines

        self.assertIn("django", [engine.name for engine in engines.all()])
        own = {"eztaskmanager/notifications/subject.txt": "[ops] {{ message.subject|safe }}"}
        ours = "django.template.loaders.app_directories.Loader"
        options = {"loaders": [("django.template.loaders.locmem.Loader", own), ours]}
        templates = [{**settings.TEMPLATES[0], "APP_DIRS": False, "OPTIONS": options}]
        with override_settings(TEMPLATES=templates), override("en"):
            self.assertEqual(render(message_about_run(make_ended("ok")))[0], "[ops] Task Nightly <sums> & more: ok")


class PingTests(TestCase):
    def addresses(self, url: str) -> list[str | None]:
        return [address_of(url, moment, "run1") for moment in ("start", "success", "fail")]

    def test_healthchecks_are_called_by_paths(self) -> None:
        self.assertEqual(
            self.addresses("https://hc.example.org/abc"),
            [
                "https://hc.example.org/abc/start?rid=run1",
                "https://hc.example.org/abc?rid=run1",
                "https://hc.example.org/abc/fail?rid=run1",
            ],
        )
        self.assertEqual(
            self.addresses("https://hc.example.org/abc/?create=1")[2],
            "https://hc.example.org/abc/fail?create=1&rid=run1",
        )

    def test_sentrys_check_ins_are_called_by_their_status(self) -> None:
        url = "https://o1.example.org/api/5/cron/nightly/key/?status=ok&environment=prod"
        self.assertEqual(
            self.addresses(url),
            [
                f"https://o1.example.org/api/5/cron/nightly/key/?status={word}&environment=prod&check_in_id=run1"
                for word in ("in_progress", "ok", "error")
            ],
        )

    def test_uptime_kuma_is_called_by_its_words_and_not_at_the_start(self) -> None:
        url = "https://kuma.example.org/api/push/abc?status=up&msg=OK&ping="
        self.assertEqual(self.addresses(url), [None, url, url.replace("status=up", "status=down")])

    def end(self, result: str, server: Receiver, **fields: Any) -> Notification:
        report = make_ended(result)
        Task.objects.filter(pk=report.task_id).update(ping_url=f"{server.url}/abc", **fields)
        report = LaunchReport.objects.select_related("task").get(pk=report.pk)
        say(report, "one", "two")
        report.refresh_from_db()
        plan(report)
        with override("en"):
            send_due()
        return report.notifications.get()

    def test_the_end_is_told_with_its_result(self) -> None:
        with receiver() as server:
            for result in ("ok", "warnings", "errors", "failed", "lost", "stopped", "timeout"):
                self.assertEqual(self.end(result, server).state, "sent")
        paths = [urlsplit(path).path for path in server.paths]
        self.assertEqual(paths, ["/abc", "/abc", *["/abc/fail"] * 5])
        self.assertEqual({request.method for request in server.requests}, {"GET"})

    @override_settings(EZTASKMANAGER_PING_LOG_LINES=1)
    def test_the_end_of_the_log_goes_along_with_a_failure_where_asked_for(self) -> None:
        with receiver() as server:
            self.end("ok", server)
            self.end("failed", server)
        self.assertEqual([request.method for request in server.requests], ["GET", "POST"])
        self.assertIn("two", server.requests[1].body.decode())
        self.assertNotIn("one", server.requests[1].body.decode().replace("1 line", ""))

    def test_one_that_fails_is_kept_and_tried_again(self) -> None:
        with receiver() as server, self.assertLogs("eztaskmanager", "ERROR"):
            server.always(500)
            row = self.end("ok", server)
        self.assertEqual(
            (row.state, row.attempts, row.error), ("waiting", 1, "127.0.0.1 answered 500 Internal Server Error.")
        )

    def test_what_will_be_retried_or_was_skipped_is_not_told(self) -> None:
        report = make_ended("failed")
        report.task.ping_url = "http://127.0.0.1:1/"
        self.assertEqual(plan(report, will_be_retried=True), 0)
        report.invocation_result = "skipped"
        self.assertEqual(plan(report), 0)

    def test_the_start_is_told_beside_the_run(self) -> None:
        report = make_ended("ok")
        with receiver() as server:
            server.never()
            report.task.ping_url = f"{server.url}/abc"
            ping = StartPing(report)
            pids: list[int] = []
            began = time.monotonic()
            ping.wrap(pids.append)(7)
            self.assertLess(time.monotonic() - began, 5)
            self.assertEqual(pids, [7])
            server.release.set()
            ping.wait()
        self.assertEqual(parse_qs(urlsplit(server.paths[0]).query).keys(), {"rid"})
        self.assertNotIn("eztaskmanager ping", [thread.name for thread in threading.enumerate()])

    def test_a_task_without_an_address_costs_nothing(self) -> None:
        report = make_ended("ok")
        started = print
        with self.assertNumQueries(0):
            self.assertIs(StartPing(report).wrap(started), started)
            self.assertEqual(plan(report), 0)

    def test_only_whole_web_addresses_are_taken(self) -> None:
        for url in ("https://hc.example.org/abc", "http://checks:8000/x?y=1", "http://127.0.0.1/"):
            validate_web_address(url)
        for url in (
            "hc.example.org",
            "ftp://x/",
            "javascript:alert(1)",
            "http://",
            "http://a b/",
            "http://x\n",
            "http://[",
        ):
            with self.subTest(url), self.assertRaises(ValidationError):
                validate_web_address(url)
