"""Tasks as a file to download, for git or another machine."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from eztaskmanager.exceptions import TaskFileError
from eztaskmanager.models import Task
from eztaskmanager.services.as_code.exporting import export_tasks
from eztaskmanager.services.as_code.files import dump

TYPES = {"yaml": "application/yaml", "json": "application/json"}


def answer_export(request: HttpRequest, tasks: Iterable[Task]) -> HttpResponse | None:
    """Send the tasks as `importtasks` reads them: YAML where it is installed, else JSON.

    Returns:
        The file; None where there can be none, and the reader is told why.
    """
    form = "yaml" if find_spec("yaml") else "json"
    try:
        data, hidden = export_tasks(tasks)
    except TaskFileError as exc:
        messages.error(request, str(exc))
        return None
    if hidden:
        sentence = _("Secrets are masked in %(tasks)s; an import keeps those that its database has.")
        messages.warning(request, sentence % {"tasks": ", ".join(hidden)})
    text = dump(data, form)
    if hidden and form == "yaml":
        # The page stays as it is while the file comes, so the file says it too.
        text = f"# Secrets are masked in: {', '.join(map(repr, hidden))}.\n{text}"
    headers = {"Content-Disposition": f'attachment; filename="tasks.{form}"'}
    return HttpResponse(text, content_type=f"{TYPES[form]}; charset=utf-8", headers=headers)
