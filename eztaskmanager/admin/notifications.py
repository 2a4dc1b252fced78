"""The admin of notifications: who was told what, and who could not be."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from eztaskmanager.admin import display
from eztaskmanager.admin.reading import ReadOnlyInline
from eztaskmanager.admin.typing import NotificationModelAdmin
from eztaskmanager.admin.ways import link_to, note_ways
from eztaskmanager.models import Alert, LaunchReport, Notification
from eztaskmanager.models.notifications import PING_URL
from eztaskmanager.permissions import CHANGE_NOTIFICATION
from eztaskmanager.settings import app_settings

LOOKS = {
    Notification.State.WAITING: "queued",
    Notification.State.HELD: "scheduled",
    Notification.State.SENT: "ok",
    Notification.State.FAILED: "failed",
}
LABELS = {**dict(LaunchReport.Result.choices), **dict(Alert.Kind.choices), "recovered": gettext_lazy("recovered")}
# In an address an empty name would mean all.
PING = "-"
STYLES = ("eztaskmanager/css/admin.css", "eztaskmanager/css/alerts.css")


def show_event(event: str) -> str:
    """Say what is told."""
    return str(LABELS.get(event, event))


def show_state(notification: Notification) -> SafeString:
    """Show where it stands."""
    look = LOOKS[Notification.State(notification.state)]
    return display.badge(look, notification.get_state_display())


def show_moment(notification: Notification) -> str:
    """Show when it was sent, or is tried next."""
    if notification.due_at is None:
        return display.moment(notification.sent_at) if notification.sent_at else _("not sent")
    return _("due %(moment)s") % {"moment": display.moment(notification.due_at)}


def show_attempts(notification: Notification) -> str:
    """Show when it was sent or is tried next, and how often it was tried if that is more than once."""
    if notification.attempts < 2:
        return show_moment(notification)
    words = _("%(moment)s, %(count)d attempts")
    return words % {"moment": show_moment(notification), "count": notification.attempts}


class HandlerFilter(admin.SimpleListFilter):
    """Notifications by who tells; the names are those of the settings, for the table may be long."""

    title = gettext_lazy("channel")
    parameter_name = "handler"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the handlers, and the address of the task."""
        names = [str(name) for name in app_settings.NOTIFICATION_HANDLERS]
        return [*((name, name) for name in names), (PING, _("ping address"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notification]) -> QuerySet[Notification]:
        """Keep those chosen."""
        name = self.value()
        return queryset.filter(handler=PING_URL if name == PING else name) if name else queryset


class EventFilter(admin.SimpleListFilter):
    """Notifications by what is told."""

    title = gettext_lazy("event")
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the results, the kinds of alerts, and recovered."""
        return [(event, label) for event, label in LABELS.items() if event]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notification]) -> QuerySet[Notification]:
        """Keep those chosen."""
        return queryset.filter(event=self.value()) if self.value() else queryset


class NotificationInline(ReadOnlyInline):
    """Who is told of a run, to be read; for the page of a report."""

    model = Notification
    fk_name = "report"
    template = "eztaskmanager/admin/told.html"
    verbose_name_plural = gettext_lazy("Notifications")
    fields = ("outcome", "told_by", "happened", "tried", "reason")
    readonly_fields = fields
    ordering = ("pk",)

    class Media:
        css: ClassVar[Any] = {"all": STYLES}

    @admin.display(description=gettext_lazy("state"))
    def outcome(self, notification: Notification) -> SafeString:
        """Show where it stands."""
        return show_state(notification)

    @admin.display(description=gettext_lazy("channel"))
    def told_by(self, notification: Notification) -> str:
        """Show the handler."""
        return notification.handler_name

    @admin.display(description=gettext_lazy("event"))
    def happened(self, notification: Notification) -> str:
        """Show what is told."""
        return show_event(notification.event)

    @admin.display(description=gettext_lazy("attempts"))
    def tried(self, notification: Notification) -> str:
        """Show when it was sent or is due, and how often it was tried."""
        return show_attempts(notification)

    @admin.display(description=gettext_lazy("error"))
    def reason(self, notification: Notification) -> str:
        """Show why it failed, attempt by attempt."""
        if not (notification.error or notification.attempts > 1):
            return ""
        return display.pre(notification.tries.rstrip()) if notification.tries else notification.error


@admin.register(Notification)
class NotificationAdmin(NotificationModelAdmin):
    """Notifications; only those about tasks that the user may see."""

    list_display = ("outcome", "about", "happened", "told_by", "moment", "reason")
    list_display_links = ("outcome",)
    list_filter = ("state", HandlerFilter, EventFilter)
    list_per_page = 50
    list_select_related = ("report__task", "alert__task")
    show_full_result_count = False
    search_fields = ("report__task__name", "alert__message", "handler", "error")
    ordering = ("-pk",)
    actions = ("send_again",)
    fields = ("outcome", "about", "happened", "told_by", "created", "moment", "error_text", "each_try")
    readonly_fields = fields

    class Media:
        css: ClassVar[Any] = {"all": STYLES}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        """Keep what the user may see."""
        chosen = super().get_queryset(request)
        chosen = chosen.visible_to(request.user)  # type: ignore[attr-defined]
        return note_ways(chosen, request.user, LaunchReport, Alert)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They come with the end of a run, or with an alert."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Notification | None = None) -> bool:
        """What was told, was told."""
        return False

    def has_send_permission(self, request: HttpRequest) -> bool:
        """Whoever may change notifications may have them sent again."""
        return request.user.has_perm(CHANGE_NOTIFICATION)

    @admin.action(permissions=["send"], description=gettext_lazy("Send again"))
    def send_again(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        """Have the next tick send those that are settled once more."""
        chosen = Notification.objects.filter(pk__in=list(queryset.values_list("pk", flat=True)))
        count = chosen.send_again()
        sentence = ngettext(
            "%(count)d notification will be sent by the next tick of a scheduler.",
            "%(count)d notifications will be sent by the next tick of a scheduler.",
            count,
        )
        messages.success(request, sentence % {"count": count})

    @admin.display(description=gettext_lazy("created"), ordering="pk")
    def created(self, notification: Notification) -> str:
        """Show when it came up."""
        return display.moment(notification.created_at)

    @admin.display(description=gettext_lazy("about"))
    def about(self, notification: Notification) -> SafeString | str:
        """Link to the run or the alert."""
        if notification.report is not None:
            return link_to(notification, notification.report, notification.report.task.name)
        if notification.alert is not None:
            alert = notification.alert
            name = alert.task.name if alert.task else alert.queue or show_event(alert.kind)
            return format_html('<span title="{}">{}</span>', alert.message, link_to(notification, alert, name))
        return display.NOTHING

    @admin.display(description=gettext_lazy("event"), ordering="event")
    def happened(self, notification: Notification) -> str:
        """Show what is told."""
        return show_event(notification.event)

    @admin.display(description=gettext_lazy("channel"), ordering="handler")
    def told_by(self, notification: Notification) -> str:
        """Show the handler."""
        return notification.handler_name

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def outcome(self, notification: Notification) -> SafeString:
        """Show where it stands."""
        return show_state(notification)

    @admin.display(description=gettext_lazy("sent"), ordering="sent_at")
    def moment(self, notification: Notification) -> str:
        """Show when it was sent, or is tried next."""
        return show_attempts(notification)

    @admin.display(description=gettext_lazy("error"))
    def reason(self, notification: Notification) -> str:
        """Show why it failed, shortened."""
        text = " ".join(notification.error.split())
        return format_html('<span class="ez-reason" title="{}">{}</span>', text, text) if text else display.NOTHING

    @admin.display(description=gettext_lazy("each attempt"))
    def each_try(self, notification: Notification) -> str:
        """Show when it was tried, and what came of it."""
        return display.pre(notification.tries.rstrip()) if notification.tries else display.NOTHING

    @admin.display(description=gettext_lazy("error"))
    def error_text(self, notification: Notification) -> str:
        """Show why it failed."""
        return display.pre(notification.error) if notification.error else display.NOTHING
