"""What is wrong although no run can say so: late, stuck and lost runs, schedules set aside, no worker, no scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eztaskmanager.models import Alert
from eztaskmanager.permissions import VIEW_ALERT
from eztaskmanager.services.alerting.keeping import Watch, connect, settle

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

__all__ = ["Watch", "connect", "open_alerts", "settle"]


def open_alerts(user: User | AnonymousUser) -> list[Alert]:
    """List the alerts that go on and that a user may see, those that hold up many tasks first; in one query.

    Without the permission to view alerts there are none.
    """
    if not user.has_perm(VIEW_ALERT):
        return []
    alerts = Alert.objects.open().visible_to(user).select_related("task", "report")
    return sorted(alerts, key=lambda alert: (not alert.is_critical, alert.raised_at))
