"""The page on which a task is launched, the words that confirm it, and the form's endpoint."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import Group
from django.urls import reverse

from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.tests.desk import AdminTestCase, QueueingTestCase, change_page
from eztaskmanager.tests.factories import make_command, make_report, make_task, make_user

ENDPOINT = "/admin/eztaskmanager/task/argument-form/"


def launch_page(task: Task) -> str:
    """Tell the address of a task's launch page."""
    return reverse("admin:eztaskmanager_task_launch", args=[task.pk])


def ask_to_confirm(name: str, words: str = "do it") -> None:
    """Have a command ask for words."""
    command = make_command(name)
    command.confirmation = words
    command.save()


class LaunchTests(QueueingTestCase):
    def test_it_is_launched_once_and_the_task_stays_as_it_is(self) -> None:
        task = make_task("ez_form", "north")
        answer = self.client.get(launch_page(task))
        self.assertContains(answer, "north</textarea>")
        self.assertNotContains(answer, "Confirmation")
        answer = self.client.post(launch_page(task), {"arguments": "south, --rows 5"})
        report = LaunchReport.objects.get()
        self.assertRedirects(answer, reverse("eztaskmanager:live_log_viewer", args=[report.pk]))
        self.assertEqual((report.arguments, report.launched_by), ("south, --rows 5", self.user))
        task.refresh_from_db()
        self.assertEqual(task.arguments, "north")

    def test_the_arguments_of_a_run_may_be_taken(self) -> None:
        task = make_task("ez_form", "north")
        report = make_report(task, arguments="west", state="finished")
        self.assertContains(self.client.get(f"{launch_page(task)}?report={report.pk}"), "west</textarea>")
        other = make_report(make_task("ez_form", "east", name="Other"))
        for number in (other.pk, "x", "9" * 30):
            with self.subTest(number):
                self.assertEqual(self.client.get(f"{launch_page(task)}?report={number}").status_code, 404)

    def test_errors_are_told_at_their_field(self) -> None:
        task = make_task("ez_form", "north")
        ask_to_confirm("ez_form")
        answer = self.client.post(launch_page(task), {"arguments": "--rows many", "confirmation": "do"})
        self.assertEqual(answer.status_code, 200)
        errors = answer.context["form"].errors
        self.assertIn("argument --rows: invalid int value: 'many'", errors["arguments"][0])
        self.assertEqual(errors["confirmation"], ["Type these words to launch it: do it"])
        self.assertFalse(LaunchReport.objects.exists())

    def test_who_may_not_read_logs_comes_back_to_the_task(self) -> None:
        task = make_task("ez_form", "north")
        self.client.force_login(make_user("olga", "launch_task", "view_task"))
        answer = self.client.post(launch_page(task), {"arguments": "south"}, follow=True)
        self.assertRedirects(answer, change_page(task))
        self.assertIn("is launched", str(list(answer.context["messages"])[0]))

    def test_a_queue_that_is_away_is_told(self) -> None:
        task = make_task("ez_form", "north")
        self.queue.is_away = True
        answer = self.client.post(launch_page(task), {"arguments": "south"}, follow=True)
        self.assertIn("the queue does not answer", str(list(answer.context["messages"])[0]))

    def test_permission_and_groups_are_asked_for(self) -> None:
        task = make_task("ez_form", "north")
        self.client.force_login(make_user("vera", "view_task", "change_task"))
        self.assertEqual(self.client.get(launch_page(task)).status_code, 403)
        self.assertEqual(self.client.post(launch_page(task), {"arguments": "x"}).status_code, 403)
        task.command.allowed_groups.add(Group.objects.create(name="Few"))
        self.client.force_login(make_user("olga", "launch_task", "view_task"))
        self.assertEqual(self.client.get(launch_page(task)).status_code, 404)

    def test_who_may_not_change_the_task_launches_with_secrets_unseen(self) -> None:
        task = make_task("ez_form", "north, --token hunter2, --rows 3", name="Ask the partner")
        self.client.force_login(make_user("olga", "launch_task", "view_task"))
        answer = self.client.get(launch_page(task))
        self.assertContains(answer, "north, --token ••••, --rows 3</textarea>")
        self.assertNotContains(answer, "hunter2")
        self.client.post(launch_page(task), {"arguments": "south, --token ••••, --rows 4"})
        self.assertEqual(LaunchReport.objects.get().arguments, "south, --token hunter2, --rows 4")
        answer = self.client.post(launch_page(task), {"arguments": "south, --folder ••••"})
        self.assertContains(answer, "The dots stand for no value")
        answer = self.client.post(launch_page(task), {"arguments": "south, --token ••••, --rows x, --what"})
        self.assertNotContains(answer, "hunter2")


class ConfirmationTests(QueueingTestCase):
    def setUp(self) -> None:
        super().setUp()
        ask_to_confirm("ez_form")
        self.task = make_task("ez_form", "north", name="Danger")

    def test_buttons_lead_to_the_page_and_launch_nothing(self) -> None:
        for button in ("_start-task", "_launch-task"):
            with self.subTest(button):
                answer = self.client.post(change_page(self.task), self.form_data(self.task, **{button: "1"}))
                self.assertRedirects(answer, launch_page(self.task))
        self.assertFalse(LaunchReport.objects.exists())

    def test_list_actions_say_where_it_is_confirmed(self) -> None:
        fine = make_task("check", name="Harmless")
        for action in ("launch_tasks", "run_tasks_now"):
            with self.subTest(action):
                said = " ".join(self.act(action, self.task, fine))
                self.assertIn("Danger is not launched yet", said)
                self.assertIn(launch_page(self.task), said)
                self.assertIn("Harmless is launched", said)
        self.assertEqual({report.task for report in LaunchReport.objects.all()}, {fine})

    def test_launch_again_leads_to_the_page_with_the_arguments_of_the_run(self) -> None:
        report = make_report(self.task, state="finished")
        answer = self.client.post(reverse("eztaskmanager:launch_again", args=[report.pk]))
        self.assertRedirects(answer, f"{launch_page(self.task)}?report={report.pk}")
        self.assertEqual(LaunchReport.objects.count(), 1)

    def test_nothing_but_the_words_launches_it(self) -> None:
        for words in ("", "do", "DO IT"):
            with self.subTest(words):
                self.client.post(launch_page(self.task), {"arguments": "north", "confirmation": words})
                self.assertFalse(LaunchReport.objects.exists())
        self.client.post(launch_page(self.task), {"arguments": "north", "confirmation": " do it "})
        self.assertTrue(LaunchReport.objects.exists())

    def test_a_schedule_is_started_with_the_words(self) -> None:
        task = make_task("ez_form", "north", name="By night", cron="0 3 * * *")
        task.pause()
        answer = self.client.post(change_page(task), self.form_data(task, cron="0 3 * * *", **{"_start-task": "1"}))
        page = f"{launch_page(task)}?schedule=1"
        self.assertRedirects(answer, page)
        self.assertNotContains(self.client.get(page), "<textarea")
        self.client.post(page, {"confirmation": "no"})
        task.refresh_from_db()
        self.assertTrue(task.is_paused)
        answer = self.client.post(page, {"confirmation": "do it"}, follow=True)
        self.assertIn("is scheduled", str(list(answer.context["messages"])[0]))
        task.refresh_from_db()
        self.assertFalse(task.is_paused)
        self.assertFalse(LaunchReport.objects.exists())

    def test_schedules_and_code_are_not_asked(self) -> None:
        self.task.launch()
        self.assertTrue(LaunchReport.objects.exists())

    def test_the_words_are_set_with_the_command(self) -> None:
        answer = self.client.get(reverse("admin:eztaskmanager_appcommand_change", args=[self.task.command_id]))
        self.assertContains(answer, 'name="confirmation"')


class EndpointTests(AdminTestCase):
    def ask(self, **data: Any) -> Any:
        return self.client.post(ENDPOINT, {"command": data.get("command") or make_command("ez_form").pk, **data})

    def test_a_text_becomes_values(self) -> None:
        answer = self.ask(text="north, --rows 5, --tag a, --tag b").json()
        self.assertEqual(answer["values"], {"region": [["north"]], "--rows": [["5"]], "--tag": [["a"], ["b"]]})
        self.assertEqual((answer["errors"], answer["missing"]), ({}, []))
        titles = [section["title"] for section in answer["form"]["sections"]]
        self.assertEqual(titles, ["", "Access to the partner", "Django's options"])

    def test_values_become_a_text(self) -> None:
        values = {"region": [["north, south"]], "--full": [[]], "--pairs": [["1", "2"], ["-3", "4"]]}
        answer = self.ask(values=json.dumps(values)).json()
        self.assertEqual(answer["text"], '--pairs 1 2, --pairs -3 4, --full, "north, south"')

    def test_answers_are_never_kept(self) -> None:
        self.assertIn("no-store", self.ask(text="north")["Cache-Control"])

    def test_nonsense_is_answered_calmly(self) -> None:
        for values in ("{", "[]", '{"region": "x"}', '{"region": [[1]]}', "null"):
            with self.subTest(values):
                answer = self.ask(values=values)
                self.assertEqual((answer.status_code, answer.json()["text"]), (200, None))
        for number in (" ", "x", "0", "9" * 40, "١"):
            with self.subTest(number):
                self.assertEqual(self.ask(command=number, text="").status_code, 404)
        self.assertEqual(self.client.get(ENDPOINT).status_code, 405)

    def test_an_unavailable_command_is_told(self) -> None:
        command = make_command("ez_form")
        type(command).objects.filter(pk=command.pk).update(name="vanished")
        answer = self.ask(command=command.pk, text="").json()
        self.assertIsNone(answer["form"])
        self.assertIn("There is no command 'vanished'", answer["errors"][""][0])

    def test_dots_stand_for_secrets_only_where_that_is_said(self) -> None:
        self.assertEqual(self.ask(text="x, --changed ••••", masked="1").json()["errors"], {})
        self.assertIn("--changed", self.ask(text="x, --changed ••••").json()["errors"])

    def test_it_is_for_those_who_define_or_launch_and_for_their_commands(self) -> None:
        command = make_command("ez_form")
        for permission, status in (("view_task", 403), ("add_task", 200), ("change_task", 200), ("launch_task", 200)):
            with self.subTest(permission):
                self.client.force_login(make_user(permission, permission))
                self.assertEqual(self.ask(text="north").status_code, status)
        command.allowed_groups.add(Group.objects.create(name="Few"))
        self.assertEqual(self.ask(text="north").status_code, 404)

    def test_it_asks_the_database_little(self) -> None:
        command = make_command("ez_form")
        with self.assertNumQueries(4):  # Session, user, command, and the choices of its own hook.
            self.ask(command=command.pk, text="north")
