"""What a run said."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from eztaskmanager.output import make_plain


class Log(models.Model):
    """One line of a run's output, or one log record with its traceback."""

    class Stream(models.TextChoices):
        """Where the line came from."""

        LOG = "log", _("log record")
        STDOUT = "stdout", _("standard output")
        STDERR = "stderr", _("standard error")
        GROUP = "group", _("start of a group")
        GROUP_END = "end", _("end of a group")

    launch_report = models.ForeignKey(
        "eztaskmanager.LaunchReport",
        verbose_name=_("report"),
        on_delete=models.CASCADE,
        related_name="logs",
        # The unique constraint's index serves; a second one would cost each line.
        db_index=False,
    )
    seq = models.PositiveBigIntegerField(_("number"))
    timestamp = models.DateTimeField(_("time"), default=timezone.now)
    level = models.CharField(_("level"), max_length=10)
    stream = models.CharField(_("stream"), max_length=6, choices=Stream.choices, default=Stream.LOG)
    message = models.TextField(_("message"))

    class Meta:
        verbose_name = _("log line")
        verbose_name_plural = _("log lines")
        constraints = (models.UniqueConstraint(fields=("launch_report", "seq"), name="eztaskmanager_log_number"),)

    def __str__(self) -> str:
        return f"{self.timestamp} - {self.level} - {self.message}"

    @property
    def plain(self) -> str:
        """The line, without what only terminals understand."""
        return f"{self.timestamp} - {self.level} - {make_plain(self.message)}"
