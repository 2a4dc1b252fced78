"""What goes wrong while people are told: secrets stay secret, nothing goes on for ever, and no run suffers from it."""

from __future__ import annotations

import io
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import TestCase as PlainTestCase, mock
from urllib.parse import urlsplit

from django.core.management import CommandError, call_command
from django.test import TestCase, TransactionTestCase, override_settings
from django.utils import timezone

from eztaskmanager.models import Alert, LaunchReport, Notification, Task
from eztaskmanager.services import run_management_command
from eztaskmanager.services.notifications import DeliveryFailed, Message, MessageHandler, check_handlers, send_due
from eztaskmanager.services.notifications.email import EmailNotificationHandler
from eztaskmanager.services.notifications.http import call
from eztaskmanager.services.notifications.messages import message_about_run
from eztaskmanager.services.notifications.outbox import plan_alert
from eztaskmanager.services.notifications.sending import MOST_ATTEMPTS
from eztaskmanager.services.notifications.slack import SlackNotificationHandler, SlackWebhookNotificationHandler
from eztaskmanager.services.notifications.wording import LONGEST_TAIL, get_log_tail
from eztaskmanager.tests.factories import make_report, make_task
from eztaskmanager.tests.receivers import receiver
from eztaskmanager.tests.pages import say
from eztaskmanager.tests.test_notification_outbox import WEBHOOK, ListingHandler, mine
from eztaskmanager.tests.test_notifications import handlers, mail_by_smtp, make_ended

HERE = __name__
LISTING = "eztaskmanager.tests.test_notification_outbox.ListingHandler"
LEAKY = "eztaskmanager.tests.test_notification_outbox.LeakyHandler"
NOBODY = "http://127.0.0.1:1/services/s3cret-path"


class ExitingHandler(MessageHandler):
    """Ends whoever tells by it."""

    def tell(self, message: Message) -> None:
        sys.exit(3)


class UnmadeHandler(MessageHandler):
    """Cannot be made for now."""

    fault: BaseException | None = None

    def __init__(self, level: str = "failed") -> None:
        if self.fault is not None:
            raise self.fault
        super().__init__(level)

    def tell(self, message: Message) -> None:
        ListingHandler.told.append((message.event, "unmade"))


@contextmanager
def dripping_server(greeting: bytes = b"HTTP/1.1 200 OK\r\nX-Long: ") -> Iterator[str]:
    """Serve an answer that comes byte by byte, and never to its end."""
    is_over = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(greeting)
            while not is_over.wait(0.05):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/s3cret-path"
        finally:
            is_over.set()
            thread.join()


class PatienceTests(PlainTestCase):
    def test_a_server_that_answers_byte_by_byte_is_not_waited_for(self) -> None:
        with dripping_server() as url:
            began = time.monotonic()
            with self.assertRaisesRegex(DeliveryFailed, "127.0.0.1 did not come to an end within 1.5 s.") as caught:
                call("GET", url, timeout=0.5)
            self.assertLess(time.monotonic() - began, 30)
        self.assertNotIn("s3cret", str(caught.exception))


class SlackPatienceTests(TestCase):
    def test_one_that_answers_byte_by_byte_is_not_waited_for(self) -> None:
        for is_bot in (True, False):
            with self.subTest(is_bot=is_bot), dripping_server() as url:
                handler = (
                    SlackNotificationHandler("xoxb-1", "#ops", timeout=1, base_url=url)
                    if is_bot
                    else SlackWebhookNotificationHandler(url, timeout=1)
                )
                with self.assertRaisesRegex(DeliveryFailed, "Slack did not come to an end within 3 s."):
                    handler.tell(message_about_run(make_ended()))


class MailPatienceTests(TestCase):
    def test_a_mail_server_that_answers_byte_by_byte_is_not_waited_for(self) -> None:
        for own, options in ((0.5, {}), (60, {"timeout": 0.5})):
            with dripping_server(b"220 ") as url:
                port = urlsplit(url).port
                handler = EmailNotificationHandler(None, "ops@example.org", timeout=own)
                began = time.monotonic()
                with self.subTest(own), mail_by_smtp(host="127.0.0.1", port=port, **options):
                    with self.assertRaisesRegex(DeliveryFailed, "The mail server did not come to an end within 1.5 s."):
                        handler.tell(message_about_run(make_ended()))
                self.assertLess(time.monotonic() - began, 30)


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory", LANGUAGE_CODE="en")
class FaultTests(TestCase):
    def setUp(self) -> None:
        ListingHandler.told = []

    def end(self, result: str = "failed", **fields: str) -> LaunchReport:
        report = make_report(make_task(**fields), state="started", started_at=timezone.now())
        report.finish(result)
        return report

    def test_addresses_and_tokens_do_not_get_into_the_log_of_the_worker(self) -> None:
        ways: tuple[tuple[Any, dict[str, str]], ...] = (
            (handlers(hook={"class": WEBHOOK, "url": NOBODY, "level": "ok"}), {}),
            (handlers(broken={"class": LEAKY, "token": "s3cret-token", "level": "ok"}), {}),
            (handlers(), {"ping_url": NOBODY}),
        )
        for configured, fields in ways:
            with self.subTest(fields), configured, self.assertLogs("eztaskmanager", "ERROR") as logs:
                self.assertEqual(send_due(of=[self.end(**fields)]), 0)
            # As it is written, with whatever traceback.
            self.assertIn("did not tell about", logs.output[0])
            self.assertNotIn("s3cret", "\n".join(logs.output))

    def test_one_that_exits_is_noted_and_the_next_is_told(self) -> None:
        exits = {"class": f"{HERE}.ExitingHandler", "level": "failed"}
        with handlers(exits=exits, mine={"class": LISTING, "level": "failed"}):
            report = self.end()
            with self.assertLogs("eztaskmanager", "ERROR"):
                self.assertEqual(send_due(of=[report]), 1)
            row = report.notifications.get(handler="exits")
            self.assertEqual((row.state, row.attempts, row.error), ("waiting", 1, "SystemExit: 3"))
            with self.assertRaisesMessage(CommandError, "It was not told: SystemExit: 3"):
                call_command("testnotification", "exits", stdout=io.StringIO())

    def test_one_that_cannot_be_made_is_on_record_until_it_can(self) -> None:
        for fault in (OSError("no such device"), SystemExit(4)):
            with self.subTest(fault), handlers(unmade={"class": f"{HERE}.UnmadeHandler"}):
                with mock.patch.object(UnmadeHandler, "fault", fault), self.assertLogs("eztaskmanager", "ERROR"):
                    reports = [self.end("failed"), self.end("ok")]
                    self.assertEqual(send_due(of=reports), 0)
                    row = reports[0].notifications.get()
                    self.assertEqual((row.attempts, row.error), (1, f"{type(fault).__name__}: {fault}"))
                Notification.objects.filter(report__in=reports).update(due_at=timezone.now())
                # It is of the opinion that the other is no concern.
                self.assertEqual((send_due(), ListingHandler.told.pop()), (1, ("failed", "unmade")))
                self.assertFalse(reports[1].notifications.exists())

    def test_an_alert_for_one_that_cannot_be_loaded_is_on_record(self) -> None:
        for path in ("no.such.Handler", "eztaskmanager.tests.exiting.Handler"):
            with self.subTest(path), handlers(missing={"class": path}):
                alert = Alert.objects.create(kind="ticker", open_key=path, message="Nobody ticks.")
                plan_alert(alert)
                with self.assertLogs("eztaskmanager", "ERROR"):
                    send_due()
                self.assertEqual(alert.notifications.get().attempts, 1)

    def test_a_module_that_exits_while_it_is_imported_is_an_error_of_the_check(self) -> None:
        with handlers(mine={"class": "eztaskmanager.tests.exiting.Handler"}):
            (error,) = check_handlers()
        self.assertEqual(error.id, "eztaskmanager.E021")
        self.assertIn("SystemExit: 5", error.msg)

    def test_the_end_of_a_log_that_is_told_is_bounded(self) -> None:
        report = make_ended()
        say(report, "first", "x" * 300_000 + "--token abc123", "last")
        report.refresh_from_db()
        tail = get_log_tail(report, 5)
        self.assertEqual(len(tail), LONGEST_TAIL)
        self.assertTrue(tail.startswith("Only the end of it, for it is long:\n…xxx"), tail[:100])
        self.assertTrue(tail.endswith(" - last"))
        self.assertEqual(get_log_tail(report, 1).splitlines()[-1].rpartition(" - ")[2], "last")

    def test_one_that_its_senders_die_of_is_given_up(self) -> None:
        with mine():
            report = self.end()
            report.notifications.update(attempts=MOST_ATTEMPTS)
            with self.assertLogs("eztaskmanager", "ERROR"):
                self.assertEqual(send_due(), 0)
        row = report.notifications.get()
        self.assertEqual((row.state, row.due_at, ListingHandler.told), ("failed", None, []))
        self.assertEqual(row.error, "Those who were to tell it died, each time.")

    def test_the_address_of_a_run_that_came_back_is_not_called_for_its_loss(self) -> None:
        with receiver() as server:
            report = self.end("lost", ping_url=server.url)
            LaunchReport.objects.filter(pk=report.pk).beat()
            self.assertEqual(send_due(), 0)
            self.assertFalse(report.notifications.exists())
            report.finish("ok")
            self.assertEqual(send_due(), 1)
        self.assertEqual([path.partition("?")[0] for path in server.paths], ["/"])


class AddressTests(TransactionTestCase):
    @override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
    def test_an_address_that_means_nothing_hurts_no_run(self) -> None:
        task = make_task("ez_end", "return")
        # By hand, past every form.
        Task.objects.update(ping_url="http://[nonsense")
        with self.assertLogs("eztaskmanager", "WARNING"):
            result = run_management_command(task.pk, task.launch().pk)
        self.assertEqual((result, LaunchReport.objects.get().state), ("ok", "finished"))
