"""What is to be told to whom, and what became of it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy as _

from eztaskmanager.models.tasks import Task

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

# The handler that is no one's in the settings: the address that a task itself gives.
PING_URL = ""


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Notifications by where they stand."""

    def due(self, now: dt.datetime) -> NotificationQuerySet:
        """Keep those whose time to be sent has come, oldest first."""
        return self.filter(due_at__lte=now).order_by("due_at", "pk")

    def settled(self) -> NotificationQuerySet:
        """Keep those that were sent or given up."""
        return self.filter(due_at=None)

    def send_again(self) -> int:
        """Have those that are settled sent once more by the next tick. Returns how many."""
        return self.settled().update(
            state=Notification.State.WAITING, due_at=timezone.now(), attempts=0, error="", sent_at=None
        )

    def visible_to(self, user: User | AnonymousUser) -> NotificationQuerySet:
        """Keep what is about tasks whose command's groups let the user in, and what is about no task."""
        if getattr(user, "is_superuser", False):
            return self
        tasks = Task.objects.all().visible_to(user)
        return self.filter(
            Q(report__task__in=tasks) | Q(alert__task__in=tasks) | Q(report=None, alert__task__isnull=True)
        )


class Notification(models.Model):
    """One thing to be told by one handler: how a run ended, that something is wrong, that it is well again.

    It is made in the transaction of what it tells of, so that a crash loses none, and sent afterwards.
    """

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting", _("waiting")
        HELD = "held", _("held")
        SENT = "sent", _("sent")
        FAILED = "failed", _("given up")

    report = models.ForeignKey(
        "eztaskmanager.LaunchReport",
        verbose_name=_("report"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="notifications",
    )
    alert = models.ForeignKey(
        "eztaskmanager.Alert",
        verbose_name=_("alert"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="notifications",
    )
    handler = models.CharField(_("handler"), max_length=100, blank=True)
    event = models.CharField(_("event"), max_length=20)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.TextField(_("error"), blank=True)
    tries = models.TextField(_("each attempt"), blank=True, help_text=_("When it was tried, and what came of it."))
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    due_at = models.DateTimeField(_("due"), null=True, blank=True, default=timezone.now)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    objects: ClassVar[models.Manager[Notification]] = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ("-pk",)
        default_permissions = ("view", "change", "delete")
        # Few wait at any time, and what is settled is due no more.
        indexes = (models.Index(fields=("due_at",), name="eztaskmanager_notify_due"),)

    def __str__(self) -> str:
        return f"{self.event} → {self.handler_name}"

    @property
    def handler_name(self) -> str:
        """Who tells, for people."""
        return self.handler or gettext("ping address")

    @property
    def is_ping(self) -> bool:
        """Whether it goes to the address that the task itself gives."""
        return self.handler == PING_URL
