"""The pages of categories and of commands."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection
from django.test import SimpleTestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from eztaskmanager.admin.command_help import tell_help
from eztaskmanager.admin.task_inlines import MOST_SHOWN
from eztaskmanager.models import AppCommand, Task, TaskCategory
from eztaskmanager.tests.desk import AdminTestCase, change_page
from eztaskmanager.tests.factories import make_command, make_task, make_user

CATEGORIES = "/admin/eztaskmanager/taskcategory/"
COMMANDS = "/admin/eztaskmanager/appcommand/"


class CategoryTests(AdminTestCase):
    def save(self, **data: Any) -> TaskCategory:  # type: ignore[override]
        self.assertEqual(self.client.post(f"{CATEGORIES}add/", {"name": "Imports", **data}).status_code, 302)
        return TaskCategory.objects.latest("pk")

    def test_a_category_has_the_colour_that_is_chosen_or_none(self) -> None:
        self.assertEqual(self.save(color="#aabbcc").color, "#aabbcc")
        self.assertEqual(self.save(color="#aabbcc", color_none="on").color, "")
        self.assertEqual(self.save().color, "")

    def test_what_is_no_colour_is_refused(self) -> None:
        for color in ("red", "#abc", "#12345g", 'url(x)"', "#aabbcc\n"):
            with self.subTest(color=color):
                page = self.client.post(f"{CATEGORIES}add/", {"name": "Imports", "color": color})
                if page.status_code == 302:  # Forms strip white space.
                    self.assertEqual(TaskCategory.objects.latest("pk").color, color.strip())
                else:
                    self.assertIn("color", page.context["adminform"].form.errors)

    def test_the_form_shows_the_colour_or_that_there_is_none(self) -> None:
        with_color, without = (TaskCategory.objects.create(name="x", color=color) for color in ("#aabbcc", ""))
        page = self.client.get(f"{CATEGORIES}{with_color.pk}/change/").content.decode()
        self.assertRegex(page, r'<input type="color" name="color" value="#aabbcc"')
        self.assertNotRegex(page, r'name="color_none"[^>]*checked')
        page = self.client.get(f"{CATEGORIES}{without.pk}/change/").content.decode()
        self.assertRegex(page, r'name="color_none"[^>]*checked')

    def test_the_list_shows_colours_and_counts_what_the_user_may_see(self) -> None:
        category = TaskCategory.objects.create(name="Imports", color="#aabbcc")
        TaskCategory.objects.create(name="Plain")
        make_task(category=category)
        hidden = make_task("migrate", category=category)
        hidden.command.allowed_groups.add(Group.objects.create(name="others"))
        Task.objects.update(status=Task.STATUS_STARTED)
        for user, count in ((self.user, 2), (make_user("vera", "view_taskcategory", "view_task"), 1)):
            self.client.force_login(user)
            page = self.client.get(CATEGORIES)
            self.assertContains(page, 'fill="#aabbcc"', count=1)
            found = {each.name: (each.task_count, each.busy_count) for each in page.context["cl"].result_list}
            self.assertEqual(found, {"Imports": (count, count), "Plain": (0, 0)})

    def test_its_tasks_stand_below_with_what_is_overdue(self) -> None:
        category = TaskCategory.objects.create(name="Imports")
        late = make_task(name="Late", category=category, cron="0 6 * * *")
        Task.objects.filter(pk=late.pk).update(cached_next_ride=timezone.now() - dt.timedelta(hours=1))
        page = self.client.get(f"{CATEGORIES}{category.pk}/change/")
        for text in (change_page(late), "ez-overdue", "(1)"):
            self.assertContains(page, text)

    def test_of_many_tasks_the_first_are_shown_in_as_many_queries(self) -> None:
        category = TaskCategory.objects.create(name="Imports")
        command = make_command()
        address = f"{CATEGORIES}{category.pk}/change/"
        counts = []
        # What is asked for once in a process, such as content types, is not counted.
        self.client.get(address)
        for count in (MOST_SHOWN, 40):
            Task.objects.bulk_create(Task(name=f"t {n}", command=command, category=category) for n in range(count))
            with CaptureQueriesContext(connection) as queries:
                page = self.client.get(address)
            counts.append(len(queries))
        self.assertEqual(counts[0], counts[1])
        self.assertContains(page, "40 more")
        self.assertContains(page, f"/task/?category={category.pk}")


class CommandTests(AdminTestCase):
    def page(self, command: AppCommand) -> Any:
        return self.client.get(reverse("admin:eztaskmanager_appcommand_change", args=[command.pk]))

    def test_the_help_is_told_option_by_option_and_letter_by_letter(self) -> None:
        page = self.page(make_command())
        for text in ("<code>--fail-level {CRITICAL,ERROR,WARNING,INFO,DEBUG}</code>", "Options of every command"):
            self.assertContains(page, text)
        self.assertContains(page, '<pre class="ez-pre">usage: manage.py check')

    def test_a_command_that_is_gone_says_so_everywhere(self) -> None:
        gone = AppCommand.objects.create(name="gone", app_name="nowhere")
        make_command()
        self.assertContains(self.page(gone), "There is no command")
        self.assertContains(self.client.get(COMMANDS), "not installed</span>")
        found = self.client.get(f"{COMMANDS}?use=gone").context["cl"].result_list
        self.assertEqual([command.name for command in found], ["gone"])

    def test_the_tasks_that_run_it_are_linked(self) -> None:
        task, other = make_task(name="Mine"), make_task("migrate", name="Other")
        page = self.page(task.command)
        self.assertContains(page, change_page(task))
        self.assertNotContains(page, change_page(other))

    def test_commands_are_found_by_their_use(self) -> None:
        used, unused = make_task().command, make_command("migrate")
        make_task()
        for query, command in (("use=used", used), ("use=unused", unused)):
            found = self.client.get(f"{COMMANDS}?{query}").context["cl"].result_list
            self.assertEqual(list(found), [command])

    def test_activity_groups_and_confirmation_are_edited(self) -> None:
        command, group = make_command(), Group.objects.create(name="operators")
        address = reverse("admin:eztaskmanager_appcommand_change", args=[command.pk])
        data = {"active": "on", "allowed_groups": [group.pk], "confirmation": "check", "name": "other"}
        self.assertEqual(self.client.post(address, data).status_code, 302)
        command.refresh_from_db()
        self.assertEqual((command.name, command.confirmation), ("check", "check"))
        self.assertEqual(list(command.allowed_groups.all()), [group])
        page = self.client.get(COMMANDS)
        self.assertContains(page, "operators")
        self.assertContains(page, "<code>check</code>")


class ClosedCommandTests(AdminTestCase):
    """A command whose groups leave the user out is not theirs to delete, for its tasks would go along."""

    def setUp(self) -> None:
        super().setUp()
        self.task = make_task(name="Payroll")
        self.command = self.task.command
        self.group = Group.objects.create(name="payroll")
        self.command.allowed_groups.add(self.group)
        self.stranger = make_user(
            "vera", "view_appcommand", "delete_appcommand", "delete_task", "delete_launchreport", "delete_alert"
        )
        self.client.force_login(self.stranger)
        self.page = reverse("admin:eztaskmanager_appcommand_delete", args=[self.command.pk])

    def delete_selected(self, *commands: AppCommand) -> int:
        keys = [command.pk for command in commands]
        data = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
        return self.client.post(COMMANDS, data).status_code

    def test_it_stays_with_its_tasks(self) -> None:
        self.assertEqual(self.client.get(self.page).status_code, 403)
        self.assertEqual(self.client.post(self.page, {"post": "yes"}).status_code, 403)
        self.assertEqual(self.delete_selected(self.command, make_command("migrate")), 403)
        self.assertTrue(Task.objects.filter(pk=self.task.pk).exists())
        self.assertEqual(AppCommand.objects.count(), 2)

    def test_an_open_one_goes_and_so_does_this_one_for_a_member(self) -> None:
        self.assertEqual(self.delete_selected(make_command("migrate")), 302)
        self.stranger.groups.add(self.group)
        self.assertEqual(self.client.post(self.page, {"post": "yes"}).status_code, 302)
        self.assertFalse(AppCommand.objects.exists() or Task.objects.exists())


class HelpTests(SimpleTestCase):
    def parser(self) -> argparse.ArgumentParser:
        return argparse.ArgumentParser(prog="manage.py x", description="First.\n\nSecond of %(prog)s.", add_help=True)

    def test_what_the_parser_knows_is_noted(self) -> None:
        parser = self.parser()
        parser.add_argument("--rows", type=int, default=7, required=True, help="how many")
        parser.add_argument("--kind", choices=["a", "b"], default="a", help="which (%(default)s)")
        parser.add_argument("--hidden", help=argparse.SUPPRESS)
        parser.add_argument("--flag", action="store_true")
        parser.add_argument("names", nargs="*", metavar="NAME")
        told = tell_help(parser)
        options = {option.name: (option.help, option.notes) for section in told.sections for option in section.options}
        self.assertEqual(
            options,
            {
                "NAME": ("", ("several values",)),
                "--rows ROWS": ("how many", ("required", "by default 7")),
                "--kind {a,b}": ("which (a)", ("one of a, b",)),
                "--flag": ("", ()),
            },
        )
        self.assertEqual(told.description, ("First.", "Second of manage.py x."))

    def test_subcommands_have_sections_of_their_own(self) -> None:
        parser = self.parser()
        subparsers = parser.add_subparsers(dest="what", required=True)
        subparsers.add_parser("load", aliases=["l"], help="load it").add_argument("--fast", action="store_true")
        told = [(section.title, [option.name for option in section.options]) for section in tell_help(parser).sections]
        self.assertIn(("load: Options", ["--fast"]), told)
        self.assertEqual(sum("--fast" in names for _, names in told), 1)


class TaskLinkTests(AdminTestCase):
    def test_the_tasks_of_a_command_are_listed_with_its_filter_set(self) -> None:
        task = make_task(name="Mine")
        make_task("migrate", name="Other")
        page = self.client.get(COMMANDS).content.decode()
        address = f"/admin/eztaskmanager/task/?command={task.command_id}"
        self.assertIn(f'href="{address}"', page)
        answer = self.client.get(address)
        self.assertEqual([found.name for found in answer.context["cl"].result_list], ["Mine"])
        self.assertContains(answer, f'<li class="selected"><a href="?command={task.command_id}">')
