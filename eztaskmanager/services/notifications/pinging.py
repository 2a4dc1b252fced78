"""The address that a task itself gives, called when a run starts and ends: for services that watch over tasks.

Two ways are known. One calls the address itself when all is well, and `…/start` and `…/fail` (healthchecks and those
like it). The other says it by a parameter `status` of the address (Sentry's cron monitors; Uptime Kuma, by its words).
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from eztaskmanager.log_extra import about
from eztaskmanager.models import LaunchReport, Notification
from eztaskmanager.services.notifications.wording import get_log_tail
from eztaskmanager.settings import app_settings

logger = logging.getLogger(__name__)

TIMEOUT = 10
START, SUCCESS, FAIL = "start", "success", "fail"
GOOD = (LaunchReport.RESULT_OK, LaunchReport.RESULT_WARNINGS)
# The word that stands in the address tells whose words are meant; None says nothing at that moment.
SENTRY: dict[str, str | None] = {START: "in_progress", SUCCESS: "ok", FAIL: "error"}
KUMA: dict[str, str | None] = {START: None, SUCCESS: "up", FAIL: "down"}


def address_of(url: str, moment: str, run_id: str) -> str | None:
    """Tell which address is called.

    Args:
        url: As the task gives it.
        moment: start, success or fail.
        run_id: A UUID, the same at the start and at the end of a run, by which a service joins the two.

    Returns:
        The address, or None when nothing is called at that moment.
    """
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    given = dict(query)
    if "status" in given:
        is_kuma = given["status"] in KUMA.values()
        status = (KUMA if is_kuma else SENTRY)[moment]
        if status is None:
            return None
        query = [(name, status if name == "status" else value) for name, value in query]
        if not is_kuma:
            query.append(("check_in_id", run_id))
        return urlunsplit(parts._replace(query=urlencode(query)))
    path = parts.path if moment == SUCCESS else f"{parts.path.rstrip('/')}/{moment}"
    return urlunsplit(parts._replace(path=path, query=urlencode([*query, ("rid", run_id)])))


def run_id_of(report: LaunchReport) -> str:
    """Give the UUID of a run; none but those who know the task's address can tell it."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{report.task.ping_url}#{report.pk}").hex


class StartPing:
    """The call at the start, made beside the run: neither waits for the other.

    Args:
        report: The run.
    """

    def __init__(self, report: LaunchReport) -> None:
        self._report = report
        self._thread: threading.Thread | None = None

    def wrap(self, started: Callable[[int], None]) -> Callable[[int], None]:
        """Give what is called once the command's process is there; a thread before that would forbid to fork."""
        if not self._report.task.ping_url:
            return started

        def start(pid: int) -> None:
            started(pid)
            self._thread = threading.Thread(target=self._call, name="eztaskmanager ping", daemon=True)
            self._thread.start()

        return start

    def wait(self) -> None:
        """Return when it is over, so that the end is not told before the start."""
        if self._thread is not None:
            self._thread.join(2 * TIMEOUT)

    def _call(self) -> None:
        report = self._report
        try:
            address = address_of(report.task.ping_url, START, run_id_of(report))
            if address is not None:
                _call(address)
        except Exception as exc:  # The edge of the thread; that a run has started is not told again later.
            logger.warning("The start of a run was not told to the address of its task: %s", exc, extra=about(report))


def ping_end(row: Notification) -> None:
    """Call the address of the task of a run that ended.

    Raises:
        DeliveryFailed: It did not answer well.
        ImportError: The extra `webhook` is not installed.
    """
    report = row.report
    assert report is not None
    is_good = report.invocation_result in GOOD
    address = address_of(report.task.ping_url, SUCCESS if is_good else FAIL, run_id_of(report))
    n_lines = app_settings.PING_LOG_LINES
    _call(address or "", "" if is_good or not n_lines else get_log_tail(report, n_lines))


def _call(address: str, text: str = "") -> None:
    # An extra, which only those who give an address need.
    from eztaskmanager.services.notifications.http import call

    if not text:
        call("GET", address, timeout=TIMEOUT)
        return
    call("POST", address, text.encode(), {"Content-Type": "text/plain; charset=utf-8"}, TIMEOUT)
