"""The app, and what is connected when Django is ready."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EzTaskManagerConfig(AppConfig):
    """Management commands as tasks."""

    name = "eztaskmanager"
    verbose_name = _("Task manager")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the queue to the models, and the checks to Django."""
        from eztaskmanager import checks  # noqa: F401  Models must be there before these.
        from eztaskmanager.services import runner  # noqa: F401  RQ forks for each job: here it is loaded once.
        from eztaskmanager.services import alerting, audit
        from eztaskmanager.services.as_code import declared, upgrading
        from eztaskmanager.services.notifications import outbox
        from eztaskmanager.services.scheduling import handing_over

        handing_over.connect()
        audit.connect()
        # An alert of a lost run goes to those who are not told of the run itself, so it comes second.
        outbox.connect()
        alerting.connect()
        upgrading.connect(self)
        declared.connect(self)
