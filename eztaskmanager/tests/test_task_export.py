"""Tasks of the list as a file: what an import reads again, for those who may."""

from __future__ import annotations

import json
import sys
from unittest import mock

import yaml
from django.test import override_settings

from eztaskmanager.models import Task, TaskCategory
from eztaskmanager.services.as_code.documents import read_document
from eztaskmanager.services.as_code.importing import import_document
from eztaskmanager.tests.desk import LIST, AdminTestCase
from eztaskmanager.tests.factories import make_task, make_user


class ExportTests(AdminTestCase):
    def setUp(self) -> None:
        super().setUp()
        category = TaskCategory.objects.create(name="Imports", color="#0a63b0")
        self.task = make_task(name="Über", category=category, note="Two\nlines", cron="0 6 * * *")
        self.other = make_task(name="Other")

    def export(self, *tasks: Task) -> bytes:
        answer = self.client.post(LIST, {"action": "export_tasks", "_selected_action": [task.pk for task in tasks]})
        self.assertEqual(answer.status_code, 200)
        self.assertRegex(answer.headers["Content-Disposition"], r'attachment; filename="tasks\.(yaml|json)"')
        return bytes(answer.content)

    def test_the_file_holds_the_chosen_ones_and_is_imported_as_it_is(self) -> None:
        data = yaml.safe_load(self.export(self.task))
        self.assertEqual([entry["name"] for entry in data["tasks"]], ["Über"])
        self.assertEqual([entry["name"] for entry in data["categories"]], ["Imports"])
        before = Task.objects.filter(pk=self.task.pk).values("note", "cron", "category__color").get()
        Task.objects.all().delete()
        TaskCategory.objects.all().delete()
        import_document(read_document(data))
        self.assertEqual(Task.objects.filter(name="Über").values("note", "cron", "category__color").get(), before)

    def test_it_is_json_where_there_is_no_yaml(self) -> None:
        with mock.patch.dict(sys.modules, {"yaml": None}):
            data = json.loads(self.export(self.task, self.other))
        self.assertEqual([entry["name"] for entry in data["tasks"]], ["Other", "Über"])

    @override_settings(EZTASKMANAGER_SECRET_OPTIONS=["tag"])
    def test_secrets_are_masked_and_that_is_told(self) -> None:
        Task.objects.filter(pk=self.task.pk).update(arguments="--tag hidden")
        self.assertNotIn(b"hidden", self.export(self.task))
        self.assertContains(self.client.get(LIST), "Secrets are masked in Über;")

    def test_two_of_one_name_are_refused_in_words(self) -> None:
        Task.objects.update(name="Same")
        self.assertIn("have the same name 'Same'", "".join(self.act("export_tasks", self.task, self.other)))

    def test_it_is_for_those_who_may_change_tasks(self) -> None:
        self.client.force_login(make_user("viewer", "view_task", "launch_task"))
        self.assertNotContains(self.client.get(LIST), "export_tasks")
        answer = self.client.post(LIST, {"action": "export_tasks", "_selected_action": [self.task.pk]}, follow=True)
        self.assertNotIn("Content-Disposition", answer.headers)
        self.client.force_login(make_user("editor", "change_task"))
        self.export(self.task)
