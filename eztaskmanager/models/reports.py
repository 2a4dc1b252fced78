"""What happened: one report for each run."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.signals import post_delete, pre_delete
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy as _, ngettext

from eztaskmanager.arguments import mask_arguments
from eztaskmanager.exceptions import LaunchRefused, TaskQueueException
from eztaskmanager.log_extra import about
from eztaskmanager.models.logs import Log
from eztaskmanager.models.report_queries import LaunchReportQuerySet, tasks_by_pk
from eztaskmanager.models.run_totals import RunTotal
from eztaskmanager.models.states import Result, State, Trigger
from eztaskmanager.output import clean_text
from eztaskmanager.signals import run_cancelled, run_ended, run_finished, run_queued, task_acted

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

logger = logging.getLogger(__name__)

# Seconds; ten years.
LONGEST_RETRY_DELAY = 315_360_000


class LaunchReport(models.Model):
    """One run of a task: queued, then started, then finished, and never back but from *lost*."""

    State = State
    Result = Result
    Trigger = Trigger

    RESULT_NO = Result.NO.value
    RESULT_OK = Result.OK.value
    RESULT_WARNINGS = Result.WARNINGS.value
    RESULT_ERRORS = Result.ERRORS.value
    RESULT_FAILED = Result.FAILED.value
    RESULT_STOPPED = Result.STOPPED.value
    RESULT_TIMEOUT = Result.TIMEOUT.value
    RESULT_LOST = Result.LOST.value
    RESULT_SKIPPED = Result.SKIPPED.value
    RUN_FIELDS = (
        "state",
        "invocation_result",
        "started_at",
        "finished_at",
        "exit_code",
        "error",
        "stop_requested_at",
        "stopped_by",
        "n_log_lines",
        "n_log_warnings",
        "n_log_errors",
        "n_log_lines_counted",
        "cpu_seconds",
        "max_rss",
    )
    RETRIED = (RESULT_FAILED, RESULT_TIMEOUT, RESULT_LOST)

    # Without an index of its own, for three others begin with it.
    task = models.ForeignKey("eztaskmanager.Task", verbose_name=_("task"), on_delete=models.CASCADE, db_index=False)
    invocation_result = models.CharField(
        _("result"), max_length=20, choices=Result.choices, default="", blank=True, db_index=True
    )
    invocation_datetime = models.DateTimeField(_("launched"), auto_now_add=True)

    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.QUEUED)
    trigger = models.CharField(_("trigger"), max_length=8, choices=Trigger.choices, default=Trigger.API)
    launched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("launched by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    launched_by_name = models.CharField(_("launched by"), max_length=150, blank=True)
    command = models.CharField(_("command"), max_length=100, blank=True)
    arguments = models.TextField(_("arguments"), blank=True)

    planned_at = models.DateTimeField(_("slot"), null=True, blank=True)
    due_at = models.DateTimeField(_("not before"), null=True, blank=True)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    retry_of = models.ForeignKey(
        "self", verbose_name=_("retry of"), null=True, blank=True, on_delete=models.SET_NULL, related_name="retries"
    )

    job_id = models.CharField(_("job"), max_length=100, blank=True)
    enqueued_at = models.DateTimeField(_("handed over"), null=True, blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    host = models.CharField(_("host"), max_length=255, blank=True)
    pid = models.PositiveBigIntegerField(_("process"), null=True, blank=True)
    exit_code = models.IntegerField(_("exit code"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    stop_requested_at = models.DateTimeField(_("asked to stop"), null=True, blank=True)
    stopped_by = models.CharField(_("stopped by"), max_length=150, blank=True)

    progress_current = models.FloatField(_("done"), null=True, blank=True)
    progress_total = models.FloatField(_("of"), null=True, blank=True)
    progress_text = models.CharField(_("progress"), max_length=255, blank=True)
    n_log_lines = models.PositiveBigIntegerField(_("lines"), default=0)
    n_log_debugs = models.PositiveBigIntegerField(_("debug lines"), default=0)
    n_log_warnings = models.PositiveBigIntegerField(_("warnings"), default=0)
    n_log_errors = models.PositiveBigIntegerField(_("errors"), default=0)
    # With how many lines a run taken for lost is in the totals; None for one that is not, or cannot come back.
    n_log_lines_counted = models.PositiveBigIntegerField(_("lines counted"), null=True, editable=False)
    cpu_seconds = models.FloatField(_("CPU seconds"), null=True, blank=True)
    max_rss = models.PositiveBigIntegerField(_("peak memory"), null=True, blank=True)

    objects: ClassVar[models.Manager[LaunchReport]] = LaunchReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("launch report")
        verbose_name_plural = _("launch reports")
        ordering = ("-pk",)
        constraints = (models.UniqueConstraint(fields=("task", "planned_at"), name="eztaskmanager_one_run_a_slot"),)
        indexes = (
            models.Index(fields=("state", "enqueued_at"), name="eztaskmanager_state"),
            models.Index(fields=("task", "state"), name="eztaskmanager_task_state"),
            # The last runs of a task, and what ended when.
            models.Index(fields=("task", "id"), name="eztaskmanager_task_runs"),
            models.Index(fields=("finished_at",), name="eztaskmanager_finished"),
        )

    def __str__(self) -> str:
        moment = timezone.localtime(self.invocation_datetime).strftime("%Y-%m-%d %H:%M:%S")
        return f"{self.task.name}, {moment}"

    @property
    def is_over(self) -> bool:
        """Whether the run has ended, or never will start."""
        return self.state == self.State.FINISHED

    @property
    def duration(self) -> dt.timedelta | None:
        """How long it ran, or has been running; None before its start."""
        if self.started_at is None:
            return None
        return (self.finished_at or timezone.now()) - self.started_at

    @property
    def command_name(self) -> str:
        """The command that ran; that of the task for reports from before this was kept."""
        return self.command or self.task.command.name

    @property
    def shown_arguments(self) -> str:
        """The arguments without secrets."""
        return mask_arguments(self.command_name, self.arguments)

    def announce(self) -> None:
        """Tell the queue service that the report waits.

        Raises:
            QueueUnreachable: The engine does not know of it yet; it is told when it answers again.
        """
        run_queued.send(sender=type(self), report=self)

    def tell_end(self) -> None:
        """Tell those who listen that it is over without having run, once that is committed."""
        send = partial(run_finished.send_robust, sender=type(self), report=self)
        transaction.on_commit(send, robust=True)

    def stop(self, by: User | AnonymousUser | None = None, *, is_checked: bool = True) -> bool:
        """Take it back from the queue, or ask it to end; a run that is over stays as it is.

        Args:
            by: Who; None for the system.
            is_checked: Whether `by` must be permitted to; not where something else permits it, such as a deletion.

        Returns:
            Whether there was something to stop.

        Raises:
            StopRefused: Not permitted.
        """
        if is_checked:
            self.task.check_may_stop(by)
        name = by.get_username() if by is not None else ""
        now = timezone.now()
        with transaction.atomic():
            tasks_by_pk(self.task_id).lock()
            row = LaunchReport.objects.filter(pk=self.pk)
            was_queued = bool(
                row.queued().update(
                    state=self.State.FINISHED,
                    invocation_result=self.RESULT_STOPPED,
                    finished_at=now,
                    stop_requested_at=now,
                    stopped_by=name,
                )
            )
            if was_queued:
                RunTotal.objects.count_unstarted([self.task_id], self.RESULT_STOPPED)
                tasks_by_pk(self.task_id).derive()
            was_running = not was_queued and bool(
                row.started().filter(stop_requested_at=None).update(stop_requested_at=now, stopped_by=name)
            )
            if was_queued or was_running:
                task_acted.send(sender=type(self), task=self.task, by=by, action="stopped", report=self)
        self.refresh_from_db()
        if was_queued:
            self.tell_end()
            run_cancelled.send(sender=type(self), report=self)
        return was_queued or was_running

    def launch_again(self, by: User | AnonymousUser | None = None) -> LaunchReport:
        """Launch its task with the arguments of this run.

        Returns:
            The new report, queued.

        Raises:
            LaunchRefused: As for `Task.launch`; or the task has another command by now, to which these arguments say
                nothing, and whose parser does not know which of them are secret.
            ArgumentsError: As for `Task.launch`.
            QueueUnreachable: As for `Task.launch`.
        """
        command = self.task.command.name
        if self.command_name != command:
            message = gettext("This run was one of %(before)s, and the task has the command %(now)s by now.")
            raise LaunchRefused(message % {"before": self.command_name, "now": command})
        return self.task.launch(by=by, arguments=self.arguments)

    def finish(
        self,
        result: str | None,
        *,
        exit_code: int | None = None,
        error: str = "",
        cpu_seconds: float | None = None,
        max_rss: int | None = None,
        silent_since: dt.datetime | None = None,
    ) -> bool:
        """End the run, plan its retry if the task's policy says so, and free the task.

        Args:
            result: A `Result`, or None to tell ok, warnings and errors apart by the lines logged.
            exit_code: Of the command's process; negative numbers are signals.
            error: Class and message of what went wrong.
            cpu_seconds: Of the command and its children.
            max_rss: Bytes of memory at the peak.
            silent_since: Only if there was no sign of life after this moment; who holds the rows is not waited for.

        Returns:
            Whether it was this call that ended it. A run ends once, but one taken for lost may tell its true end.
        """
        by_lines = Case(
            When(n_log_errors__gt=0, then=Value(self.RESULT_ERRORS)),
            When(n_log_warnings__gt=0, then=Value(self.RESULT_WARNINGS)),
            default=Value(self.RESULT_OK),
        )
        with transaction.atomic():
            if silent_since is not None and not self._is_free():
                return False
            tasks_by_pk(self.task_id).lock()
            open_rows = LaunchReport.objects.filter(pk=self.pk)
            if silent_since is None:
                open_rows = open_rows.exclude(~Q(invocation_result=self.RESULT_LOST), state=self.State.FINISHED)
            else:
                open_rows = open_rows.filter(state=self.State.STARTED, heartbeat_at__lte=silent_since)
            ended = open_rows.update(
                state=self.State.FINISHED,
                invocation_result=by_lines if result is None else Value(result),
                finished_at=timezone.now(),
                exit_code=exit_code,
                error=clean_text(error),
                cpu_seconds=cpu_seconds,
                max_rss=max_rss,
            )
            if ended:
                # Not all fields: the task stays at hand.
                self.refresh_from_db(fields=self.RUN_FIELDS)
                RunTotal.objects.count_ended(self)
                retry = self._plan_retry()
                tasks_by_pk(self.task_id).derive()
                run_ended.send(sender=type(self), report=self, retry=retry)
        if ended and retry is not None:
            try:
                retry.announce()
            except TaskQueueException as exc:
                logger.warning("The retry of %s waits for the engine: %s", self, exc, extra=about(retry))
        return bool(ended)

    def _is_free(self) -> bool:
        """Tell whether nobody holds the rows of task and report, and hold them, the task's first.

        A command may hold the row of its own report in a transaction. It lives, and is not to be waited for.
        """
        if not connection.features.has_select_for_update_skip_locked:
            return True
        tasks = tasks_by_pk(self.task_id).select_for_update(skip_locked=True)
        rows = LaunchReport.objects.filter(pk=self.pk).select_for_update(skip_locked=True)
        return tasks.exists() and rows.exists()

    def _plan_retry(self) -> LaunchReport | None:
        """Queue the next attempt, unless someone wanted the run to stop or the attempts are used up."""
        if self.attempt > self.task.max_retries:
            return None
        # A run that was taken for lost has its next attempt already, and may have ended well meanwhile.
        planned = LaunchReport.objects.filter(retry_of=self.retry_of_id or self.pk, attempt=self.attempt + 1)
        if self.invocation_result not in self.RETRIED or self.stop_requested_at is not None:
            planned.queued().delete()
            return None
        found = planned.select_related("task").first()
        if found is not None:
            return None if found.is_over else found
        return LaunchReport.objects.create(
            task=self.task,
            trigger=self.Trigger.RETRY,
            attempt=self.attempt + 1,
            retry_of_id=self.retry_of_id or self.pk,
            due_at=timezone.now() + self._retry_delay(),
            command=self.command,
            arguments=self.arguments,
            launched_by_id=self.launched_by_id,
            launched_by_name=self.launched_by_name,
        )

    def _retry_delay(self) -> dt.timedelta:
        # Twice as long each time; beyond the end of the calendar there is nothing to wait for.
        return dt.timedelta(seconds=min(self.task.retry_delay * 2 ** (self.attempt - 1), LONGEST_RETRY_DELAY))

    def get_log_lines(self) -> Iterator[str]:
        """Read all lines, oldest first, "timestamp - level - message" each."""
        return (str(line) for line in self._lines().iterator())

    def read_log_lines(self, offset: int) -> tuple[list[str], int]:
        """Read the lines after the first `offset`, and how many there are in all."""
        lines = [str(line) for line in self._lines().filter(seq__gt=offset)]
        return lines, self._lines().count()

    def log_tail(self, n_lines: int = 10, *, plain: bool = False) -> str:
        """Join the last lines, with a line above them that says how many are hidden.

        Args:
            n_lines: How many.
            plain: Whether to leave out what only terminals understand: colours, and what was written over.
        """
        lines = [line.plain if plain else str(line) for line in self._lines().order_by("-seq")[:n_lines]][::-1]
        hidden = self.n_log_lines - len(lines)
        if hidden > 0:
            text = ngettext("%(count)d line hidden ...", "%(count)d lines hidden ...", hidden)
            lines.insert(0, text % {"count": hidden})
        return "\n".join(lines)

    def get_notification_handlers(self) -> list[Any]:
        """Make the handlers of `EZTASKMANAGER_NOTIFICATION_HANDLERS`."""
        # Upwards, and so late: the predecessor's users call it on the report.
        from eztaskmanager.services.notifications import get_notification_handlers

        return list(get_notification_handlers())

    def _lines(self) -> models.QuerySet[Log]:
        return Log.objects.filter(launch_report=self.pk).order_by("seq")

    def describe(self) -> str:
        """Say in a few words where the run stands."""
        if not self.is_over:
            return str(self.get_state_display())
        if self.invocation_result:
            # One of another version is told as it stands.
            return str(self.get_invocation_result_display())
        return gettext("unknown")


@receiver(pre_delete, sender=LaunchReport, dispatch_uid="eztaskmanager.hold_before_deletion")
def _hold(instance: LaunchReport, **kwargs: object) -> None:
    # A run that goes on would write lines between the deletion of the others and that of the report.
    if not instance.is_over:
        tasks_by_pk(instance.task_id).lock()
        LaunchReport.objects.filter(pk=instance.pk).update(n_log_lines=F("n_log_lines"))


@receiver(post_delete, sender=LaunchReport, dispatch_uid="eztaskmanager.derive_after_deletion")
def _derive_task(instance: LaunchReport, origin: object = None, **kwargs: object) -> None:
    if isinstance(origin, LaunchReportQuerySet) and origin.derives_tasks:
        return
    tasks_by_pk(instance.task_id).derive()
