"""Folders for tasks."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class TaskCategory(models.Model):
    """A name under which tasks are grouped."""

    name = models.CharField(_("name"), max_length=255)
    color = models.CharField(
        _("colour"),
        max_length=7,
        blank=True,
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}\Z", _("A colour is written as #rrggbb, such as #0a63b0."))],
        help_text=_("By which its tasks are told apart at a glance, such as #0a63b0; empty for none."),
    )

    class Meta:
        verbose_name = _("task category")
        verbose_name_plural = _("task categories")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
