"""The worker's call: claims one report, supervises its command, and writes down how it ended."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

from django.utils import timezone
from django.utils.translation import gettext

from eztaskmanager.arguments import validate
from eztaskmanager.exceptions import ArgumentsError, TaskQueueException
from eztaskmanager.log_extra import about, about_ids
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services.alerting.silence import notice_silence
from eztaskmanager.services.claiming import claim
from eztaskmanager.services.logger import level_of_run
from eztaskmanager.services.notifications import send_due
from eztaskmanager.services.notifications.pinging import StartPing
from eztaskmanager.services.patience import until_it_works
from eztaskmanager.services.recorder import Recorder
from eztaskmanager.services.retention import prune_after_run
from eztaskmanager.services.scheduling.handing_over import hand_over_waiting
from eztaskmanager.services.scheduling.sweeping import lose_silent
from eztaskmanager.settings import app_settings
from eztaskmanager.signals import run_finished, run_started
from eztaskmanager.supervision import Job, Outcome, supervise

logger = logging.getLogger(__name__)

RESULTS = {
    "raised": LaunchReport.RESULT_FAILED,
    "killed": LaunchReport.RESULT_FAILED,
    "stopped": LaunchReport.RESULT_STOPPED,
    "timeout": LaunchReport.RESULT_TIMEOUT,
}


def run_management_command(task_id: int, report_id: int | None = None) -> str | None:
    """Run a task's command in a child process, and keep what it says and how it ends.

    The one thing a worker calls, whatever its engine. It does not raise for what the command does.

    Args:
        task_id: Primary key of the `Task`.
        report_id: Primary key of the queued `LaunchReport`; without one a report is made.

    Returns:
        The result of the run, or None when there was nothing to run.
    """
    lost = end_silent_runs()
    report = until_it_works(partial(claim, task_id, report_id), extra=about_ids(task_id, report_id))
    if report is None:
        _tell(lost)
        return None
    run_started.send_robust(sender=LaunchReport, report=report)
    ping = StartPing(report)
    outcome = _run(report, ping)
    ended = until_it_works(partial(_finish, report, outcome), extra=about(report))
    # What was not ended here was deleted meanwhile, but for a commit whose answer was lost.
    is_there = ended or until_it_works(partial(_read_again, report), extra=about(report))
    _after(report, is_there=is_there)
    ping.wait()
    _tell([report, *lost])
    _do(_notice_silence, report)
    return report.invocation_result


def end_silent_runs() -> list[LaunchReport]:
    """Sweep the runs whose worker is gone, and do what their own worker would have done after their end.

    What is to be told of them waits for the next tick, or for the caller.
    """
    lost = until_it_works(partial(lose_silent, timezone.now()))
    for report in lost:
        _after(report)
    return lost


def _run(report: LaunchReport, ping: StartPing) -> Outcome:
    try:
        argv = validate(report.command, report.arguments)
        level = level_of_run(argv)
    except ArgumentsError as exc:
        return Outcome(end="raised", exit_code=None, error=str(exc), cpu_seconds=0.0, max_rss=0)
    job = Job(
        command=report.command,
        argv=tuple(argv),
        launch_report_id=report.pk,
        log_level=level,
        isolation=app_settings.ISOLATION,
        mirror=app_settings.MIRROR_OUTPUT,
        task_id=report.task_id,
    )
    with Recorder(report.pk, task_id=report.task_id) as recorder:
        return supervise(
            job,
            journal=recorder,
            should_stop=recorder.should_stop,
            time_limit=report.task.time_limit,
            stop_grace=app_settings.STOP_GRACE,
            started=ping.wrap(recorder.note_pid),
        )


def _finish(report: LaunchReport, outcome: Outcome) -> bool:
    result, error = RESULTS.get(outcome.end), outcome.error
    if outcome.end == "exited" and outcome.exit_code:
        result = LaunchReport.RESULT_FAILED
        error = error or gettext("The command exited with code %(code)d.") % {"code": outcome.exit_code}
    return report.finish(
        result,
        exit_code=outcome.exit_code,
        error=error,
        cpu_seconds=outcome.cpu_seconds,
        max_rss=outcome.max_rss,
    )


def _read_again(report: LaunchReport) -> bool:
    """Take over how the run ended by the books; return whether they know of it."""
    try:
        report.refresh_from_db(fields=report.RUN_FIELDS)
    except LaunchReport.DoesNotExist:
        return False
    return True


def _after(report: LaunchReport, *, is_there: bool = True) -> None:
    """Do what follows an end and takes no time; none of it may hurt the run, or each other.

    Of a report that is gone nobody is told.
    """
    if is_there:
        run_finished.send_robust(sender=LaunchReport, report=report)
    _do(_let_the_next_run, report)
    if is_there:
        _do(prune_after_run, report)


def _do(step: Callable[[LaunchReport], object], report: LaunchReport) -> None:
    try:
        step(report)
    except Exception:  # The run is over and on record; its worker goes on.
        logger.exception("After the run of %s: %s failed.", report, step.__name__, extra=about(report))


def _tell(reports: Sequence[LaunchReport]) -> None:
    """Tell of runs what is written down; what fails is tried again by the tick."""
    # Nearly always nothing is, and that is known without asking.
    if reports and (app_settings.NOTIFICATION_HANDLERS or any(report.task.ping_url for report in reports)):
        _do(lambda report: send_due(of=reports), reports[0])


def _notice_silence(report: LaunchReport) -> None:
    """Where nobody ticks, somebody has to say so, and to tell what a tick would."""
    if notice_silence(report):
        send_due()


def _let_the_next_run(report: LaunchReport) -> None:
    if report.task.overlap != Task.Overlap.QUEUE:
        return
    try:
        hand_over_waiting(report.task_id)
    except TaskQueueException as exc:
        logger.warning("The next run of %s waits for the engine: %s", report.task, exc, extra=about(report))
