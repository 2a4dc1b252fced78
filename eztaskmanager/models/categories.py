"""Folders for tasks."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class TaskCategory(models.Model):
    """A name under which tasks are grouped."""

    name = models.CharField(_("name"), max_length=255)

    class Meta:
        verbose_name = _("task category")
        verbose_name_plural = _("task categories")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
