"""The buttons in the rows of the task list."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group

from eztaskmanager.admin.onlooker import launch_address
from eztaskmanager.models import AppCommand, LaunchReport, Task
from eztaskmanager.tests.desk import LIST, QueueingTestCase
from eztaskmanager.tests.factories import make_task, make_user


class RowButtonTests(QueueingTestCase):
    def press(self, doing: str, task: Task, status: int = 200) -> Any:
        headers = {"Accept": "application/json"}
        answer = self.client.post(f"{LIST}{task.pk}/do/{doing}/", headers=headers)
        self.assertEqual(answer.status_code, status)
        return answer.json() if status == 200 else answer

    def offered(self) -> set[str]:
        page = self.client.get(LIST).content.decode()
        return {doing for doing in ("start", "run", "pause", "stop") if f"/do/{doing}/" in page}

    def test_a_press_says_what_came_of_it_and_how_the_row_stands(self) -> None:
        task = make_task(name="Go")
        answer = self.press("start", task)
        self.assertEqual([said["level"] for said in answer["said"]], ["success"])
        self.assertIn("Go is launched", answer["said"][0]["html"])
        self.assertIn("queued", answer["rows"][str(task.pk)]["state"])
        self.assertEqual(answer["redirect"], "")
        report = LaunchReport.objects.get()
        self.assertEqual((report.launched_by_name, report.trigger), ("ada", "manual"))
        self.assertEqual(len(self.queue.jobs), 1)

    def test_each_button_does_what_it_says(self) -> None:
        task = make_task(cron="0 6 * * *")
        self.assertEqual(self.offered(), {"run", "pause"})
        self.press("run", task)
        self.assertEqual(self.offered(), {"run", "pause", "stop"})
        self.press("pause", task)
        task.refresh_from_db()
        self.assertEqual((task.is_paused, LaunchReport.objects.get().state), (True, "queued"))
        self.press("start", task)
        task.refresh_from_db()
        self.assertEqual((task.is_paused, task.cached_next_ride is None), (False, False))
        self.press("stop", task)
        self.assertEqual(LaunchReport.objects.get().invocation_result, "stopped")
        self.assertEqual(self.offered(), {"start", "run"})

    def test_without_a_script_the_list_comes_back_as_it_was_with_a_message(self) -> None:
        task = make_task(name="Go")
        address = f"{LIST}?q=go&grouped=1"
        answer = self.client.post(f"{LIST}{task.pk}/do/start/", {"next": address}, follow=True)
        self.assertEqual(answer.redirect_chain[-1][0], address)
        self.assertContains(answer, "Go is launched")

    def test_no_one_is_led_elsewhere(self) -> None:
        task = make_task()
        for address in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
            answer = self.client.post(f"{LIST}{task.pk}/do/pause/", {"next": address})
            self.assertEqual(answer["Location"], LIST)

    def test_what_goes_wrong_is_said(self) -> None:
        bad = make_task(arguments="--no-such-option")
        answer = self.press("start", bad)
        self.assertEqual(answer["said"][0]["level"], "error")
        self.assertIn("--no-such-option", answer["said"][0]["html"])

    def test_buttons_are_for_those_who_may(self) -> None:
        task = make_task(cron="0 6 * * *")
        task.launch()
        for names, offered in (
            (("view_task",), set()),
            (("view_task", "launch_task"), {"run"}),
            (("view_task", "stop_task"), {"pause", "stop"}),
            (("change_task",), set()),
        ):
            with self.subTest(permissions=names):
                self.client.force_login(make_user("-".join(names), *names))
                self.assertEqual(self.offered(), offered)

    def test_pressing_without_the_permission_is_refused(self) -> None:
        task = make_task()
        self.client.force_login(make_user("vic", "view_task"))
        for doing in ("start", "run", "stop", "pause"):
            with self.subTest(doing=doing):
                said = self.press(doing, task)["said"]
                self.assertEqual(said[0]["level"], "error")
                self.assertIn("You may not", said[0]["html"])
        self.assertFalse(LaunchReport.objects.exists())

    def test_tasks_of_other_groups_are_not_there(self) -> None:
        task = make_task()
        task.command.allowed_groups.add(Group.objects.create(name="others"))
        self.client.force_login(make_user("ian", "view_task", "launch_task"))
        self.press("start", task, status=404)
        self.press("fly", make_task("migrate"), status=404)
        self.client.force_login(make_user("nobody", "launch_task"))
        self.press("start", task, status=403)

    def test_it_takes_a_post_and_the_token(self) -> None:
        task = make_task()
        self.assertEqual(self.client.get(f"{LIST}{task.pk}/do/start/").status_code, 405)
        client = self.client_class(enforce_csrf_checks=True)
        client.force_login(self.user)
        self.assertEqual(client.post(f"{LIST}{task.pk}/do/start/").status_code, 403)
        self.assertFalse(LaunchReport.objects.exists())

    def test_what_must_be_confirmed_leads_to_where_it_is(self) -> None:
        task, planned = make_task(), make_task(cron="0 6 * * *", name="planned")
        AppCommand.objects.update(confirmation="yes")
        for doing, chosen, query in (("start", task, ""), ("run", planned, ""), ("start", planned, "?schedule=1")):
            with self.subTest(doing=doing, name=chosen.name):
                self.assertEqual(self.press(doing, chosen)["redirect"], f"{launch_address(chosen)}{query}")
        self.assertEqual(self.press("pause", planned)["redirect"], "")
        self.assertFalse(LaunchReport.objects.exists())

    def test_a_command_that_was_switched_off_is_not_offered(self) -> None:
        make_task()
        AppCommand.objects.update(active=False)
        self.assertEqual(self.offered(), set())
