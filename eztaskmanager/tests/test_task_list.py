"""The list of tasks: its columns, its filters, and who may find what."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection
from django.test import tag
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from eztaskmanager.admin.recent import FETCHED, SHOWN, fetch_recent
from eztaskmanager.models import AppCommand, LaunchReport, Task, TaskCategory
from eztaskmanager.tests.desk import LIST, NASTY, AdminTestCase
from eztaskmanager.tests.factories import make_report, make_runs, make_task, make_user

STATES = f"{LIST}states/"
MOST_QUERIES = 16


@tag("databases")
class RecentTests(AdminTestCase):
    def test_each_task_has_its_own_last_runs_in_their_order(self) -> None:
        few, many, none = make_task(name="few"), make_task(name="many"), make_task(name="none")
        of_many = make_runs(many, *range(1, FETCHED + 8))
        of_few = make_runs(few, 5, 6)
        found = fetch_recent([few, many, none])
        self.assertEqual([run.pk for run in found[few.pk].runs], [run.pk for run in of_few])
        self.assertEqual([run.pk for run in found[many.pk].runs], [run.pk for run in of_many[-FETCHED:]])
        self.assertEqual(len(found[many.pk].shown), SHOWN)
        self.assertEqual((list(found[none.pk].runs), found[none.pk].last), ([], None))

    def test_the_history_is_not_read(self) -> None:
        task = make_task()
        make_runs(task, *([1.0] * (3 * FETCHED)))
        with CaptureQueriesContext(connection) as queries:
            fetch_recent([task])
        self.assertEqual(len(queries), 2)

    def test_the_last_that_ran_is_found_behind_many_that_were_skipped(self) -> None:
        task = make_task()
        last = make_runs(task, 4)[0]
        for _ in range(FETCHED + 1):
            make_report(task, state="finished", invocation_result="skipped")
        found = fetch_recent([task])[task.pk].last
        self.assertEqual(found, last)

    def test_what_failed_or_was_stopped_does_not_tell_what_is_usual(self) -> None:
        task = make_task()
        make_runs(task, *([60.0] * 10))
        make_runs(task, 1, invocation_result="failed")
        make_runs(task, 900, invocation_result="stopped")
        unusual = make_runs(task, 400)[0]
        self.assertEqual(dict(fetch_recent([task])[task.pk].verdicts), {unusual.pk: "longer"})

    def test_filters_work_on_each_database(self) -> None:
        make_runs(make_task(category=TaskCategory.objects.create(name="C")), 1)
        for query in (
            "late=overdue",
            "late=skipped",
            "command=1",
            "status=idle",
            "grouped=1",
            "q=check",
            "_facets=True",
        ):
            with self.subTest(query=query):
                self.assertEqual(self.client.get(f"{LIST}?{query}").status_code, 200)


class StripTests(AdminTestCase):
    def strip(self) -> str:
        found = re.search(r'<svg class="ez-strip".*?</svg>', self.client.get(LIST).content.decode(), re.DOTALL)
        return found.group() if found else ""

    def heights(self) -> list[int]:
        return [int(height) for height in re.findall(r'class="ez-bar [^>]* height="(\d+)"', self.strip())]

    def test_each_run_is_a_link_that_says_what_it_was(self) -> None:
        task = make_task()
        first, second = make_runs(task, 12, 75)
        strip = self.strip()
        for report, duration in ((first, "12 s"), (second, "1 min 15 s")):
            self.assertIn(f'href="{reverse("eztaskmanager:live_log_viewer", args=[report.pk])}"', strip)
            self.assertRegex(strip, rf"<title>ok · [^<]* · {duration}</title>")
        self.assertEqual(re.findall(r'tabindex="([^"]*)"', strip), ["-1", "0"])

    def test_no_more_than_twenty_are_shown(self) -> None:
        make_runs(make_task(), *([1.0] * 30))
        self.assertEqual(len(self.heights()), 20)

    def test_what_waits_was_skipped_or_goes_on_is_shown_too(self) -> None:
        task = make_task()
        make_report(task, state="finished", invocation_result="skipped")
        make_report(task, state="started", started_at=timezone.now())
        make_report(task)
        strip = self.strip()
        for look in ("skipped", "started", "queued"):
            self.assertIn(f"ez-bar-{look}", strip)

    def test_one_outlier_does_not_press_the_others_flat(self) -> None:
        make_runs(make_task(), *([60.0] * 12), 86_400)
        heights = self.heights()
        self.assertEqual(len(set(heights[:12])), 1)
        self.assertGreaterEqual(heights[0], heights[-1] // 3)
        self.assertIn("longer than usual", self.strip())
        self.assertIn("ez-bar-mark", self.strip())

    def test_links_go_where_the_user_may_look(self) -> None:
        report = make_runs(make_task(), 1)[0]
        page = reverse("admin:eztaskmanager_launchreport_change", args=[report.pk])
        self.client.force_login(make_user("rita", "view_task", "view_launchreport"))
        self.assertIn(f'href="{page}"', self.strip())
        self.assertNotContains(self.client.get(LIST), "livelogviewer")
        self.client.force_login(make_user("vera", "view_task"))
        self.assertNotIn("href=", self.strip())
        self.assertIn("<title>ok", self.strip())


class ColumnTests(AdminTestCase):
    def test_the_last_run_tells_result_duration_and_who(self) -> None:
        make_runs(make_task(), 75, launched_by_name="grace", trigger="manual", invocation_result="warnings")
        page = self.client.get(LIST)
        for text in ("ez-is-warnings", "1 min 15 s", "grace, by hand", "ago</time>"):
            self.assertContains(page, text)

    def test_a_task_that_never_ran_tells_who_made_it(self) -> None:
        make_task(created_by=self.user)
        self.assertContains(self.client.get(LIST), "made by ada")

    def test_the_next_ride_is_told_in_both_ways_and_the_schedule_in_words(self) -> None:
        ride = timezone.now() + dt.timedelta(hours=5, minutes=1)
        make_task(scheduling=ride)
        page = self.client.get(LIST)
        self.assertContains(page, "in 5\xa0hours")
        self.assertContains(page, f"{timezone.localtime(ride):%H:%M}")
        make_task(cron="30 6 * * *", timezone="Asia/Tokyo")
        self.assertContains(self.client.get(LIST), "Asia/Tokyo")

    def test_a_run_that_takes_longer_than_usual_says_so_while_it_goes_on(self) -> None:
        task = make_task()
        make_runs(task, *([60.0] * 10))
        make_report(task, state="started", started_at=timezone.now() - dt.timedelta(minutes=1))
        Task.objects.all().derive()
        self.assertNotContains(self.client.get(LIST), "longer than usual")
        LaunchReport.objects.filter(state="started").update(started_at=timezone.now() - dt.timedelta(minutes=9))
        self.assertContains(self.client.get(LIST), "longer than usual")

    def test_the_category_has_its_colour_and_its_name(self) -> None:
        make_task(category=TaskCategory.objects.create(name="Imports", color="#0a63b0"))
        page = self.client.get(LIST)
        self.assertContains(page, 'fill="#0a63b0"')
        self.assertContains(page, "<title>Imports</title>")

    def test_secrets_are_dots(self) -> None:
        make_task("createsuperuser", arguments="--password hunter2", name="x")
        self.assertNotContains(self.client.get(LIST), "hunter2")

    def test_the_list_asks_few_queries_with_everything_in_it(self) -> None:
        category = TaskCategory.objects.create(name="C")
        group = Group.objects.create(name="g")
        user = make_user("olga", "view_task", "launch_task", "stop_task", "view_log", "change_task", "delete_task")
        user.groups.add(group)
        make_task().command.allowed_groups.add(group)
        for n in range(30):
            task = make_task(name=f"task {n}", category=category, cron="0 6 * * *", created_by=self.user)
            make_runs(task, 1, 2, 3)
            make_report(task, state="started", started_at=timezone.now(), progress_current=n, progress_total=40)
        for someone in (self.user, user):
            self.client.force_login(someone)
            for query in ("", "?grouped=1&q=task&late=skipped&status=started"):
                with self.subTest(user=someone, query=query), CaptureQueriesContext(connection) as queries:
                    self.assertEqual(self.client.get(f"{LIST}{query}").status_code, 200)
                self.assertLessEqual(len(queries), MOST_QUERIES)


class FindingTests(AdminTestCase):
    def names(self, query: str) -> list[str]:
        return [task.name for task in self.client.get(f"{LIST}?{query}").context["cl"].result_list]

    def test_late_ones_are_found(self) -> None:
        now = timezone.now()
        overdue, soon, skipped, _never = (make_task(name=name) for name in ("overdue", "soon", "skipped", "never"))
        Task.objects.filter(pk=overdue.pk).update(cached_next_ride=now - dt.timedelta(minutes=5))
        Task.objects.filter(pk=soon.pk).update(cached_next_ride=now + dt.timedelta(minutes=5))
        make_report(skipped, state="finished", invocation_result="skipped", planned_at=now)
        make_report(skipped, state="finished", invocation_result="ok")
        make_report(soon, state="finished", invocation_result="skipped", planned_at=now - dt.timedelta(hours=1))
        make_report(soon, state="finished", invocation_result="ok", planned_at=now)
        self.assertEqual(self.names("late=overdue"), ["overdue"])
        self.assertEqual(self.names("late=skipped"), ["skipped"])

    def test_the_command_filter_offers_those_that_have_tasks(self) -> None:
        make_task("check")
        migrate = make_task("migrate")
        AppCommand.objects.create(name="unused", app_name="nowhere")
        page = self.client.get(LIST)
        self.assertContains(page, "ez-find-command")
        self.assertContains(page, f"?command={migrate.command_id}")
        self.assertNotContains(page, "unused")
        self.assertEqual(self.names(f"command={migrate.command_id}"), ["migrate"])

    def test_two_commands_of_one_name_are_told_apart(self) -> None:
        make_task("check")
        Task.objects.create(name="Twin", command=AppCommand.objects.create(name="check", app_name="other"))
        self.assertContains(self.client.get(LIST), "check (other)")

    def test_commands_of_other_groups_are_not_offered(self) -> None:
        make_task("migrate").command.allowed_groups.add(Group.objects.create(name="others"))
        self.client.force_login(make_user("vic", "view_task"))
        self.assertNotContains(self.client.get(LIST), "migrate")

    def test_the_search_box_is_there_and_finds_by_name_command_arguments_and_note(self) -> None:
        make_task("migrate", name="Alpha", arguments="--fake", note="For the moon")
        make_task("check", name="Beta")
        self.assertContains(self.client.get(LIST), 'id="searchbar"')
        for text in ("alph", "migrate", "fake", "moon"):
            with self.subTest(text=text):
                self.assertEqual(self.names(f"q={text}"), ["Alpha"])

    def test_nobody_finds_a_secret_letter_by_letter(self) -> None:
        make_task("createsuperuser", arguments="--password hunter2", name="x")
        self.client.force_login(make_user("vic", "view_task"))
        self.assertContains(self.client.get(LIST), "Name, command or note")
        self.assertEqual(self.names("q=hunter2"), [])
        self.assertEqual(self.names("q=x"), ["x"])
        for query in ("arguments__contains=hunter2", "arguments__startswith=--password", "arguments=x"):
            with self.subTest(query=query):
                self.assertIn(self.client.get(f"{LIST}?{query}").status_code, (302, 400))
        self.client.force_login(make_user("eve", "view_task", "change_task"))
        self.assertEqual(self.names("q=hunter2"), ["x"])

    def test_groups_sort_by_category_first_and_what_has_none_comes_last(self) -> None:
        late, early = TaskCategory.objects.create(name="Z"), TaskCategory.objects.create(name="A")
        for name, category in (("1", late), ("2", None), ("3", early), ("4", late)):
            make_task(name=name, category=category)
        self.assertEqual(self.names("grouped=1"), ["3", "1", "4", "2"])
        self.assertEqual(self.names("grouped=1&o=-1"), ["3", "4", "1", "2"])
        self.assertEqual(self.names("o=-1"), ["4", "3", "2", "1"])
        page = self.client.get(f"{LIST}?grouped=1&q=1")
        self.assertContains(page, "Ungroup")
        self.assertEqual(page.context["cl"].grouping_link, "?q=1")

    def test_counts_of_filters_leave_the_commands_out(self) -> None:
        make_task()
        self.assertContains(self.client.get(f"{LIST}?_facets=True"), "idle (1)")


class StateTests(AdminTestCase):
    def ask(self, *tasks: Task, tag: str = "", status: int = 200, **more: str) -> Any:
        headers = {"If-None-Match": tag} if tag else {}
        answer = self.client.get(STATES, {"task": [task.pk for task in tasks], **more}, headers=headers)
        self.assertEqual(answer.status_code, status)
        return answer

    def test_cells_are_what_the_list_shows(self) -> None:
        task = make_task(cron="0 6 * * *")
        make_runs(task, 75)
        cells = self.ask(task).json()["rows"][str(task.pk)]
        page = self.client.get(LIST).content.decode()
        for name, html in cells.items():
            with self.subTest(cell=name):
                # Texts that hang on the clock travel empty.
                self.assertIn(html, re.sub(r'(<time class="ez-alive [^>]*>)[^<]*', r"\1", page))

    def test_what_has_not_changed_is_not_told_again(self) -> None:
        task = make_task()
        make_report(task, state="started", started_at=timezone.now() - dt.timedelta(seconds=30))
        Task.objects.all().derive()
        first = self.ask(task)
        again = self.ask(task, tag=first["ETag"], status=304)
        self.assertEqual(again.content, b"")
        LaunchReport.objects.update(progress_current=3, progress_total=4)
        self.assertIn("75 %", self.ask(task, tag=first["ETag"]).json()["rows"][str(task.pk)]["state"])

    def test_it_is_asked_again_soon_where_something_runs(self) -> None:
        calm, busy = make_task(), make_task(cron="0 6 * * *")
        make_report(busy)
        Task.objects.all().derive()
        self.assertLess(self.ask(busy).json()["pause"], self.ask(calm).json()["pause"])
        assert busy.cached_next_ride is not None
        self.assertEqual(self.ask(busy, calm).json()["next_ride"], int(busy.cached_next_ride.timestamp() * 1000))

    def test_the_number_of_queries_does_not_grow_with_the_rows(self) -> None:
        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                self.ask(*Task.objects.all())
            return len(queries)

        make_runs(make_task(cron="0 6 * * *"), 1)
        before = count()
        for n in range(20):
            make_runs(make_task(cron="0 6 * * *", category=TaskCategory.objects.create(name=str(n))), 1)
        self.assertEqual(count(), before)
        self.assertLessEqual(before, 6)

    def test_others_tasks_and_nonsense_are_left_out(self) -> None:
        hidden, shown = make_task("migrate"), make_task("check")
        hidden.command.allowed_groups.add(Group.objects.create(name="others"))
        self.client.force_login(make_user("vic", "view_task"))
        self.assertEqual(list(self.ask(hidden, shown).json()["rows"]), [str(shown.pk)])
        answer = self.client.get(STATES, {"task": ["x", "-1", "9" * 40, "²"]})
        self.assertEqual(answer.json()["rows"], {})

    def test_it_is_read_by_those_who_see_tasks(self) -> None:
        self.assertEqual(self.client.post(STATES).status_code, 405)
        self.client.force_login(make_user("nobody"))
        self.ask(status=403)
        self.client.logout()
        self.ask(status=302)

    def test_a_name_is_never_markup(self) -> None:
        category = TaskCategory.objects.create(name=NASTY)
        task = make_task(name=NASTY, note=NASTY, category=category)
        make_runs(task, 1, launched_by_name=NASTY)
        answer = self.ask(task, panel="1").json()
        self.assertNotIn("<script", str(answer))
        self.assertNotContains(self.client.get(f"{LIST}?grouped=1"), NASTY)
