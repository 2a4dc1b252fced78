"""The overview: what it tells of tasks and runs, to whom, and what that costs."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import time_machine
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.test import TestCase, override_settings, tag
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from eztaskmanager.models import Alert, LaunchReport, Task, TaskCategory, TickerBeat
from eztaskmanager.services.overview import attention, durations, past, present
from eztaskmanager.services.overview.coming import MOST_TASKS, find_coming
from eztaskmanager.tests.desk import NASTY, AdminTestCase
from eztaskmanager.tests.factories import make_report, make_task, make_user

PAGE = "/admin/eztaskmanager/overview/"
ROME = ZoneInfo("Europe/Rome")
HOUR = dt.timedelta(hours=1)


def ended(task: Task, at: dt.datetime, lasted: float = 60, result: str = "ok", **fields: Any) -> LaunchReport:
    """Make the report of a run that is over."""
    started = at - dt.timedelta(seconds=lasted)
    return make_report(task, state="finished", invocation_result=result, started_at=started, finished_at=at, **fields)


@tag("databases")
class PastTests(TestCase):
    def test_runs_are_counted_by_the_days_of_the_zone(self) -> None:
        task = make_task()
        # Ten minutes before and after midnight in Rome, on the night on which summer time ends.
        ended(task, dt.datetime(2024, 10, 26, 21, 50, tzinfo=dt.timezone.utc))
        ended(task, dt.datetime(2024, 10, 26, 22, 10, tzinfo=dt.timezone.utc), result="failed")
        # The next midnight comes 25 hours later.
        ended(task, dt.datetime(2024, 10, 27, 22, 50, tzinfo=dt.timezone.utc), result="failed")
        ended(task, dt.datetime(2024, 10, 27, 23, 10, tzinfo=dt.timezone.utc))
        days = past.count_by_day(LaunchReport.objects.all(), dt.date(2024, 10, 28), ROME, 4)
        self.assertEqual(
            [(day.date.day, day.counts) for day in days],
            [(25, {}), (26, {"ok": 1}), (27, {"failed": 2}), (28, {"ok": 1})],
        )

    def test_zones_of_half_hours_have_their_own_days(self) -> None:
        ended(make_task(), dt.datetime(2024, 1, 1, 18, 45, tzinfo=dt.timezone.utc))
        days = past.count_by_day(LaunchReport.objects.all(), dt.date(2024, 1, 2), ZoneInfo("Asia/Kolkata"), 2)
        self.assertEqual([day.total for day in days], [0, 1])

    def test_the_slowest_are_told_by_their_median_and_by_all_their_time(self) -> None:
        now = timezone.now()
        long, often, old = (make_task(name=name) for name in ("long", "often", "old"))
        for lasted in (600, 610, 5_000):
            ended(long, now - HOUR, lasted)
        for _ in range(20):
            ended(often, now - HOUR, 400)
        ended(old, now - dt.timedelta(days=8), 90_000)
        slowest = past.find_slowest(LaunchReport.objects.all(), now)
        usual = [(slow.task.name, slow.usual) for slow in slowest.by_usual]
        self.assertEqual(usual, [("long", dt.timedelta(seconds=610)), ("often", dt.timedelta(seconds=400))])
        total = [(slow.task.name, slow.total.total_seconds(), slow.n_runs) for slow in slowest.by_total]
        self.assertEqual(total, [("often", 8_000, 20), ("long", 6_210, 3)])

    def test_the_usual_duration_is_that_of_the_last_runs(self) -> None:
        now = timezone.now()
        task, other, new = (make_task(name=name) for name in ("task", "other", "new"))
        for lasted in [9_000] * 5 + [10] * durations.N_RUNS:
            ended(task, now, lasted)
        ended(other, now, 7)
        make_report(other, state="started", started_at=now)
        with self.assertNumQueries(2):
            found = durations.usual_durations([task.pk, other.pk, new.pk])
        self.assertEqual(found, {task.pk: dt.timedelta(seconds=10), other.pk: dt.timedelta(seconds=7)})

    def test_failures_are_told_the_latest_first_and_counted(self) -> None:
        now, task = timezone.now(), make_task()
        ended(task, now - dt.timedelta(days=3), result="failed")
        for n in range(present.MOST_FAILURES + 5):
            ended(task, now - dt.timedelta(minutes=n), result="failed", error=f"E: {n}\n" + "x" * 5_000)
        ended(task, now)
        found = present.find_failures(LaunchReport.objects.all(), now - dt.timedelta(days=1))
        self.assertEqual((found.count, found.hidden, found.is_more), (25, 5, False))
        start = getattr(found.reports[0], "error_start")
        self.assertTrue(start.startswith("E: 0\n"))
        self.assertEqual(len(start), present.START_OF_ERROR)

    def test_the_next_hours_hold_what_rides_first(self) -> None:
        now = timezone.now().replace(microsecond=0)
        task = make_task(name="Hourly", cron="0 * * * *")
        make_task(name="Paused", cron="0 * * * *").pause()
        far = make_task(name="Far", cron="0 * * * *")
        Task.objects.filter(pk=far.pk).update(cached_next_ride=now + dt.timedelta(days=2))
        coming = find_coming(Task.objects.all(), now)
        self.assertEqual([lane.task for lane in coming.lanes], [task])
        self.assertIn(len(coming.lanes[0].bars), (23, 24))
        self.assertEqual(coming.n_hidden, 0)
        Task.objects.bulk_create(
            Task(name=str(n), command=task.command, cron="0 * * * *", cached_next_ride=now + HOUR)
            for n in range(MOST_TASKS + 4)
        )
        coming = find_coming(Task.objects.all(), now)
        self.assertEqual((len(coming.lanes), coming.n_hidden), (MOST_TASKS, 5))


class AttentionTests(TestCase):
    def test_broken_schedules_and_overdue_rides_are_told(self) -> None:
        now = timezone.now()
        broken, late, paused = (make_task(name=name, cron="0 6 * * *") for name in ("broken", "late", "paused"))
        broken.note_ride(None, "No such minute.")
        Task.objects.filter(pk=late.pk).update(cached_next_ride=now - HOUR)
        paused.pause()
        found = attention.find_notices(Task.objects.all(), now)
        self.assertEqual(
            [(notice.kind, notice.task, notice.text) for notice in found],
            [("broken-schedule", broken, "No such minute."), ("overdue", late, "")],
        )

    def test_tickers_alive_come_first(self) -> None:
        now = timezone.now()
        TickerBeat.objects.create(kind="a", host="h", pid=1, interval=1, beat_at=now - HOUR)
        TickerBeat.objects.create(kind="b", host="h", pid=2, interval=1, beat_at=now)
        found = [(ticker.kind, ticker.is_alive) for ticker in attention.find_tickers(now)]
        self.assertEqual(found, [("b", True), ("a", False)])


class OverviewPageTests(AdminTestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()
        self.addCleanup(cache.clear)

    def part(self, name: str, **headers: str) -> Any:
        return self.client.get(f"{PAGE}{name}/", headers=headers)

    def test_alerts_that_go_on_are_told_once_and_to_those_who_may_see_them(self) -> None:
        task = make_task(name="Nightly")
        Task.objects.filter(pk=task.pk).update(schedule_error="No such minute.")
        Alert.objects.raise_one("schedule", str(task.pk), "Nightly is set aside.", task_id=task.pk)
        Alert.objects.raise_one("ticker", "", "No scheduler has ever run.")
        over = Alert.objects.raise_one("lost", "9", "A run was lost.")
        over.end()
        page = self.part("now").content.decode()
        self.assertEqual(
            [page.count(text) for text in ("Nightly is set aside.", "has ever run", "was lost")], [1, 1, 0]
        )
        self.assertNotIn("No such minute.", page)
        self.client.force_login(make_user("vic", "view_task"))
        page = self.part("now").content.decode()
        self.assertNotIn("has ever run", page)
        self.assertIn("No such minute.", page)

    def test_who_may_not_see_tasks_may_not_see_it(self) -> None:
        self.client.force_login(make_user("nick", "view_launchreport"))
        for address in (PAGE, f"{PAGE}now/", f"{PAGE}engine/"):
            self.assertEqual(self.client.get(address).status_code, 403)
        self.assertNotContains(self.client.get("/admin/"), PAGE)
        self.client.logout()
        self.assertEqual(self.client.get(PAGE).status_code, 302)

    def test_it_is_in_the_index_of_the_admin_and_on_the_page_of_the_app_and_in_the_lists(self) -> None:
        for address in ("/admin/", "/admin/eztaskmanager/", "/admin/eztaskmanager/launchreport/"):
            self.assertContains(self.client.get(address), f'href="{PAGE}"')
        self.assertContains(self.client.get("/admin/eztaskmanager/"), "ez-to-overview")
        self.assertContains(self.client.get("/admin/eztaskmanager/task/"), "ez-overview-link")

    def test_runs_are_for_those_who_may_see_reports_and_errors_for_those_who_may_read_logs(self) -> None:
        task = make_task(name="Public")
        ended(task, timezone.now(), result="failed", error="Secret trouble")
        user = make_user("vera", "view_task")
        self.client.force_login(user)
        page = self.client.get(PAGE)
        for text in ("Running now", "Failed since yesterday", "Longest runs", "Secret trouble"):
            self.assertNotContains(page, text)
        self.assertNotContains(self.part("past"), "Public")
        self.client.force_login(make_user("rita", "view_task", "view_launchreport"))
        page = self.client.get(PAGE)
        self.assertContains(page, "Failed since yesterday")
        for text in ("Secret trouble", "livelogviewer", "formaction"):
            self.assertNotContains(page, text)
        self.client.force_login(make_user("leo", "view_task", "view_launchreport", "view_log", "launch_task"))
        page = self.client.get(PAGE)
        for text in ("Secret trouble", "livelogviewer", "launch_again"):
            self.assertContains(page, text)

    def test_tasks_of_other_groups_are_nowhere(self) -> None:
        task = make_task("migrate", name="Hidden", cron="*/30 * * * *")
        task.command.allowed_groups.add(Group.objects.create(name="others"))
        ended(task, timezone.now(), result="failed")
        make_report(task, state="started", started_at=timezone.now())
        broken = make_task("migrate", name="Hidden too", cron="0 6 * * *")
        broken.note_ride(None, "Bad.")
        self.assertContains(self.client.get(PAGE), "Hidden")
        self.client.force_login(make_user("vera", "view_task", "view_launchreport", "view_log", "stop_task"))
        self.assertNotContains(self.client.get(PAGE), "Hidden")

    def test_what_is_new_is_told_and_what_is_known_is_not_told_again(self) -> None:
        report = make_report(make_task(), state="started", started_at=timezone.now())
        for name in ("now", "past", "coming", "engine"):
            with self.subTest(part=name):
                first = self.part(name)
                self.assertGreater(int(first["X-Ez-Next"]), 0)
                self.assertEqual(self.part(name, if_none_match=first["ETag"]).status_code, 304)
        before = self.part("now")["ETag"]
        LaunchReport.objects.filter(pk=report.pk).update(progress_current=1, progress_total=2)
        again = self.part("now", if_none_match=before)
        self.assertContains(again, "50 %")
        self.assertEqual(self.client.get(f"{PAGE}other/").status_code, 404)

    def test_a_queue_that_does_not_answer_is_told_in_plain_words(self) -> None:
        self.queue.is_away = True
        self.addCleanup(setattr, self.queue, "is_away", False)
        self.assertContains(self.part("engine"), "The queue does not answer")
        # The page itself does not ask it.
        self.assertContains(self.client.get(PAGE), "Asking the queue")

    def test_the_queue_is_asked_once_however_many_look(self) -> None:
        self.assertNotContains(self.part("engine"), "does not answer")
        self.queue.is_away = True
        self.addCleanup(setattr, self.queue, "is_away", False)
        self.assertNotContains(self.part("engine"), "does not answer")
        cache.clear()
        self.assertContains(self.part("engine"), "does not answer")

    @override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="nowhere.Service")
    def test_a_service_that_is_misconfigured_is_told_too(self) -> None:
        self.assertContains(self.part("engine"), "nowhere.Service")

    def test_an_empty_house_says_what_to_do_first(self) -> None:
        self.assertContains(self.client.get(PAGE), "manage.py collectcommands")
        self.assertContains(self.client.get(PAGE), "manage.py eztaskscheduler")
        task = make_task()
        Task.objects.all().delete()
        self.assertContains(self.client.get(PAGE), "There is no task yet")
        task.pk = None
        task._state.adding = True
        task.save()
        page = self.client.get(PAGE)
        for text in ("Nothing runs at the moment", "Nothing failed", "No task with a schedule", "Nothing has run"):
            self.assertContains(page, text)

    def test_nothing_on_it_is_inline_and_data_is_escaped(self) -> None:
        category = TaskCategory.objects.create(name=NASTY, color="#aabbcc")
        task = make_task(name=NASTY, category=category, cron="0 * * * *")
        ended(task, timezone.now(), result="failed", error=NASTY)
        make_report(task, state="started", started_at=timezone.now(), progress_text=NASTY, host=NASTY)
        task.note_ride(timezone.now() - HOUR, "")
        pages = [self.client.get(address) for address in (PAGE, f"{PAGE}engine/", f"{PAGE}coming/")]
        for html in (page.content.decode() for page in pages):
            self.assertNotRegex(html, r"<script(?![^>]*\ssrc=)[^>]*>")
            self.assertNotRegex(html, r"<style|\sstyle=|<[^>]*\son\w+=")
            self.assertNotIn(NASTY, html)

    def test_the_times_are_those_of_the_active_zone(self) -> None:
        with time_machine.travel(dt.datetime(2024, 1, 10, 10, 30, tzinfo=dt.timezone.utc), tick=False):
            ended(make_task(), timezone.now(), result="failed")
            self.assertContains(self.part("now"), "11:30:00")
            with timezone.override("Asia/Tokyo"):
                # The middleware of a project sets it in the same way.
                page, _ = _rendered(self.user, "now")
            self.assertIn("19:30:00", page)

    def fill(self, count: int) -> None:
        category = TaskCategory.objects.create(name=f"Category {count}", color="#112233")
        for n in range(count):
            task = make_task(name=f"task {count} {n}", category=category, cron="0 * * * *")
            ended(task, timezone.now() - HOUR, 30 + n)
            ended(task, timezone.now() - HOUR, 30 + n, result="failed", error="E: x")
            make_report(task, state="started", started_at=timezone.now(), progress_current=n, progress_total=count)
            make_report(task)
            Task.objects.filter(pk=task.pk).derive()
            if n % 2:
                task.note_ride(None, "Bad.")
            else:
                Task.objects.filter(pk=task.pk).update(cached_next_ride=timezone.now() - HOUR)

    def count_queries(self, address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            self.assertEqual(self.client.get(address).status_code, 200)
        return len(queries)

    def test_the_number_of_queries_does_not_grow_with_the_rows(self) -> None:
        addresses = (PAGE, *(f"{PAGE}{name}/" for name in ("now", "coming", "past", "engine")))
        operator = make_user("olga", "view_task", "view_launchreport", "view_log", "launch_task", "stop_task")
        for user in (self.user, operator):
            self.client.force_login(user)
            # So many that those not shown are counted already.
            self.fill(70)
            before = {address: self.count_queries(address) for address in addresses}
            self.fill(12)
            after = {address: self.count_queries(address) for address in addresses}
            self.assertEqual(after, before)
            self.assertLess(before[PAGE], 35)


def _rendered(user: Any, name: str) -> tuple[str, int]:
    """Render a part in the zone that is active."""
    from django.template.loader import render_to_string
    from django.test import RequestFactory

    from eztaskmanager.admin.overview_parts import PARTS, Rights

    request = RequestFactory().get("/")
    request.user = user
    facts, pause = PARTS[name](request, Rights.of(request))
    context = {**facts, "rights": Rights.of(request)}
    return render_to_string(f"eztaskmanager/admin/overview_{name}.html", context, request), pause
