"""What the built-in handlers refuse, at once and with a sentence, and the check with them."""

from __future__ import annotations

from typing import Any
from unittest import TestCase

from django.test import SimpleTestCase

from eztaskmanager.services import notifications
from eztaskmanager.services.notifications import NotificationHandler, check_handlers
from eztaskmanager.tests.test_notifications import StillbornHandler, handlers

PACKAGE = "eztaskmanager.services.notifications"
GOOD: dict[str, dict[str, Any]] = {
    "EmailNotificationHandler": {"from_email": None, "recipients": ['"Ops, all" <ops@example.org>', "root"]},
    "WebhookNotificationHandler": {"url": "https://example.org/s3cret-path"},
    "SlackNotificationHandler": {"token": "s3cret-token", "channel": "#ops"},
    "SlackWebhookNotificationHandler": {"url": "https://example.org/s3cret-path"},
    "AppriseNotificationHandler": {"urls": ["json://example.org/s3cret-path"]},
}
WRONG: tuple[tuple[str, str, tuple[Any, ...], str], ...] = (
    ("EmailNotificationHandler", "from_email", (5, "two words"), "no address such as"),
    ("EmailNotificationHandler", "recipients", (None, 5, [], "", {}, [None]), "at least one address"),
    ("EmailNotificationHandler", "recipients", ("two words", ["a@example.org", "@"], "a@b.org\nc@d.org"), "no address"),
    ("EmailNotificationHandler", "recipients", ("a@example.org, b@example.org",), "no address"),
    ("EmailNotificationHandler", "timeout", (-1, 0, "x", None, True, float("nan"), float("inf")), "above 0"),
    ("EmailNotificationHandler", "log_lines", ("ten", -1, 1.5, None, True), "a whole number from 0 on"),
    (
        "WebhookNotificationHandler",
        "url",
        (None, "not an address", "ftp://x/s3cret-path", 5, ""),
        "https:// or http://",
    ),
    ("WebhookNotificationHandler", "secret", (None, 5), "a text"),
    ("WebhookNotificationHandler", "headers", ("x", ["x"], {"X-Token": 5}, {5: "x"}), "texts to texts"),
    ("WebhookNotificationHandler", "timeout", (-1, "x"), "above 0"),
    ("SlackNotificationHandler", "token", (None, "", 5), "a text"),
    ("SlackNotificationHandler", "channel", (None, "", 5), "a text"),
    ("SlackNotificationHandler", "timeout", (-1, "x"), "above 0"),
    ("SlackNotificationHandler", "base_url", (None, "nonsense"), "https:// or http://"),
    ("SlackWebhookNotificationHandler", "url", (None, "nonsense", "file:///s3cret-path"), "https:// or http://"),
    ("SlackWebhookNotificationHandler", "timeout", (-1, "x"), "above 0"),
    ("AppriseNotificationHandler", "urls", (None, [], 5, "", [5]), "at least one address"),
)


class ArgumentTests(TestCase):
    def test_each_wrong_argument_is_refused_with_what_is_allowed(self) -> None:
        for name, argument, values, allowed in WRONG:
            for value in values:
                with self.subTest(name, argument=argument, value=value):
                    with self.assertRaisesRegex(ValueError, f"{argument}.*{allowed}") as caught:
                        getattr(notifications, name)(**{**GOOD[name], argument: value})
                    self.assertNotIn("s3cret", str(caught.exception))

    def test_good_ones_are_taken(self) -> None:
        for name, arguments in GOOD.items():
            with self.subTest(name):
                self.assertIsInstance(getattr(notifications, name)(**arguments), NotificationHandler)


class CheckTests(SimpleTestCase):
    def check(self, path: str, **arguments: Any) -> list[tuple[str | None, str]]:
        with handlers(mine={"class": path, **arguments}):
            return [(message.id, message.msg) for message in check_handlers()]

    def test_each_wrong_argument_of_a_handler_of_this_package_is_found(self) -> None:
        for name, argument, values, allowed in WRONG:
            with self.subTest(name, argument=argument):
                ((number, message),) = self.check(f"{PACKAGE}.{name}", **{**GOOD[name], argument: values[0]})
                self.assertEqual(number, "eztaskmanager.W021")
                self.assertRegex(message, f"{argument}.*{allowed}")

    def test_secrets_are_not_told(self) -> None:
        with self.assertLogs("apprise", "ERROR"):
            ((number, message),) = self.check(f"{PACKAGE}.AppriseNotificationHandler", urls=["nonsense-s3cret"])
        self.assertEqual(number, "eztaskmanager.W021")
        self.assertNotIn("s3cret", message)

    def test_a_wrong_level_is_told_once(self) -> None:
        path = f"{PACKAGE}.EmailNotificationHandler"
        found = self.check(path, **GOOD["EmailNotificationHandler"], level="loud")
        self.assertEqual([number for number, _ in found], ["eztaskmanager.E023"])

    def test_good_ones_pass(self) -> None:
        for name, arguments in GOOD.items():
            with self.subTest(name):
                self.assertEqual(self.check(f"{PACKAGE}.{name}", **arguments), [])

    def test_a_class_of_a_project_is_not_made(self) -> None:
        self.assertEqual(self.check(f"{StillbornHandler.__module__}.StillbornHandler"), [])
