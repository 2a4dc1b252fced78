"""What goes wrong while people are told: secrets stay secret, nothing goes on for ever, and no run suffers from it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import TestCase as PlainTestCase

from django.test import TestCase, TransactionTestCase, override_settings
from django.utils import timezone

from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services import run_management_command
from eztaskmanager.services.notifications import DeliveryFailed, send_due
from eztaskmanager.services.notifications.http import call
from eztaskmanager.services.notifications.sending import MOST_ATTEMPTS
from eztaskmanager.tests.factories import make_report, make_task
from eztaskmanager.tests.receivers import receiver
from eztaskmanager.tests.test_notification_outbox import WEBHOOK, ListingHandler, mine
from eztaskmanager.tests.test_notifications import handlers

LEAKY = "eztaskmanager.tests.test_notification_outbox.LeakyHandler"
NOBODY = "http://127.0.0.1:1/services/s3cret-path"


@contextmanager
def dripping_server() -> Iterator[str]:
    """Serve an answer that comes byte by byte, and never to its end."""
    is_over = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
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
