"""How it all stands, in the words of monitoring."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _, ngettext

from eztaskmanager.models import Alert, LaunchReport, TickerBeat
from eztaskmanager.services.alerting import finding
from eztaskmanager.services.alerting.finding import Kind
from eztaskmanager.services.alerting.keeping import believable, settle
from eztaskmanager.settings import app_settings

OK, WARNING, CRITICAL, UNKNOWN = range(4)
WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong.

    Attributes:
        kind: An `Alert.Kind`.
        code: WARNING or CRITICAL.
        message: For people.
        task_id: The task it is about, if it is about one.
        since: When it began, or was noticed.
    """

    kind: str
    code: int
    message: str
    task_id: int | None
    since: dt.datetime


@dataclass(frozen=True)
class Status:
    """How it stands.

    Attributes:
        code: The worst: OK, WARNING, CRITICAL or UNKNOWN.
        problems: Worst first.
        figures: Name → value, for those who draw curves.
        summary: One sentence.
    """

    code: int
    problems: list[Trouble]
    figures: dict[str, int]
    summary: str


def get_status(warning_after: float, critical_after: float) -> Status:
    """Look at everything, raise and end alerts, and tell how it stands.

    Args:
        warning_after: Seconds that a run may be late, or wait, before it is a warning.
        critical_after: Seconds before it is critical.
    """
    now, usual = timezone.now(), app_settings.LATE_AFTER
    late = list(finding.find_late(now, min(usual, warning_after)))
    others = [*finding.find_stuck(now), *finding.find_set_aside(), *finding.find_silent_ticker(now)]
    queues = finding.find_queues()
    idle = [] if queues is None else list(finding.find_idle_queues(now, queues, warning_after))
    # Alerts go by what ticks go by, or the two would raise and end them in turn.
    believed = believable(idle, usual)
    kinds = {Kind.LATE, Kind.STUCK, Kind.SCHEDULE, Kind.TICKER}
    kinds |= set() if queues is None else {Kind.WORKER}
    settle([problem for problem in late if problem.seconds > usual] + others + believed, kinds)

    alerts = {alert.open_key: alert for alert in Alert.objects.open()}
    found = {problem.open_key: problem for problem in late if problem.seconds > warning_after}
    found |= {problem.open_key: problem for problem in [*others, *idle]}
    problems = []
    for key, problem in found.items():
        alert = alerts.pop(key, None)
        is_critical = alert.is_critical if alert is not None else problem.kind == Kind.TICKER
        is_critical |= problem.kind == Kind.LATE and problem.seconds >= critical_after
        since = alert.raised_at if alert is not None else now - dt.timedelta(seconds=problem.seconds)
        code = CRITICAL if is_critical else WARNING
        problems.append(Trouble(problem.kind, code, problem.message, problem.task_id, since))
    for alert in alerts.values():
        # What is not found by looking: runs that were lost, and queues of an engine that is away.
        if alert.kind != Kind.LATE:
            code = CRITICAL if alert.is_critical else WARNING
            problems.append(Trouble(alert.kind, code, alert.message, alert.task_id, alert.raised_at))
    if queues is None:
        message = _("The queue service does not tell how its queues do, so nobody knows whether runs are taken.")
        problems.append(Trouble(Kind.WORKER, WARNING, message, None, now))
    problems.sort(key=lambda problem: -problem.code)
    reports = LaunchReport.objects.all()
    figures = {
        "alerts": len(problems),
        "queued": reports.queued().count(),
        "running": reports.started().count(),
        "late": sum(problem.kind == Kind.LATE for problem in problems),
        "stuck": sum(problem.kind == Kind.STUCK for problem in problems),
        "tickers": sum(ticker.is_alive(now) for ticker in TickerBeat.objects.all()),
    }
    if queues is not None:
        figures["workers"] = sum(queue.workers or 0 for queue in queues)
    return Status(max((problem.code for problem in problems), default=OK), problems, figures, _summarize(problems))


def _summarize(problems: list[Trouble]) -> str:
    if not problems:
        return _("all is well")
    n_critical = sum(problem.code == CRITICAL for problem in problems)
    words = ngettext("%(count)d alert", "%(count)d alerts", len(problems)) % {"count": len(problems)}
    return _("%(alerts)s, %(count)d critical") % {"alerts": words, "count": n_critical} if n_critical else words
