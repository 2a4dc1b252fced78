"""Whether it works, for load balancers and watchdogs; and for those who may know, what does not."""

from __future__ import annotations

from typing import Any

from django.db import Error, connection, transaction
from django.http import HttpRequest, JsonResponse
from django.utils.decorators import method_decorator
from django.views.generic import View

from eztaskmanager.services.monitoring import look_at_vitals, tell_details
from eztaskmanager.views.monitoring import has_token, identify, seal


# Otherwise ATOMIC_REQUESTS would ask the database before this is reached, and answer with an error page.
@method_decorator(transaction.non_atomic_requests, name="dispatch")
class HealthView(View):
    """200 while the database answers, and somebody ticks where there are schedules; else 503. JSON.

    All are told `status`, *ok* or *failing*; the token and staff who may see reports also `checks`.
    """

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest) -> JsonResponse:
        """Look, within a few seconds."""
        try:
            vitals = look_at_vitals()
        except Exception as exc:  # Drivers raise much, and none of it may become an error page.
            is_well, database = False, {"ok": False, "error": str(exc) or repr(exc)}
        else:
            is_well, database = vitals.is_well, {"ok": True, "seconds": round(vitals.seconds, 6)}
        answer: dict[str, Any] = {"status": "ok" if is_well else "failing"}
        if self._may_know(request, bool(database["ok"])):
            details = tell_details() if database["ok"] else {}
            answer["checks"] = {"database": {**database, "vendor": connection.vendor}, **details}
        response = JsonResponse(answer, status=200 if is_well else 503)
        seal(response)
        return response

    def _may_know(self, request: HttpRequest, database_answers: bool) -> bool:
        if has_token(request):
            return True
        try:
            # Sessions and users are in the database, as a rule.
            return database_answers and identify(request) is not None
        except Error:
            return False
