"""Made-up input: whatever is sent, the answer is a sentence, never a crash. EZ_FUZZ=1 tries far more."""

from __future__ import annotations

import datetime as dt
import os
from typing import Any
from unittest import TestCase

from django.test import override_settings
from django.urls import reverse
from hypothesis import HealthCheck, assume, given, settings, strategies as st
from hypothesis.extra.django import TestCase as DatabaseTestCase

from eztaskmanager.arguments import items, mask_secrets, to_argv, validate
from eztaskmanager.exceptions import ArgumentsError, ScheduleError
from eztaskmanager.schedules import Schedule
from eztaskmanager.tests.factories import make_report, make_user
from eztaskmanager.tests.pages import say

MANY = settings(
    max_examples=20_000 if os.environ.get("EZ_FUZZ") == "1" else 200,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
FEWER = settings(MANY, max_examples=4_000 if os.environ.get("EZ_FUZZ") == "1" else 60)
NOW = dt.datetime(2027, 3, 28, 0, 30, tzinfo=dt.timezone.utc)

pieces = st.sampled_from(
    [
        "--",
        "-",
        "=",
        ",",
        " ",
        "'",
        '"',
        "\\",
        "--verbosity",
        "-v",
        "2",
        "--tag",
        "--password",
        "x",
        "$env:A",
        "\n",
        "\0",
    ]
)
argument_texts = st.one_of(st.text(max_size=60), st.lists(pieces, max_size=20).map("".join))
cron_fields = st.one_of(
    st.sampled_from(
        ["*", "*/5", "1-5", "L", "mon#2", "0", "59", "60", "?", "1,2", "jan-mar", "5-1", "*/0", "@daily", ""]
    ),
    st.text(alphabet="0123456789*/,-#LWabc@", max_size=6),
)
cron_texts = st.one_of(st.lists(cron_fields, max_size=7).map(" ".join), st.text(max_size=30))
parameters = st.dictionaries(
    st.sampled_from(
        ["offset", "before", "level", "stream", "q", "case", "regex", "limit", "lines", "rows", "after", "format", "x"]
    ),
    st.one_of(
        st.text(max_size=30),
        st.integers().map(str),
        st.sampled_from(["all", "error", "1", "0", "(a+)+$", "[", "a|b", "1,2,3", "group", "jsonl"]),
    ),
    max_size=6,
)


class ArgumentFuzzTests(TestCase):
    @MANY
    @given(argument_texts)
    def test_arguments_are_taken_or_refused_in_words(self, text: str) -> None:
        for read in (items, to_argv, lambda text: validate("check", text)):
            try:
                read(text)
            except ArgumentsError as exc:
                self.assertTrue(str(exc))

    @MANY
    @given(st.text(alphabet="abcdefgh", min_size=9, max_size=20), argument_texts)
    def test_no_text_unmasks_a_password(self, secret: str, text: str) -> None:
        assume(secret not in text)
        self.assertNotIn(secret, mask_secrets(f"--password={secret}, {text}", ["password"]))


class ScheduleFuzzTests(TestCase):
    @MANY
    @given(cron_texts, st.sampled_from(["UTC", "Europe/Rome", "Australia/Lord_Howe", "", "../etc", "Mars/Base"]))
    def test_a_cron_text_is_followed_or_refused_in_words(self, text: str, zone: str) -> None:
        schedule = Schedule(cron=text, timezone=zone)
        try:
            schedule.check()
            ride = schedule.next_after(NOW) if not schedule.is_empty else None
        except ScheduleError as exc:
            self.assertTrue(str(exc))
        else:
            self.assertTrue(ride is None or ride > NOW)


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class PageFuzzTests(DatabaseTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.report = make_report(state="started")
        say(cls.report, "one", "two", "three", "a" * 2_000)
        cls.user = make_user("ada", is_superuser=True)

    def ask(self, page: str, query: dict[str, str]) -> Any:
        self.client.force_login(self.user)
        return self.client.get(reverse(f"eztaskmanager:{page}", args=[self.report.pk]), query)

    @FEWER
    @given(parameters)
    def test_the_json_pages_answer_or_refuse_in_words(self, query: dict[str, str]) -> None:
        for page in ("ajax_read_log_lines", "find_log_lines"):
            answer = self.ask(page, query)
            self.assertIn(answer.status_code, (200, 400), query)
            if answer.status_code == 200:
                answer.json()
            else:
                self.assertTrue(answer.content)

    @FEWER
    @given(parameters)
    def test_the_raw_log_answers_or_refuses_in_words(self, query: dict[str, str]) -> None:
        answer = self.ask("log_viewer", query)
        self.assertIn(answer.status_code, (200, 400), query)
        if answer.status_code == 200:
            b"".join(answer.streaming_content)
