"""The admin of tasks: what buttons, actions and the form do, and for whom."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone

from eztaskmanager.admin.launching import MOST_LAUNCHED, MOST_TOLD
from eztaskmanager.models import AppCommand, LaunchReport, Task
from eztaskmanager.tests.desk import LIST, NASTY, TOMORROW, AdminTestCase, QueueingTestCase, change_page
from eztaskmanager.tests.factories import make_command, make_report, make_task, make_user


class ActionTests(QueueingTestCase):
    def test_launching_says_of_each_task_what_happened(self) -> None:
        good, other = make_task(name="good"), make_task(name="other")
        bad = make_task(name="bad", arguments="--no-such-option")
        asleep = make_task("migrate", name="asleep")
        AppCommand.objects.filter(pk=asleep.command_id).update(active=False)
        said = self.act("launch_tasks", bad, good, asleep, other)
        self.assertEqual(len(said), 4)
        by_name = {name: text for text in said for name in ("good", "other", "bad", "asleep") if text.startswith(name)}
        self.assertIn("good is launched", by_name["good"])
        self.assertIn("--no-such-option", by_name["bad"])
        self.assertIn("inactive", by_name["asleep"])
        self.assertEqual(len(self.queue.jobs), 2)
        self.assertEqual(LaunchReport.objects.get(task=good).launched_by_name, "ada")

    def test_launching_a_task_with_a_schedule_has_the_schedule_followed(self) -> None:
        task = make_task(scheduling=timezone.now() + TOMORROW)
        task.pause()
        said = self.act("launch_tasks", task)
        task.refresh_from_db()
        self.assertEqual((task.status, task.is_paused), (Task.STATUS_SCHEDULED, False))
        self.assertIn("Europe/Rome", said[0])
        self.assertFalse(LaunchReport.objects.exists())

    def test_running_now_leaves_the_schedule_alone(self) -> None:
        task = make_task(scheduling=timezone.now() + TOMORROW)
        self.act("run_tasks_now", task)
        ride = task.cached_next_ride
        task.refresh_from_db()
        self.assertEqual((task.cached_next_ride, task.status), (ride, Task.STATUS_SPOOLED))

    def test_stopping_ends_runs_and_pauses_schedules_and_says_so(self) -> None:
        running, planned, idle = make_task(name="r"), make_task(name="p", cron="0 6 * * *"), make_task(name="i")
        running.launch()
        said = self.act("stop_tasks", running, planned, idle)
        self.assertEqual(len(said), 3)
        self.assertEqual(LaunchReport.objects.get().invocation_result, LaunchReport.RESULT_STOPPED)
        planned.refresh_from_db()
        self.assertTrue(planned.is_paused)
        self.assertTrue(any("nothing to stop" in text for text in said))

    def test_of_many_the_number_is_told_and_each_that_went_wrong(self) -> None:
        closed = make_command("migrate", active=False)
        tasks = [make_task(name=f"Task {n}") for n in range(MOST_TOLD)]
        tasks += [Task.objects.create(name=f"Closed {n}", command=closed) for n in range(MOST_TOLD + 2)]
        said = self.act("run_tasks_now", *tasks)
        self.assertEqual(said[0], f"It is done with {MOST_TOLD} of {len(tasks)} tasks.")
        self.assertEqual(len(said), MOST_TOLD + 2)
        self.assertIn("is inactive", said[1])
        self.assertIn("and 2 more", said[-1])
        self.assertEqual(LaunchReport.objects.count(), MOST_TOLD)

    def test_so_many_are_not_launched_at_once_but_their_schedules_are_followed_and_stopped(self) -> None:
        tasks = [make_task(name=f"Task {n}") for n in range(MOST_LAUNCHED + 1)]
        for action in ("launch_tasks", "run_tasks_now"):
            self.assertIn("nothing was launched", "".join(self.act(action, *tasks)))
        self.assertFalse(LaunchReport.objects.exists())
        Task.objects.update(cron="0 6 * * *", is_paused=True)
        all_done = f"It is done with {len(tasks)} of {len(tasks)} tasks."
        self.assertEqual(self.act("launch_tasks", *tasks), [all_done])
        self.assertFalse(Task.objects.filter(cached_next_ride=None).exists())
        self.assertEqual(self.act("stop_tasks", *tasks), [all_done])
        self.assertFalse(Task.objects.exclude(cached_next_ride=None).exists())

    def test_a_task_of_an_inactive_command_says_why_it_has_no_start(self) -> None:
        task = Task.objects.create(name="Closed", command=make_command("migrate", active=False))
        self.assertContains(self.client.get(LIST), "The command django.core: migrate is inactive.")
        self.assertContains(self.client.get(change_page(task)), "The command django.core: migrate is inactive.")

    def test_a_queue_that_is_away_is_told_of_and_the_run_is_kept(self) -> None:
        self.queue.is_away = True
        self.addCleanup(setattr, self.queue, "is_away", False)
        said = self.act("launch_tasks", make_task(name="one"), make_task(name="two"))
        self.assertEqual(len(said), 2)
        for text in said:
            self.assertIn("the queue does not answer", text)
        self.assertEqual(LaunchReport.objects.filter(state="queued").count(), 2)

    def test_a_name_is_never_markup(self) -> None:
        said = self.client.post(
            LIST, {"action": "launch_tasks", "_selected_action": [make_task(name=NASTY).pk]}, follow=True
        )
        self.assertNotContains(said, "<script>alert")

    def test_actions_are_for_those_who_may_launch(self) -> None:
        self.client.force_login(make_user("vic", "view_task"))
        task = make_task()
        self.assertNotContains(self.client.get(LIST), "launch_tasks")
        self.client.post(LIST, {"action": "launch_tasks", "_selected_action": [task.pk]})
        self.assertFalse(LaunchReport.objects.exists())

    def test_an_action_needs_the_csrf_token(self) -> None:
        client = self.client_class(enforce_csrf_checks=True)
        client.force_login(self.user)
        answer = client.post(LIST, {"action": "launch_tasks", "_selected_action": [make_task().pk]})
        self.assertEqual(answer.status_code, 403)


class ButtonTests(QueueingTestCase):
    def press(self, button: str, task: Task, **fields: Any) -> Any:
        answer = self.client.post(change_page(task), {**self.form_data(task, **fields), button: "x"}, follow=True)
        self.assertEqual(answer.status_code, 200)
        return answer

    def test_start_saves_and_runs_what_was_saved(self) -> None:
        task = make_task()
        answer = self.press("_start-task", task, arguments="--deploy")
        self.assertEqual(LaunchReport.objects.get().arguments, "--deploy")
        self.assertEqual(answer.redirect_chain[-1][0], change_page(task))
        self.assertContains(answer, "is launched")

    def test_start_runs_nothing_while_the_form_has_faults(self) -> None:
        task = make_task()
        answer = self.press("_start-task", task, arguments="--no-such-option")
        self.assertContains(answer, "--no-such-option")
        self.assertFalse(LaunchReport.objects.exists())

    def test_stop_stops_even_so(self) -> None:
        task = make_task()
        task.launch()
        self.press("_stop-task", task, arguments="--no-such-option")
        self.assertEqual(LaunchReport.objects.get().invocation_result, LaunchReport.RESULT_STOPPED)

    def test_a_scheduled_task_runs_now_pauses_and_goes_on(self) -> None:
        task = make_task(cron="0 6 * * *")
        fields = {"cron": "0 6 * * *"}
        self.press("_launch-task", task, **fields)
        self.assertEqual(len(self.queue.jobs), 1)
        self.press("_pause-task", task, **fields)
        task.refresh_from_db()
        self.assertEqual((task.is_paused, task.cached_next_ride), (True, None))
        self.assertEqual(LaunchReport.objects.get().state, "queued")
        self.press("_resume-task", task, **fields)
        task.refresh_from_db()
        self.assertIsNotNone(task.cached_next_ride)
        self.press("_stop-task", task, **fields)
        self.assertEqual(LaunchReport.objects.get().invocation_result, LaunchReport.RESULT_STOPPED)

    def test_a_queue_that_is_away_is_told_of(self) -> None:
        self.queue.is_away = True
        self.addCleanup(setattr, self.queue, "is_away", False)
        # The edit is on record before the queue is asked, so that neither undoes the other.
        answer = self.press("_start-task", make_task(), name="Renamed")
        self.assertContains(answer, "the queue does not answer")
        self.assertTrue(Task.objects.filter(name="Renamed").exists())
        self.assertEqual(LaunchReport.objects.get().state, "queued")

    def test_who_may_launch_but_not_edit_has_the_buttons_and_changes_nothing(self) -> None:
        task = make_task(name="Mine")
        self.client.force_login(make_user("lee", "view_task", "launch_task"))
        self.assertContains(self.client.get(change_page(task)), "_start-task")
        self.press("_start-task", task, name="Yours")
        self.assertEqual(LaunchReport.objects.get().launched_by_name, "lee")
        task.refresh_from_db()
        self.assertEqual(task.name, "Mine")

    def test_who_may_edit_but_not_launch_is_refused(self) -> None:
        task = make_task()
        self.client.force_login(make_user("eve", "view_task", "change_task"))
        self.assertNotContains(self.client.get(change_page(task)), "_start-task")
        for button in ("_start-task", "_launch-task", "_stop-task", "_pause-task"):
            with self.subTest(button=button):
                self.assertContains(self.press(button, task), "You may not")
        self.assertFalse(LaunchReport.objects.exists())


class FormTests(AdminTestCase):
    def test_the_predecessors_fields_alone_make_a_task(self) -> None:
        task = self.save(self.form_data(name="Plain"))
        self.assertEqual((task.name, task.overlap, task.jitter), ("Plain", Task.Overlap.SKIP, 0))
        self.assertEqual(task.created_by, self.user)

    def test_arguments_are_held_against_the_commands_parser(self) -> None:
        self.assertIn("--nope", str(self.errors(self.form_data(arguments="--nope"))["arguments"]))
        self.assertIn("verbosity", str(self.errors(self.form_data(arguments="--verbosity=7"))["arguments"]))

    def test_a_schedule_that_contradicts_itself_is_refused_at_its_field(self) -> None:
        later = {"scheduling_0": "2090-05-01", "scheduling_1": "10:00:00"}
        cases: tuple[tuple[dict[str, Any], str], ...] = (
            ({"cron": "61 * * * *"}, "cron"),
            ({"cron": "0 0 31 2 *"}, "cron"),
            ({"timezone": "Europe/Atlantis"}, "timezone"),
            ({"repetition_rate": 2}, "repetition_period"),
            ({**later, "repetition_period": "day"}, "repetition_rate"),
            ({**later, "repetition_period": "day", "repetition_rate": 0}, "repetition_rate"),
            ({**later, "ends_at_0": "2090-04-01", "ends_at_1": "10:00:00"}, "ends_at"),
            ({"scheduling_0": "2090-02-31", "scheduling_1": "10:00"}, "scheduling"),
            ({"jitter": "-1"}, "jitter"),
        )
        for fields, name in cases:
            with self.subTest(fields=fields):
                self.assertIn(name, self.errors(self.form_data(**fields)))

    def test_a_start_in_the_past_is_refused_for_a_single_run(self) -> None:
        past = {"scheduling_0": "2020-05-01", "scheduling_1": "10:00:00"}
        found = self.errors(self.form_data(**past))
        self.assertEqual(found["scheduling"], ["It is not possible to schedule tasks in the past"])
        self.save(self.form_data(**past, repetition_period="day", repetition_rate=1))

    def test_a_single_run_that_has_been_may_still_be_edited(self) -> None:
        task = make_task(scheduling=timezone.now() + TOMORROW)
        Task.objects.filter(pk=task.pk).update(scheduling=dt.datetime(2020, 5, 1, 8, 0, 0, 250_000, dt.timezone.utc))
        same = {"scheduling_0": "2020-05-01", "scheduling_1": "10:00:00"}
        saved = self.save(self.form_data(task, name="Edited", **same), task)
        self.assertEqual((saved.name, saved.scheduling.microsecond if saved.scheduling else None), ("Edited", 250_000))

    def test_moments_are_read_and_shown_by_the_clock_of_the_tasks_zone(self) -> None:
        fields = {"scheduling_0": "2090-07-01", "scheduling_1": "09:30:00", "timezone": "Asia/Tokyo"}
        task = self.save(self.form_data(**fields))
        self.assertEqual(task.scheduling, dt.datetime(2090, 7, 1, 9, 30, tzinfo=ZoneInfo("Asia/Tokyo")))
        page = self.client.get(change_page(task))
        self.assertContains(page, 'value="09:30:00"')
        self.assertContains(page, "Asia/Tokyo")

    def test_a_time_that_the_clocks_skip_is_taken(self) -> None:
        fields = {"scheduling_0": "2027-03-28", "scheduling_1": "02:30:00", "timezone": "Europe/Rome"}
        task = self.save(self.form_data(**fields))
        self.assertEqual(task.scheduling, dt.datetime(2027, 3, 28, 1, 0, tzinfo=dt.timezone.utc))

    def test_a_date_out_of_the_calendar_is_refused(self) -> None:
        self.errors(self.form_data(scheduling_0="0001-01-01", scheduling_1="00:00:00", timezone="Asia/Tokyo"))

    def test_save_as_new_makes_a_copy_that_has_not_run(self) -> None:
        task = make_task(name="First", cron="0 6 * * *")
        make_report(task)
        data = {**self.form_data(task, name="Second", cron="0 6 * * *"), "_saveasnew": "1"}
        self.assertEqual(self.client.post(change_page(task), data).status_code, 302)
        copy = Task.objects.get(name="Second")
        self.assertEqual((copy.cron, copy.status), ("0 6 * * *", Task.STATUS_SCHEDULED))
        self.assertEqual(LaunchReport.objects.filter(task=copy).count(), 0)

    def test_a_run_that_comes_or_goes_meanwhile_does_no_harm(self) -> None:
        task = make_task()
        reports = [make_report(task, state="finished") for _ in range(7)]
        self.client.get(change_page(task))
        reports[-1].delete()
        data = {**self.form_data(task), "launchreport_set-TOTAL_FORMS": "5", "launchreport_set-INITIAL_FORMS": "5"}
        data.update({f"launchreport_set-{i}-id": reports[i].pk for i in range(5)})
        self.save(data, task)

    def test_saving_does_not_undo_what_a_run_wrote(self) -> None:
        task = make_task()
        task.launch()
        saved = self.save(self.form_data(task, name="Renamed"), task)
        self.assertEqual((saved.name, saved.status), ("Renamed", Task.STATUS_SPOOLED))

    def test_a_command_that_was_switched_off_stays_on_its_tasks(self) -> None:
        task = make_task()
        AppCommand.objects.update(active=False)
        self.save(self.form_data(task, note="still here"), task)
        self.assertIn("command", self.errors(self.form_data()))

    def test_the_error_of_a_schedule_is_shown(self) -> None:
        task = make_task(cron="0 6 * * *")
        Task.objects.update(schedule_error="There is no time zone 'X'.", cached_next_ride=None)
        self.assertContains(self.client.get(change_page(task)), "There is no time zone &#x27;X&#x27;.")
        self.assertContains(self.client.get(LIST), "There is no time zone &#x27;X&#x27;.")


class PreviewTests(AdminTestCase):
    def preview(self, status: int = 200, **fields: Any) -> Any:
        answer = self.client.get(reverse("admin:eztaskmanager_task_schedule_preview"), fields)
        self.assertEqual(answer.status_code, status)
        return answer.json() if status == 200 else answer

    def test_it_tells_the_next_five_runs_in_the_zone_and_the_schedule_in_words(self) -> None:
        found = self.preview(cron="30 6 * * *", timezone="Asia/Tokyo")
        self.assertEqual(len(found["rides"]), 5)
        for ride in found["rides"]:
            self.assertIn("06:30:00 JST", ride["text"])
        self.assertEqual((found["zone"], found["errors"]), ("Asia/Tokyo", {}))
        self.assertIn("06:30", found["description"])

    def test_faults_are_told_at_their_field(self) -> None:
        self.assertEqual(list(self.preview(cron="x")["errors"]), ["cron"])
        self.assertEqual(list(self.preview(timezone="X/Y")["errors"]), ["timezone"])

    def test_no_schedule_has_no_rides(self) -> None:
        self.assertEqual(self.preview(), {**self.preview(), "rides": [], "description": "", "errors": {}})

    def test_the_delay_of_the_task_counts(self) -> None:
        task = make_task(cron="0 6 * * *", jitter=3000)
        found = self.preview(task=task.pk, cron="0 6 * * *", jitter="3000")
        self.assertEqual(dt.datetime.fromisoformat(found["rides"][0]["at"]), task.cached_next_ride)

    def test_it_is_for_those_who_see_tasks_and_for_tasks_that_are_there(self) -> None:
        self.preview(status=404, task="999999")
        self.preview(status=404, task="x")
        self.client.force_login(make_user("nobody"))
        self.preview(status=403)
        self.client.logout()
        self.preview(status=302)
