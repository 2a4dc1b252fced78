"""Figures for Prometheus."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import Error, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.generic import View

from eztaskmanager.services.impatience import TooSlow
from eztaskmanager.views.monitoring import Reader, has_token, identify, seal

PLAIN = "text/plain; charset=utf-8"


# Figures need no transaction, and a database that is away is told of rather than an error page shown.
@method_decorator(transaction.non_atomic_requests, name="dispatch")
class MetricsView(View):
    """The figures, for who shows the token, or is staff and may see reports; needs the extra `prometheus`.

    They are collected anew every five seconds at most. 501 without the extra, 503 while the database does not answer.
    """

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Let in whoever may come in."""
        try:
            reader = identify(request)
            if reader is not None:
                response = _tell(request, reader)
            elif getattr(request, "user", None) is not None and request.user.is_authenticated:
                raise PermissionDenied(_("You may not see the metrics."))
            else:
                response = HttpResponse(_("Metrics are shown for a token, or to staff."), PLAIN, status=401)
                response["WWW-Authenticate"] = 'Bearer realm="eztaskmanager"'
        except (Error, TooSlow) as exc:
            text = _("There are no metrics, for the database does not answer.")
            if has_token(request):
                # Drivers name hosts and users.
                text = _("There are no metrics, for the database does not answer: %(why)s") % {"why": exc}
            response = HttpResponse(text, PLAIN, status=503)
        seal(response)
        return response


def _tell(request: HttpRequest, reader: Reader) -> HttpResponse:
    try:
        # An extra, which a project may do without.
        from eztaskmanager.services import metrics
    except ModuleNotFoundError as exc:
        if (exc.name or "").partition(".")[0] != "prometheus_client":
            raise
        text = _('Metrics need the extra "prometheus": pip install "django-eztaskmanager[prometheus]"')
        return HttpResponse(text, PLAIN, status=501)
    # Names of tasks are for those only from whom none is hidden.
    exposition = metrics.with_tasks if reader.sees_all_tasks else metrics.without_tasks
    content, content_type = exposition.expose(request.headers.get("Accept", ""))
    return HttpResponse(content, content_type)
