"""Schedules at the ends of what there is: of the calendar, and of how long a slot may be put off."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.test import SimpleTestCase, TestCase

from eztaskmanager.exceptions import ScheduleError
from eztaskmanager.models import Task
from eztaskmanager.schedules import Schedule
from eztaskmanager.tests.factories import make_command, make_task, make_user

UTC = dt.timezone.utc
A_YEAR = 31_536_000
FIRST_DAY = dt.datetime(1, 1, 1, tzinfo=UTC)
LAST_DAY = dt.datetime(9999, 12, 31, 20, tzinfo=UTC)
NOW = dt.datetime(2026, 1, 1, tzinfo=UTC)
# Start and zone whose clocks cannot show it.
UNSHOWN = ((FIRST_DAY, "America/New_York"), (LAST_DAY, "Pacific/Kiritimati"))
RHYTHMS: tuple[dict[str, Any], ...] = (
    {},
    {"period": "hour", "rate": 1},
    {"period": "day", "rate": 1},
    {"cron": "@daily"},
)


class BoundTests(SimpleTestCase):
    def test_a_jitter_of_a_year_is_the_longest(self) -> None:
        Schedule(cron="@daily", jitter=A_YEAR).check()
        for jitter in (A_YEAR + 1, 99_999_999_999_999, 2**63):
            schedule = Schedule(cron="* * * * *", jitter=jitter)
            steps: list[Callable[[], object]] = [schedule.check]
            steps += [partial(schedule.next_after, NOW), partial(schedule.latest_until, NOW)]
            for step in steps:
                with self.subTest(jitter), self.assertRaisesMessage(ScheduleError, "31536000") as caught:
                    step()
                self.assertEqual(caught.exception.field, "jitter")

    def test_a_moment_that_the_clocks_of_the_zone_cannot_show_is_refused(self) -> None:
        for start, zone in UNSHOWN:
            for rhythm in RHYTHMS:
                with self.subTest(start, **rhythm), self.assertRaisesMessage(ScheduleError, "calendar"):
                    Schedule(start=start, timezone=zone, **rhythm).check()

    def test_an_end_may_be_the_last_moment_of_the_calendar(self) -> None:
        Schedule(start=NOW, period="day", rate=1, ends_at=LAST_DAY, timezone="Pacific/Kiritimati").check()
        beyond = LAST_DAY.replace(tzinfo=ZoneInfo("America/New_York"))
        with self.assertRaisesMessage(ScheduleError, "calendar") as caught:
            Schedule(start=NOW, period="day", rate=1, ends_at=beyond).check()
        self.assertEqual(caught.exception.field, "ends_at")

    def test_what_is_computed_never_overflows(self) -> None:
        ends = (dt.datetime.min.replace(tzinfo=UTC), dt.datetime.max.replace(tzinfo=UTC))
        for start in (*ends, FIRST_DAY, LAST_DAY):
            for zone in ("UTC", "America/New_York", "Pacific/Kiritimati"):
                for rhythm in RHYTHMS:
                    schedule = Schedule(start=start, timezone=zone, jitter=3600, jitter_seed=7, **rhythm)
                    steps: list[Callable[[], object]] = [schedule.check]
                    for moment in (*ends, NOW):
                        steps += [partial(schedule.next_after, moment), partial(schedule.latest_until, moment)]
                    for step in steps:
                        with suppress(ScheduleError):
                            step()


class TaskTests(TestCase):
    def test_a_task_of_such_a_schedule_is_refused(self) -> None:
        for start, zone in UNSHOWN:
            with self.subTest(start), self.assertRaises(ValidationError) as caught:
                fields = {"scheduling": start, "repetition_period": "day", "repetition_rate": 1, "timezone": zone}
                Task(name="x", command=make_command(), **fields).full_clean()
            self.assertIn("scheduling", caught.exception.message_dict)

    def test_one_that_is_there_already_is_set_aside(self) -> None:
        for number, (start, zone) in enumerate(UNSHOWN):
            task = make_task(name=f"task {number}", scheduling=start, cron="@daily", timezone=zone)
            task.refresh_from_db()
            self.assertIsNone(task.cached_next_ride)
            self.assertIn("calendar", task.schedule_error)

    def test_the_form_and_its_preview_say_that_the_jitter_is_too_long(self) -> None:
        self.client.force_login(make_user("rita", is_superuser=True))
        for jitter in ("99999999999999", "9223372036854775807", "9223372036854775808"):
            with self.subTest(jitter):
                answer = self.client.get(
                    "/admin/eztaskmanager/task/schedule-preview/", {"cron": "* * * * *", "jitter": jitter}
                )
                self.assertIn("jitter", answer.json()["errors"])
                data = {"name": "N", "command": make_command().pk, "cron": "@daily", "jitter": jitter}
                page = self.client.post("/admin/eztaskmanager/task/add/", data)
                self.assertIn("jitter", page.context["adminform"].form.errors)
