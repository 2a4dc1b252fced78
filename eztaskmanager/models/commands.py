"""The management commands that tasks may run."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.core.management import load_command_class
from django.core.management.base import BaseCommand
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from eztaskmanager.arguments import get_parser
from eztaskmanager.exceptions import CommandUnavailable

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


# They destroy, wait for a person, or never end; who wants one as a task makes it active.
DANGEROUS = frozenset(
    {
        *("flush", "sqlflush", "remove_stale_contenttypes", "squashmigrations", "optimizemigration"),
        *("shell", "dbshell", "createsuperuser", "changepassword", "makemigrations", "startapp", "startproject"),
        *("runserver", "test", "testserver", "makemessages", "compilemessages"),
        *("rqworker", "rqworker-pool", "rqscheduler", "rqcron", "db_worker", "eztaskscheduler"),
        # Ours act for whoever runs them: neither allowed groups nor permissions hold in them.
        *("launch_task", "stop_task", "exporttasks", "importtasks", "importcrontab", "importbeat"),
    }
)


class AppCommandQuerySet(models.QuerySet["AppCommand"]):
    """Who may run what."""

    def open_to(self, user: User | AnonymousUser) -> AppCommandQuerySet:
        """Keep the commands whose groups let the user in; no groups let everyone in."""
        if getattr(user, "is_superuser", False):
            return self
        return self.filter(Q(allowed_groups=None) | Q(allowed_groups__user__pk=user.pk)).distinct()


class AppCommand(models.Model):
    """A management command of an installed app, collected by `collectcommands`."""

    name = models.CharField(_("name"), max_length=100)
    app_name = models.CharField(_("application"), max_length=100)
    active = models.BooleanField(
        _("active"), default=True, help_text=_("Only active commands can be launched and chosen for tasks.")
    )
    allowed_groups = models.ManyToManyField(
        "auth.Group",
        verbose_name=_("allowed groups"),
        blank=True,
        related_name="+",
        help_text=_("Only members of these groups may see and launch its tasks; none means everyone permitted."),
    )

    confirmation = models.CharField(
        _("confirmation"),
        max_length=100,
        blank=True,
        help_text=_("What must be typed before its tasks are launched by hand; empty to ask for nothing."),
    )

    objects: ClassVar[models.Manager[AppCommand]] = AppCommandQuerySet.as_manager()

    class Meta:
        verbose_name = _("command")
        verbose_name_plural = _("commands")
        ordering = ("app_name", "name")

    def __str__(self) -> str:
        return f"{self.app_name}: {self.name}"

    def get_command_class(self) -> type[BaseCommand]:
        """Import the command.

        Raises:
            CommandUnavailable: It, or its app, is no longer there or cannot be imported.
        """
        try:
            return type(load_command_class(self.app_name, self.name))
        except Exception as exc:  # A host's module may raise anything while it is imported.
            raise CommandUnavailable(
                str(_("The command %(name)s cannot be loaded: %(error)s.") % {"name": str(self), "error": repr(exc)})
            ) from exc

    @property
    def help_text(self) -> str:
        """What `manage.py NAME --help` prints, or why it cannot be told."""
        try:
            return get_parser(self.name).format_help()
        except CommandUnavailable as exc:
            return str(exc)

    def is_open_to(self, user: User | AnonymousUser) -> bool:
        """Tell whether the user passes the allowed groups; permissions are another matter."""
        if getattr(user, "is_superuser", False):
            return True
        groups = {group.pk for group in self.allowed_groups.all()}
        if not groups:
            return True
        return user.pk is not None and user.groups.filter(pk__in=groups).exists()
