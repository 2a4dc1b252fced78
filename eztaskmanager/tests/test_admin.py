"""The admin: what lists show, who sees what, and what goes when something is deleted."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from eztaskmanager.models import AppCommand, LaunchReport, Log, Task, TaskCategory
from eztaskmanager.tests.desk import LIST, NASTY, AdminTestCase, QueueingTestCase, change_page
from eztaskmanager.tests.factories import make_command, make_report, make_task, make_user
from eztaskmanager.tests.pages import say


class GroupTests(AdminTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.group = Group.objects.create(name="others")
        self.task = make_task("migrate", name="Secret")
        self.task.command.allowed_groups.add(self.group)
        self.open_task = make_task("check", name="Public")
        self.insider = make_user(
            "ian", "view_task", "change_task", "add_task", "launch_task", "view_launchreport", "view_taskcategory"
        )
        self.client.force_login(self.insider)

    def test_tasks_of_other_groups_are_in_no_list_form_or_choice(self) -> None:
        report = make_report(self.task)
        self.assertNotContains(self.client.get(LIST), "Secret")
        self.assertContains(self.client.get(LIST), "Public")
        self.assertEqual(self.client.get(change_page(self.task)).status_code, 302)
        self.assertNotContains(self.client.get(f"{LIST}add/"), "migrate")
        self.assertNotContains(self.client.get("/admin/eztaskmanager/launchreport/"), "Secret")
        page = reverse("admin:eztaskmanager_launchreport_change", args=[report.pk])
        self.assertEqual(self.client.get(page).status_code, 302)
        category = TaskCategory.objects.create(name="All")
        Task.objects.update(category=category)
        page = reverse("admin:eztaskmanager_taskcategory_change", args=[category.pk])
        self.assertNotContains(self.client.get(page), "Secret")

    def test_they_cannot_be_launched(self) -> None:
        self.act("launch_tasks", self.task, self.open_task)
        self.assertEqual([report.task for report in LaunchReport.objects.all()], [self.open_task])
        self.client.post(change_page(self.task), {**self.form_data(self.task), "_start-task": "x"})
        self.assertEqual(LaunchReport.objects.count(), 1)

    def test_a_task_cannot_be_given_their_commands(self) -> None:
        data = self.form_data(self.open_task, command=self.task.command_id)
        self.assertIn("command", self.errors(data, self.open_task))

    def test_members_see_and_launch_them(self) -> None:
        self.insider.groups.add(self.group)
        self.assertContains(self.client.get(LIST), "Secret")
        self.act("launch_tasks", self.task)
        self.assertEqual(LaunchReport.objects.get().task, self.task)


class ListTests(AdminTestCase):
    def fill(self, count: int) -> None:
        category = TaskCategory.objects.create(name=f"Category {count}")
        for n in range(count):
            task = make_task(name=f"task {count} {n}", category=category, cron="0 6 * * *")
            make_report(task, state="finished", invocation_result="ok", started_at=timezone.now())
            make_report(task, state="started", started_at=timezone.now(), progress_current=n, progress_total=count)
            task.compute_cache()

    def count_queries(self, address: str) -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as queries:
            self.assertEqual(self.client.get(address).status_code, 200)
        return len(queries)

    def test_the_number_of_queries_does_not_grow_with_the_rows(self) -> None:
        pages = ("task", "launchreport", "appcommand", "taskcategory")
        self.fill(2)
        before = {page: self.count_queries(f"/admin/eztaskmanager/{page}/") for page in pages}
        self.fill(12)
        after = {page: self.count_queries(f"/admin/eztaskmanager/{page}/") for page in pages}
        self.assertEqual(after, before)

    def test_a_row_tells_what_the_task_is_about(self) -> None:
        task = make_task(name="Night run", note=NASTY, cron="30 6 * * *", arguments="--deploy")
        make_report(task, state="started", started_at=timezone.now(), progress_current=3, progress_total=12)
        task.compute_cache()
        page = self.client.get(LIST)
        for text in ("Night run", "--deploy", "running", "25 %", "3 of 12", "Europe/Rome", "06:30", "livelogviewer"):
            self.assertContains(page, text)
        self.assertNotContains(page, NASTY)

    def test_links_to_logs_may_be_switched_off(self) -> None:
        self.fill(1)
        with override_settings(EZTASKMANAGER_SHOW_LOGVIEWER_LINK=False):
            for page in ("task", "launchreport"):
                self.assertNotContains(self.client.get(f"/admin/eztaskmanager/{page}/"), "livelogviewer")

    def test_filters_and_search_find(self) -> None:
        category = TaskCategory.objects.create(name="Reports")
        make_task(name="Alpha", category=category)
        beta = make_task(name="Beta", cron="0 6 * * *")
        beta.pause()
        for query, name in (
            ("status=idle&category=none", "Beta"),
            ("status=paused", "Beta"),
            (f"category={category.pk}", "Alpha"),
            ("cached_last_invocation_result=never&q=alph", "Alpha"),
            ("q=beta", "Beta"),
        ):
            with self.subTest(query=query):
                found = self.client.get(f"{LIST}?{query}").context["cl"].queryset
                self.assertEqual([task.name for task in found], [name])

    def test_odd_filter_values_do_no_harm(self) -> None:
        for page in ("task", "launchreport"):
            for query in ("category=x", "task=x", f"task={'9' * 30}", "status=x", "result=x", "user=x", "trigger=x"):
                with self.subTest(page=page, query=query):
                    answer = self.client.get(f"/admin/eztaskmanager/{page}/?{query}", follow=True)
                    self.assertEqual(answer.status_code, 200)

    def test_filters_fold_unless_told_not_to(self) -> None:
        make_task(category=TaskCategory.objects.create(name="One"))
        self.assertContains(self.client.get(LIST), "<details data-filter-title")
        with override_settings(EZTASKMANAGER_USE_FILTER_COLLAPSE=False):
            self.assertNotContains(self.client.get(LIST), "<details data-filter-title")


class ReportTests(AdminTestCase):
    def test_reports_are_found_by_all_that_is_known_of_them(self) -> None:
        make_report(make_task(name="Other"), trigger="schedule")
        task = make_task(name="Mine", category=TaskCategory.objects.create(name="C"))
        make_report(task, trigger="manual", launched_by_name="ada", state="finished", invocation_result="failed")
        for query in ("result=failed", "trigger=manual", "user=ada", f"task={task.pk}", f"category={task.category_id}"):
            with self.subTest(query=query):
                found = self.client.get(f"/admin/eztaskmanager/launchreport/?{query}").context["cl"].queryset
                self.assertEqual([report.task for report in found], [task])

    def test_a_report_is_read_only_and_shows_its_last_lines_escaped(self) -> None:
        report = make_report(state="started", started_at=timezone.now())
        say(report, *(f"line {n}" for n in range(20)), NASTY)
        page = self.client.get(reverse("admin:eztaskmanager_launchreport_change", args=[report.pk]))
        self.assertContains(page, "11 lines hidden")
        self.assertNotContains(page, NASTY)
        self.assertNotContains(page, 'name="_save"')
        self.assertEqual(self.client.get("/admin/eztaskmanager/launchreport/add/").status_code, 403)

    def test_deleting_reports_refreshes_the_task(self) -> None:
        task = make_task()
        for result in ("ok", "failed"):
            report = make_report(task, state="finished", invocation_result=result, started_at=timezone.now())
        task.compute_cache()
        self.assertEqual(task.cached_last_invocation_result, "failed")
        page = "/admin/eztaskmanager/launchreport/"
        data = {"action": "delete_selected", "_selected_action": [report.pk], "post": "yes"}
        self.assertEqual(self.client.post(page, data).status_code, 302)
        task.refresh_from_db()
        self.assertEqual(task.cached_last_invocation_result, "ok")

    def test_the_last_reports_stand_on_the_tasks_page(self) -> None:
        task = make_task()
        for n in range(7):
            report = make_report(task, state="finished", launched_by_name=f"user{n}")
            say(report, f"said by {n}")
        page = self.client.get(change_page(task))
        self.assertContains(page, "said by 6")
        self.assertContains(page, "said by 2")
        self.assertNotContains(page, "said by 1")


class DeletionTests(QueueingTestCase):
    def test_deleting_a_task_first_stops_it(self) -> None:
        task = make_task(cron="0 6 * * *")
        task.launch()
        self.assertEqual(len(self.queue.jobs), 1)
        answer = self.client.post(reverse("admin:eztaskmanager_task_delete", args=[task.pk]), {"post": "yes"})
        self.assertEqual(answer.status_code, 302)
        self.assertEqual((Task.objects.count(), LaunchReport.objects.count()), (0, 0))
        self.assertEqual((self.queue.jobs, self.queue.timers), ([], {}))

    def test_deleting_several_stops_each(self) -> None:
        tasks = [make_task(name=str(n)) for n in range(3)]
        for task in tasks:
            task.launch()
        self.act("delete_selected", *tasks, post="yes")
        self.assertEqual((Task.objects.count(), self.queue.jobs), (0, []))

    def test_a_queue_that_is_away_does_not_keep_a_task_alive(self) -> None:
        task = make_task()
        task.launch()
        self.queue.is_away = True
        self.addCleanup(setattr, self.queue, "is_away", False)
        self.client.post(reverse("admin:eztaskmanager_task_delete", args=[task.pk]), {"post": "yes"})
        self.assertFalse(Task.objects.exists())

    def test_the_question_counts_the_lines_and_fetches_none(self) -> None:
        task = make_task()
        say(make_report(task), *("x" for _ in range(50)))
        page = self.client.get(reverse("admin:eztaskmanager_task_delete", args=[task.pk]))
        self.assertContains(page, "Log lines: 50")

    def test_deleting_a_task_asks_for_the_right_to_delete_its_reports(self) -> None:
        task = make_task()
        make_report(task)
        self.client.force_login(make_user("del", "view_task", "delete_task"))
        self.client.post(reverse("admin:eztaskmanager_task_delete", args=[task.pk]), {"post": "yes"})
        self.assertTrue(Task.objects.exists())

    def test_deleting_a_category_keeps_its_tasks(self) -> None:
        category = TaskCategory.objects.create(name="C")
        task = make_task(category=category)
        self.client.post(reverse("admin:eztaskmanager_taskcategory_delete", args=[category.pk]), {"post": "yes"})
        task.refresh_from_db()
        self.assertIsNone(task.category)

    def test_deleting_a_command_stops_its_tasks(self) -> None:
        task = make_task()
        task.launch()
        page = reverse("admin:eztaskmanager_appcommand_delete", args=[task.command_id])
        self.assertEqual(self.client.post(page, {"post": "yes"}).status_code, 302)
        self.assertEqual((Task.objects.count(), Log.objects.count(), self.queue.jobs), (0, 0, []))


class CommandTests(AdminTestCase):
    def test_commands_are_not_made_by_hand(self) -> None:
        self.assertEqual(self.client.get("/admin/eztaskmanager/appcommand/add/").status_code, 403)

    def test_the_help_of_a_command_is_shown_or_why_it_cannot_be(self) -> None:
        page = reverse("admin:eztaskmanager_appcommand_change", args=[make_command().pk])
        self.assertContains(self.client.get(page), "--fail-level")
        gone = AppCommand.objects.create(name="gone", app_name="nowhere")
        page = reverse("admin:eztaskmanager_appcommand_change", args=[gone.pk])
        self.assertContains(self.client.get(page), "There is no command")

    def test_active_is_edited_in_the_list(self) -> None:
        command = make_command()
        data = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": command.pk, "_save": "Save"}
        self.assertEqual(self.client.post("/admin/eztaskmanager/appcommand/", data).status_code, 302)
        command.refresh_from_db()
        self.assertFalse(command.active)

    def test_the_tasks_of_a_category_are_linked_and_it_can_be_renamed(self) -> None:
        category = TaskCategory.objects.create(name="C")
        task = make_task(name="Its task", category=category)
        page = reverse("admin:eztaskmanager_taskcategory_change", args=[category.pk])
        self.assertContains(self.client.get(page), change_page(task))
        self.assertEqual(self.client.post(page, {"name": "D"}).status_code, 302)
        category.refresh_from_db()
        self.assertEqual(category.name, "D")


class PolicyTests(AdminTestCase):
    def test_no_page_of_ours_has_inline_scripts_styles_or_handlers(self) -> None:
        task = make_task(name=NASTY, note=NASTY, cron="0 6 * * *", category=TaskCategory.objects.create(name=NASTY))
        report = make_report(task, state="started", started_at=timezone.now())
        say(report, NASTY)
        pages = [LIST, f"{LIST}add/", change_page(task)]
        pages += [f"/admin/eztaskmanager/{name}/" for name in ("launchreport", "appcommand", "taskcategory")]
        pages.append(reverse("admin:eztaskmanager_launchreport_change", args=[report.pk]))
        pages.append(reverse("admin:eztaskmanager_appcommand_change", args=[task.command_id]))
        pages.append(reverse("admin:eztaskmanager_taskcategory_change", args=[task.category_id]))
        for page in pages:
            with self.subTest(page=page):
                html = self.client.get(page).content.decode()
                self.assertNotRegex(html, r"<script(?![^>]*\ssrc=)[^>]*>")
                self.assertNotRegex(html, r"<style|\sstyle=|<[^>]*\son\w+=")
                self.assertNotIn(NASTY, html)
