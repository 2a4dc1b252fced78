"""Someone at work in the admin."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.test import SimpleTestCase, TestCase, TransactionTestCase, override_settings
from django.urls import reverse

from eztaskmanager.models import Task
from eztaskmanager.services.queues import get_task_service
from eztaskmanager.tests.factories import make_command, make_user

LIST = "/admin/eztaskmanager/task/"
NASTY = '<script>alert("x")</script>'
TOMORROW = dt.timedelta(days=1)


def change_page(task: Task) -> str:
    """Tell the address of a task's form."""
    return reverse("admin:eztaskmanager_task_change", args=[task.pk])


@override_settings(
    EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory",
    LANGUAGE_CODE="en",
    TIME_ZONE="Europe/Rome",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
)
class Desk(SimpleTestCase):
    """A superuser at work, and an empty queue."""

    def setUp(self) -> None:
        self.queue: Any = get_task_service()
        self.queue.clear()
        self.queue.is_away = False
        self.user = make_user("ada", is_superuser=True)
        self.client.force_login(self.user)

    def act(self, action: str, *tasks: Task, **more: Any) -> list[str]:
        """Do a list action; give what was said."""
        data = {"action": action, "_selected_action": [task.pk for task in tasks], **more}
        answer = self.client.post(LIST, data, follow=True)
        self.assertEqual(answer.status_code, 200)
        return [str(message) for message in answer.context.get("messages", ())]

    def form_data(self, task: Task | None = None, **fields: Any) -> dict[str, Any]:
        """Fill in the form, as the predecessor's fields alone."""
        command = task.command if task else make_command()
        data = {
            "name": task.name if task else "A task",
            "command": command.pk,
            "arguments": task.arguments if task else "",
            "category": "",
            "note": "",
            "scheduling_0": "",
            "scheduling_1": "",
            "repetition_period": "",
            "repetition_rate": "",
        }
        return {**data, **fields}

    def errors(self, data: dict[str, Any], task: Task | None = None) -> dict[str, list[str]]:
        """Post the form, which must be refused; give its errors."""
        address = change_page(task) if task else f"{LIST}add/"
        answer = self.client.post(address, data)
        self.assertEqual(answer.status_code, 200)
        found: dict[str, list[str]] = answer.context["adminform"].form.errors
        self.assertTrue(found)
        return found

    def save(self, data: dict[str, Any], task: Task | None = None) -> Task:
        """Post the form, which must be taken; give the task."""
        address = change_page(task) if task else f"{LIST}add/"
        answer = self.client.post(address, data)
        if answer.status_code == 200:
            self.fail(str(answer.context["adminform"].form.errors))
        return Task.objects.get(pk=task.pk) if task else Task.objects.latest("pk")


class AdminTestCase(Desk, TestCase):
    """For what no queue is told of."""


class QueueingTestCase(Desk, TransactionTestCase):
    """For what queues are told of, once it is committed."""
