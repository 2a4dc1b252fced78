"""What people define: a command, its arguments, when and how it runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Case, Exists, F, OuterRef, Subquery, Value, When
from django.utils.translation import gettext, gettext_lazy as _

from eztaskmanager import arguments as argument_text
from eztaskmanager.exceptions import LaunchRefused, ScheduleError, StopRefused
from eztaskmanager.models.addresses import validate_web_address
from eztaskmanager.models.categories import TaskCategory
from eztaskmanager.models.commands import AppCommand
from eztaskmanager.models.planning import Planned
from eztaskmanager.models.pruning import Doomed, Pruner
from eztaskmanager.models.reports import LaunchReport
from eztaskmanager.permissions import LAUNCH_TASK, STOP_TASK
from eztaskmanager.signals import task_acted

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class TaskQuerySet(models.QuerySet["Task"]):
    """Writes that keep the columns owned by runs true."""

    def lock(self) -> int:
        """Hold the rows until the transaction ends.

        Always before the rows of their reports, so that nobody waits in a ring. A write that changes nothing holds
        them on every database, SQLite too.
        """
        return self.update(status=F("status"))

    def derive(self) -> int:
        """Derive status and the columns about the last run from the reports."""
        reports = LaunchReport.objects.filter(task=OuterRef("pk"))
        last = reports.filter(started_at__isnull=False).order_by("-pk")
        return self.update(
            status=Case(
                When(Exists(reports.started()), then=Value(Task.STATUS_STARTED)),
                When(Exists(reports.queued()), then=Value(Task.STATUS_SPOOLED)),
                When(cached_next_ride__isnull=False, then=Value(Task.STATUS_SCHEDULED)),
                default=Value(Task.STATUS_IDLE),
            ),
            cached_last_invocation_datetime=Subquery(last.values("invocation_datetime")[:1]),
            cached_last_invocation_result=Subquery(last.values("invocation_result")[:1]),
            cached_last_invocation_n_errors=Subquery(last.values("n_log_errors")[:1]),
            cached_last_invocation_n_warnings=Subquery(last.values("n_log_warnings")[:1]),
        )

    def visible_to(self, user: User | AnonymousUser) -> TaskQuerySet:
        """Keep the tasks whose command's groups let the user in."""
        if getattr(user, "is_superuser", False):
            return self
        return self.filter(command__in=AppCommand.objects.open_to(user))


class Task(Planned):
    """A command with arguments, a schedule and policies.

    People own its name, arguments, schedule and policies; runs own its status, its `cached_…` columns and its next
    ride, which `save()` of an existing row never writes.
    """

    class Status(models.TextChoices):
        """What the task is about, derived from its reports and its next ride."""

        IDLE = "idle", _("idle")
        SPOOLED = "spooled", _("queued")
        SCHEDULED = "scheduled", _("scheduled")
        STARTED = "started", _("running")

    class Overlap(models.TextChoices):
        """What happens to a run while another of the same task is running."""

        SKIP = "skip", _("skip it")
        QUEUE = "queue", _("let it wait")
        ALLOW = "allow", _("run both")

    STATUS_IDLE = Status.IDLE.value
    STATUS_SPOOLED = Status.SPOOLED.value
    STATUS_SCHEDULED = Status.SCHEDULED.value
    STATUS_STARTED = Status.STARTED.value

    MANAGED_FIELDS = (
        "status",
        "is_paused",
        "scheduled_job_id",
        "cached_next_ride",
        "schedule_error",
        "cached_last_invocation_datetime",
        "cached_last_invocation_result",
        "cached_last_invocation_n_errors",
        "cached_last_invocation_n_warnings",
    )

    name = models.CharField(_("name"), max_length=255)
    command = models.ForeignKey(
        AppCommand, verbose_name=_("command"), on_delete=models.CASCADE, limit_choices_to={"active": True}
    )
    arguments = models.TextField(
        _("arguments"),
        blank=True,
        help_text=_("Separated by commas, such as: --verbosity=2, --name some text, 7. Quotes keep commas and spaces."),
    )
    category = models.ForeignKey(
        TaskCategory, verbose_name=_("category"), null=True, blank=True, on_delete=models.SET_NULL
    )
    status = models.CharField(
        _("status"), max_length=20, choices=Status.choices, default=Status.IDLE, editable=False, db_index=True
    )
    note = models.TextField(_("note"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("created by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    overlap = models.CharField(
        _("overlap"),
        max_length=5,
        choices=Overlap.choices,
        default=Overlap.SKIP,
        help_text=_("What to do when it is to run while its last run is still going."),
    )
    time_limit = models.PositiveIntegerField(
        _("time limit"), null=True, blank=True, help_text=_("Seconds after which a run is stopped; empty for none.")
    )
    max_retries = models.PositiveSmallIntegerField(
        _("retries"), default=0, help_text=_("How often a run that failed, timed out or was lost is tried again.")
    )
    retry_delay = models.PositiveIntegerField(
        _("retry delay"),
        default=60,
        help_text=_("Seconds before the first retry; each further one waits twice as long."),
    )
    queue = models.CharField(
        _("queue"), max_length=100, blank=True, help_text=_("Queue of the engine; empty for its default one.")
    )
    keep_reports = models.PositiveIntegerField(
        _("reports kept"), null=True, blank=True, help_text=_("Reports beyond this number are deleted, oldest first.")
    )

    expected_duration = models.PositiveIntegerField(
        _("expected duration"),
        null=True,
        blank=True,
        help_text=_("Seconds a run usually takes; one that takes far longer raises an alert. Empty to learn it."),
    )
    ping_url = models.CharField(
        _("ping address"),
        max_length=500,
        blank=True,
        validators=[validate_web_address],
        help_text=_("Called when a run starts and ends, for a service that watches over tasks, such as healthchecks."),
    )

    cached_last_invocation_datetime = models.DateTimeField(_("last run"), null=True, blank=True, editable=False)
    cached_last_invocation_result = models.CharField(
        _("last result"), max_length=20, null=True, blank=True, choices=LaunchReport.Result.choices, editable=False
    )
    cached_last_invocation_n_errors = models.PositiveIntegerField(_("errors"), null=True, blank=True, editable=False)
    cached_last_invocation_n_warnings = models.PositiveIntegerField(
        _("warnings"), null=True, blank=True, editable=False
    )

    objects: ClassVar[models.Manager[Task]] = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        permissions = (
            ("launch_task", _("Can launch tasks and have their schedules followed")),
            ("stop_task", _("Can stop tasks and pause their schedules")),
        )
        indexes = (models.Index(fields=("cached_next_ride",), name="eztaskmanager_next_ride"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.get_status_display()})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write what people own, and plan anew when the schedule is another one."""
        if self._state.adding:
            with transaction.atomic():
                super().save(*args, **kwargs)
                if self.has_schedule:
                    self.plan()
            return
        fields: Iterable[str] | None = kwargs.get("update_fields")
        if fields is None:
            names = {field.name for field in self._meta.concrete_fields if not field.primary_key}
            kwargs["update_fields"] = names - set(self.MANAGED_FIELDS)
        with transaction.atomic():
            rows = Task.objects.filter(pk=self.pk)
            rows.lock()
            before = rows.values(*self.SCHEDULE_FIELDS).first()
            super().save(*args, **kwargs)
            if before != rows.values(*self.SCHEDULE_FIELDS).first():
                self.is_paused = rows.values_list("is_paused", flat=True).get()
                self.plan()

    @property
    def args(self) -> list[str]:
        """The items of the arguments that have no value, flags with their dashes."""
        return [item.name for item in argument_text.items(self.arguments) if item.is_bare]

    @property
    def _args_dict(self) -> dict[str, str | None]:
        return {
            item.name: None if item.is_bare else " ".join(item.values) for item in argument_text.items(self.arguments)
        }

    @property
    def options(self) -> dict[str, str]:
        """The options that have a value, by name: no leading dashes, underscores for dashes."""
        return {
            name.lstrip("-").replace("-", "_"): value for name, value in self._args_dict.items() if value is not None
        }

    @property
    def complete_args(self) -> list[str]:
        """What runs: the flat list for `call_command`.

        Raises:
            CommandUnavailable: The command's parser, which decides how values are joined, cannot be had.
        """
        return argument_text.to_argv(self.arguments, argument_text.get_parser(self.command.name))

    @property
    def shown_arguments(self) -> str:
        """The arguments without secrets."""
        return argument_text.mask_arguments(self.command.name, self.arguments)

    def compute_cache(self) -> None:
        """Derive status and last run from the reports, in the database and here."""
        Task.objects.filter(pk=self.pk).derive()
        self.refresh_from_db(fields=[name for name in self.MANAGED_FIELDS if name.startswith(("status", "cached"))])

    def prune_reports(self, n: int) -> int:
        """Delete all but the last `n` reports; those of runs that are not over stay. Returns how many went."""
        reports = LaunchReport.objects.filter(task=self.pk, state=LaunchReport.State.FINISHED).order_by("-pk")
        pruner = Pruner()
        pruner.remove([Doomed(*row) for row in reports.values_list("pk", "task_id", "n_log_lines")[n:]])
        return pruner.n_reports

    def check_may_run(self, by: User | AnonymousUser | None) -> None:
        """Refuse a command that is inactive, and a user who may not launch it.

        Raises:
            LaunchRefused: With the reason.
        """
        if not self.command.active:
            raise LaunchRefused(gettext("The command %(name)s is inactive.") % {"name": self.command})
        if by is not None and not self.may_be_launched_by(by):
            raise LaunchRefused(gettext("You may not launch the task %(name)s.") % {"name": self.name})

    def may_be_launched_by(self, user: User | AnonymousUser) -> bool:
        """Tell whether permission and allowed groups let the user launch it, or have its schedule followed."""
        return bool(user.has_perm(LAUNCH_TASK)) and self.command.is_open_to(user)

    def may_be_stopped_by(self, user: User | AnonymousUser) -> bool:
        """Tell whether permission and allowed groups let the user stop its runs, and pause its schedule."""
        return bool(user.has_perm(STOP_TASK)) and self.command.is_open_to(user)

    def check_may_stop(self, by: User | AnonymousUser | None) -> None:
        """Refuse a user who may not stop it; None is the system, which may.

        Raises:
            StopRefused: With the reason.
        """
        if by is not None and not self.may_be_stopped_by(by):
            raise StopRefused(gettext("You may not stop or pause the task %(name)s.") % {"name": self.name})

    def launch(
        self,
        by: User | AnonymousUser | None = None,
        arguments: str | None = None,
        trigger: str = LaunchReport.Trigger.MANUAL,
    ) -> LaunchReport:
        """Run it now, whatever its schedule, which goes on.

        Args:
            by: Who; None for the system, which may launch every active command.
            arguments: Text to use for this run in place of the task's.
            trigger: A `LaunchReport.Trigger`.

        Returns:
            The report, queued.

        Raises:
            LaunchRefused: Not active, or not permitted.
            ArgumentsError: The command does not take these arguments.
            QueueUnreachable: The report is kept, and handed over when the engine answers again.
        """
        self.check_may_run(by)
        text = self.arguments if arguments is None else arguments
        argument_text.validate(self.command.name, text)
        with transaction.atomic():
            Task.objects.filter(pk=self.pk).lock()
            report = LaunchReport.objects.create(
                task=self,
                trigger=trigger,
                command=self.command.name,
                arguments=text,
                launched_by=None if by is None or by.is_anonymous else by,
                launched_by_name=by.get_username() if by is not None else "",
            )
            Task.objects.filter(pk=self.pk).derive()
            task_acted.send(sender=Task, task=self, by=by, action="launched", report=report)
        report.announce()
        return report

    def stop(self, by: User | AnonymousUser | None = None, *, is_checked: bool = True) -> int:
        """Take its queued runs back and ask the running ones to end.

        Args:
            by: Who; None for the system.
            is_checked: Whether `by` must be permitted to; not where something else permits it, such as a deletion.

        Returns:
            How many of them.

        Raises:
            StopRefused: Not permitted.
        """
        if is_checked:
            self.check_may_stop(by)
        busy = LaunchReport.objects.filter(task=self.pk).busy().select_related("task__command")
        return sum(report.stop(by, is_checked=False) for report in busy)

    def clean(self) -> None:
        """Refuse a schedule that cannot be followed, at its field."""
        super().clean()
        if self.has_schedule or self.repetition_period or self.repetition_rate or self.ends_at:
            try:
                self.schedule.check()
            except ScheduleError as exc:
                raise ValidationError({exc.field: str(exc)}) from exc
