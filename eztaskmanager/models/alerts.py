"""What is wrong although no run could say so."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar

from django.db import IntegrityError, models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from eztaskmanager.models.tasks import Task

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from eztaskmanager.models.reports import LaunchReport

FORGOTTEN = dt.timedelta(days=90)


class AlertQuerySet(models.QuerySet["Alert"]):
    """Alerts by whether they go on."""

    def open(self) -> AlertQuerySet:
        """Keep those that go on."""
        return self.filter(open_key__isnull=False)

    def visible_to(self, user: User | AnonymousUser) -> AlertQuerySet:
        """Keep those of tasks whose command's groups let the user in, and those of no task."""
        if getattr(user, "is_superuser", False):
            return self
        tasks = Task.objects.all().visible_to(user)
        return self.filter(Q(task=None) | Q(task__in=tasks))

    def raise_one(
        self,
        kind: str,
        key: str,
        message: str,
        *,
        task_id: int | None = None,
        report: LaunchReport | None = None,
        queue: str = "",
    ) -> Alert | None:
        """Make the alert of a subject, unless one goes on already.

        Args:
            kind: An `Alert.Kind`.
            key: Names the subject; the kind is put before it.
            message: What is wrong, for people.
            task_id: The task it is about, if it is about one.
            report: The run it is about, if it is about one.
            queue: The queue it is about, if it is about one.

        Returns:
            The alert, or None when another goes on, or was quicker.
        """
        open_key = f"{kind}:{key}"[:100]
        if self.filter(open_key=open_key).exists():
            return None
        try:
            with transaction.atomic():
                alert = self.create(
                    kind=kind, open_key=open_key, message=message, task_id=task_id, report=report, queue=queue
                )
        except IntegrityError:
            return None
        self.filter(ended_at__isnull=False, raised_at__lt=alert.raised_at - FORGOTTEN).delete()
        return alert


class Alert(models.Model):
    """Something that is, or was, wrong: since when, and until when.

    As long as it goes on, its key is held by it alone; ended, it has none.
    """

    class Kind(models.TextChoices):
        """What is wrong."""

        LATE = "late", _("late")
        STUCK = "stuck", _("stuck")
        LOST = "lost", _("lost")
        SCHEDULE = "schedule", _("schedule set aside")
        WORKER = "worker", _("no worker")
        TICKER = "ticker", _("no scheduler")

    OPEN_FIRST = (F("ended_at").desc(nulls_first=True), "-raised_at", "-pk")
    # What holds up many tasks at once.
    CRITICAL = (Kind.WORKER, Kind.TICKER)

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    task = models.ForeignKey(
        "eztaskmanager.Task", verbose_name=_("task"), null=True, blank=True, on_delete=models.CASCADE
    )
    report = models.ForeignKey(
        "eztaskmanager.LaunchReport", verbose_name=_("report"), null=True, blank=True, on_delete=models.SET_NULL
    )
    queue = models.CharField(_("queue"), max_length=100, blank=True)
    message = models.TextField(_("message"))
    raised_at = models.DateTimeField(_("raised"), default=timezone.now, db_index=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    # NULL is unequal to itself on every database, so any number may have ended.
    open_key = models.CharField(_("key"), max_length=100, null=True, blank=True, unique=True, editable=False)

    objects: ClassVar[models.Manager[Alert]] = AlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ("-pk",)
        default_permissions = ("view", "delete")

    def __str__(self) -> str:
        return self.message

    @property
    def is_open(self) -> bool:
        """Whether it goes on."""
        return self.ended_at is None

    @property
    def is_critical(self) -> bool:
        """Whether it holds up many tasks at once."""
        return self.kind in self.CRITICAL

    def end(self) -> bool:
        """Note that it is well again. Returns whether it was this call that did."""
        now = timezone.now()
        if not Alert.objects.filter(pk=self.pk, ended_at=None).update(ended_at=now, open_key=None):
            return False
        self.ended_at, self.open_key = now, None
        return True
