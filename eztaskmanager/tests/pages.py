"""Pages in a real browser: Debian's Chromium, through Playwright."""

from __future__ import annotations

import os
import time
from typing import Any, ClassVar

from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.test import override_settings, tag

from eztaskmanager.models import LaunchReport
from eztaskmanager.output import Line
from eztaskmanager.services.log_writer import LogWriter
from eztaskmanager.tests.factories import make_user
from eztaskmanager.tests.services import browser_path, require

PATIENCE = 60_000
# Of screens that the admin is used on: with the bars on both sides of a list, and on phones.
WIDTHS = (1920, 1440, 1366, 1280, 1024, 768, 390, 360)
# How many pixels of what a selector finds are cut off at the right of a list; at least 0.
CUT_OFF = """selector => {
  const room = Math.min(innerWidth, document.querySelector('.results').getBoundingClientRect().right);
  return Math.max(...[...document.querySelectorAll(`.results :is(${selector})`)].map(
    one => Math.max(0, one.getBoundingClientRect().right - room)));
}"""
SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STRICT_POLICY = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; object-src 'none'"


def strict_policy(get_response: Any) -> Any:
    """Make the middleware that forbids everything but what comes from our own files."""

    def middleware(request: Any) -> Any:
        response = get_response(request)
        response["Content-Security-Policy"] = STRICT_POLICY
        return response

    return middleware


@tag("browser")
@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class BrowserTestCase(StaticLiveServerTestCase):
    """One browser for the class, one page for each test, a superuser logged in, and a strict policy on each page.

    Attributes:
        policy: The path of the middleware that sends the policy.
    """

    policy: ClassVar[str] = "eztaskmanager.tests.pages.strict_policy"
    _playwright: ClassVar[Any]
    _browser: ClassVar[Any]
    page: Any

    @classmethod
    def setUpClass(cls) -> None:
        path = require(browser_path)
        from playwright.sync_api import sync_playwright  # A development dependency.

        # Playwright keeps an event loop in this thread, in which Django would refuse to ask the database.
        before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        cls.addClassCleanup(_restore, "DJANGO_ALLOW_ASYNC_UNSAFE", before)
        with_policy = override_settings(MIDDLEWARE=[*_middleware(), cls.policy], LANGUAGE_CODE="en")
        with_policy.enable()
        cls.addClassCleanup(with_policy.disable)
        super().setUpClass()
        cls._playwright = sync_playwright().start()
        cls.addClassCleanup(cls._playwright.stop)
        cls._browser = cls._playwright.chromium.launch(executable_path=path, args=SWITCHES)
        cls.addClassCleanup(cls._browser.close)

    def setUp(self) -> None:
        self.user = make_user("admin", is_superuser=True)
        self.client.force_login(self.user)
        self.complaints: list[str] = []
        self.page = self.open_page()

    def open_page(self, **options: Any) -> Any:
        """Open a page of one's own, logged in; what it complains of fails the test."""
        options.setdefault("viewport", {"width": 1280, "height": 800})
        context = self._browser.new_context(locale="en-US", timezone_id="Europe/Rome", **options)
        self.addCleanup(context.close)
        context.set_default_timeout(PATIENCE)
        session = self.client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": self.live_server_url}])
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        return page

    def tearDown(self) -> None:
        # The server has no icon, and where one test takes a line away, that is said too.
        said = [text for text in self.complaints if "Failed to load resource" not in text]
        self.assertEqual(said, [])

    def go(self, address: str) -> None:
        """Go to an address of the site."""
        self.page.goto(f"{self.live_server_url}{address}")

    def wait(self, script: str, argument: Any = None) -> None:
        """Wait until a JavaScript expression is true."""
        self.page.wait_for_function(script, arg=argument, timeout=PATIENCE)

    def texts(self, selector: str) -> list[str]:
        """Read the texts of the elements that are seen."""
        found = self.page.locator(selector).locator("visible=true")
        return [text.strip() for text in found.all_inner_texts() if text.strip()]


def say(report: LaunchReport, *messages: str, level: str = "INFO", stream: str = "log") -> None:
    """Log lines of a run, as its recorder would."""
    LogWriter(report.pk).write([Line(time.time(), level, stream, message) for message in messages])


def _middleware() -> list[str]:
    from django.conf import settings  # At the moment of use.

    return list(settings.MIDDLEWARE)


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
