"""The admin of alerts: what is wrong, and what was."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy

from eztaskmanager.admin import display
from eztaskmanager.admin.notifications import STYLES, show_event, show_moment, show_state
from eztaskmanager.admin.typing import AlertModelAdmin
from eztaskmanager.admin.ways import link_to, note_ways
from eztaskmanager.models import Alert, LaunchReport, Task
from eztaskmanager.permissions import VIEW_NOTIFICATION
from eztaskmanager.views.facts import tell_duration


class OpenFilter(admin.SimpleListFilter):
    """Alerts by whether they go on."""

    title = gettext_lazy("state")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer both."""
        return [("1", _("goes on")), ("0", _("recovered"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        """Keep those chosen."""
        return queryset.filter(ended_at__isnull=self.value() == "1") if self.value() in ("0", "1") else queryset


@admin.register(Alert)
class AlertAdmin(AlertModelAdmin):
    """Alerts, those that go on first; only those of tasks that the user may see."""

    list_display = ("kind_badge", "text", "subject", "raised", "over")
    list_display_links = ("text",)
    list_filter = (OpenFilter, "kind")
    list_select_related = ("task", "report")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("message", "task__name", "queue")
    fields = ("kind_badge", "text", "subject", "run", "raised", "over", "lasted", "told")
    readonly_fields = fields

    class Media:
        css: ClassVar[Any] = {"all": STYLES}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        """Keep what the user may see."""
        chosen = super().get_queryset(request)
        chosen = chosen.visible_to(request.user)  # type: ignore[attr-defined]
        return note_ways(chosen, request.user, Task, LaunchReport)

    def get_ordering(self, request: HttpRequest) -> Any:
        """Show those that go on first."""
        return Alert.OPEN_FIRST

    def get_fields(self, request: HttpRequest, obj: Alert | None = None) -> Any:
        """Show who was told to those who may see notifications."""
        may_see = request.user.has_perm(VIEW_NOTIFICATION)
        return self.fields if may_see else tuple(name for name in self.fields if name != "told")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They are raised by what watches."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        """They end when it is well again."""
        return False

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_badge(self, alert: Alert) -> SafeString:
        """Show the kind; what goes on in colour."""
        look = "idle" if not alert.is_open else "critical" if alert.is_critical else "warning"
        return display.badge(look, show_event(alert.kind))

    @admin.display(description=gettext_lazy("message"), ordering="message")
    def text(self, alert: Alert) -> SafeString:
        """Show what is wrong."""
        look = "" if alert.is_open else "ez-alert-over"
        return format_html('<span class="ez-alert-message {}">{}</span>', look, alert.message)

    @admin.display(description=gettext_lazy("about"))
    def subject(self, alert: Alert) -> SafeString | str:
        """Link to the task, or name the queue."""
        if alert.task is None:
            return alert.queue or display.NOTHING
        return link_to(alert, alert.task, alert.task.name)

    @admin.display(description=gettext_lazy("run"))
    def run(self, alert: Alert) -> SafeString | str:
        """Link to the run."""
        if alert.report is None:
            return display.NOTHING
        return link_to(alert, alert.report, display.moment(alert.report.invocation_datetime))

    @admin.display(description=gettext_lazy("raised"), ordering="raised_at")
    def raised(self, alert: Alert) -> str:
        """Show since when."""
        return display.moment(alert.raised_at)

    @admin.display(description=gettext_lazy("ended"), ordering="ended_at")
    def over(self, alert: Alert) -> str:
        """Show until when."""
        return _("goes on") if alert.is_open else display.moment(alert.ended_at)

    @admin.display(description=gettext_lazy("duration"))
    def lasted(self, alert: Alert) -> str:
        """Show how long."""
        return tell_duration((alert.ended_at or timezone.now()) - alert.raised_at)

    @admin.display(description=gettext_lazy("notifications"))
    def told(self, alert: Alert) -> SafeString | str:
        """Show who is told of it."""
        rows = [
            (show_state(row), row.handler_name, show_event(row.event), show_moment(row), row.error)
            for row in alert.notifications.order_by("pk")
        ]
        line = (
            '<div class="ez-told-row">{} <span class="ez-told-told_by">{}</span> <span>{}</span>'
            ' <span class="ez-told-tried">{}</span> <span class="ez-told-reason">{}</span></div>'
        )
        return format_html_join("", line, rows) or display.NOTHING
