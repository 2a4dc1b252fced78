"""The log pages: who may read them, what they answer, how much at a time."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any
from unittest import mock

from django.contrib.auth.models import Group
from django.test import TestCase, override_settings, tag
from django.urls import reverse
from django.utils import timezone

from eztaskmanager.exceptions import SearchRefused
from eztaskmanager.models import LaunchReport, Log
from eztaskmanager.services.queues import get_task_service
from eztaskmanager.tests.factories import make_report, make_task, make_user
from eztaskmanager.tests.pages import say

PAGES = ("log_viewer", "live_log_viewer", "ajax_read_log_lines")
NASTY = '<script>alert("x")</script>&amp;\'"'


def address(name: str, report: LaunchReport) -> str:
    """Tell the address of a log page."""
    return reverse(f"eztaskmanager:{name}", args=[report.pk])


@override_settings(
    EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory",
    LANGUAGE_CODE="en",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
)
class LogPagesTestCase(TestCase):
    """A run that has said something, and a reader."""

    def setUp(self) -> None:
        self.reader = make_user("rita", "view_launchreport", "view_log")
        self.client.force_login(self.reader)
        self.report = make_report(make_task("check", name="Checking"), state="started", started_at=timezone.now())

    def read(self, **parameters: Any) -> dict[str, Any]:
        """Read lines as the viewer's script does."""
        answer = self.client.get(address("ajax_read_log_lines", self.report), parameters)
        self.assertEqual(answer.status_code, 200, answer.content)
        found: dict[str, Any] = answer.json()
        return found

    def texts(self, **parameters: Any) -> list[str]:
        """Read the messages alone."""
        return [row["text"] for row in self.read(rows=1, **parameters)["new_log_lines"]]


class AccessTests(LogPagesTestCase):
    def test_each_page_asks_for_a_login(self) -> None:
        self.client.logout()
        for name in (*PAGES, "stop_run", "launch_again"):
            with self.subTest(page=name):
                for method in (self.client.get, self.client.post):
                    answer = method(address(name, self.report))
                    self.assertEqual(answer.status_code, 302)
                    self.assertIn("/admin/login/?next=", answer["Location"])

    def test_each_page_asks_for_the_permission(self) -> None:
        self.client.force_login(make_user("nobody"))
        for name in PAGES:
            with self.subTest(page=name):
                self.assertEqual(self.client.get(address(name, self.report)).status_code, 403)
        for name in ("stop_run", "launch_again"):
            with self.subTest(page=name):
                self.client.force_login(self.reader)
                self.assertEqual(self.client.post(address(name, self.report)).status_code, 403)

    def test_runs_of_commands_of_other_groups_are_not_there(self) -> None:
        group = Group.objects.create(name="others")
        self.report.task.command.allowed_groups.add(group)
        for name in PAGES:
            with self.subTest(page=name):
                self.assertEqual(self.client.get(address(name, self.report)).status_code, 404)
        self.reader.groups.add(group)
        for name in PAGES:
            with self.subTest(page=name):
                self.assertEqual(self.client.get(address(name, self.report)).status_code, 200)

    def test_a_run_that_is_not_there_is_not_found(self) -> None:
        for number in (self.report.pk + 1, 2**70):
            for name in PAGES:
                with self.subTest(page=name, number=number):
                    found = self.client.get(reverse(f"eztaskmanager:{name}", args=[number]))
                    self.assertEqual(found.status_code, 404)

    def test_answers_are_kept_by_nobody(self) -> None:
        for name in PAGES:
            with self.subTest(page=name):
                self.assertIn("no-store", self.client.get(address(name, self.report))["Cache-Control"])

    def test_reading_is_a_get_and_changing_a_post(self) -> None:
        for name in PAGES:
            self.assertEqual(self.client.post(address(name, self.report)).status_code, 405)
        self.client.force_login(make_user("lee", "view_launchreport", "view_log", "launch_task", "stop_task"))
        for name in ("stop_run", "launch_again"):
            self.assertEqual(self.client.get(address(name, self.report)).status_code, 405)


class ReadingTests(LogPagesTestCase):
    def test_lines_come_from_an_offset_on(self) -> None:
        say(self.report, "one", "two", "three")
        answer = self.read()
        self.assertEqual([line.rpartition(" - ")[2] for line in answer["new_log_lines"]], ["one", "two", "three"])
        self.assertRegex(answer["new_log_lines"][0], r"^\d{4}-.* - INFO - one$")
        self.assertEqual((answer["log_size"], answer["next_offset"]), (3, 3))
        self.assertEqual(answer["task_status"], self.report.task.status)
        self.assertEqual(self.texts(offset=2), ["three"])
        self.assertEqual(self.texts(offset=3), [])
        self.assertEqual(self.texts(offset=99), [])

    def test_an_answer_has_at_most_a_thousand_lines_and_tells_where_to_read_on(self) -> None:
        say(self.report, *(f"line {n}" for n in range(1, 2502)))
        offset, seen = 0, []
        for size in (1000, 1000, 501, 0):
            answer = self.read(offset=offset, rows=1)
            self.assertEqual(len(answer["new_log_lines"]), size)
            self.assertEqual(answer["log_size"], 2501)
            seen += [row["n"] for row in answer["new_log_lines"]]
            offset = answer["next_offset"]
        self.assertEqual(seen, list(range(1, 2502)))

    def test_an_answer_is_kept_small_when_lines_are_long(self) -> None:
        say(self.report, *("x" * 900_000 for _ in range(5)))
        answer = self.read(rows=1)
        self.assertEqual((len(answer["new_log_lines"]), answer["next_offset"]), (2, 2))

    def test_lines_before_a_number_are_the_last_of_them(self) -> None:
        say(self.report, *(f"line {n}" for n in range(1, 11)))
        self.assertEqual(self.texts(before=8, limit=3), ["line 5", "line 6", "line 7"])

    def test_lines_are_chosen_by_level(self) -> None:
        for level in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
            say(self.report, level.lower(), level=level)
        self.assertEqual(self.texts(level="all"), ["debug", "info", "warning", "error", "critical"])
        for level, expected in (("debug", ["debug"]), ("warning", ["warning"]), ("error", ["error", "critical"])):
            with self.subTest(level=level):
                self.assertEqual(self.texts(level=level), expected)

    def test_lines_are_chosen_by_text_and_a_bar_is_or(self) -> None:
        say(self.report, "Apples are red", "pears are green", "100 % plums", "under_score")
        self.assertEqual(self.texts(q="apples|PLUMS"), ["Apples are red", "100 % plums"])
        self.assertEqual(self.texts(q="%"), ["100 % plums"])
        self.assertEqual(self.texts(q="_"), ["under_score"])
        self.assertEqual(len(self.texts(q=" | ")), 4)
        answer = self.read(q="apples")
        self.assertEqual(self.read(q="apples", offset=answer["next_offset"])["next_offset"], 4)

    def test_levels_are_counted(self) -> None:
        say(self.report, "a", "b")
        say(self.report, "c", level="ERROR")
        say(self.report, "d", level="DEBUG")
        self.assertEqual(self.read()["counts"], {"debug": 1, "info": 2, "warning": 0, "error": 1})

    def test_a_poll_without_news_is_answered_with_nothing(self) -> None:
        say(self.report, "a")
        page = address("ajax_read_log_lines", self.report)
        tag = self.client.get(page)["ETag"]
        self.assertEqual(self.client.get(page, headers={"If-None-Match": tag}).status_code, 304)
        say(self.report, "b")
        self.assertEqual(self.client.get(page, headers={"If-None-Match": tag}).status_code, 200)

    def test_a_poll_that_wants_no_lines_gets_none(self) -> None:
        say(self.report, "a")
        answer = self.read(limit=0)
        self.assertEqual((answer["new_log_lines"], answer["log_size"]), ([], 1))

    def test_bad_parameters_are_refused_with_a_sentence(self) -> None:
        bad = (
            ("offset", "-1"),
            ("offset", "one"),
            ("offset", "1.5"),
            ("offset", "9" * 30),
            ("offset", "٣"),
            ("before", "x"),
            ("level", "loud"),
            ("limit", "many"),
            ("stream", "rivers"),
            ("rows", "x"),
            ("q", "x" * 501),
            ("q", "a\0b"),
        )
        for name, value in bad:
            with self.subTest(name=name, value=value[:20]):
                answer = self.client.get(address("ajax_read_log_lines", self.report), {name: value})
                self.assertEqual(answer.status_code, 400)
                self.assertTrue(answer.content.decode().endswith("."))
                self.assertEqual(answer["Content-Type"], "text/plain; charset=utf-8")

    def test_it_tells_how_the_run_stands_and_when_to_ask_again(self) -> None:
        LaunchReport.objects.filter(pk=self.report.pk).update(progress_current=5, progress_total=20)
        answer = self.read()
        self.assertEqual((answer["state"], answer["is_over"], answer["label"]), ("started", False, "running"))
        self.assertEqual(answer["progress"]["percent"], 25)
        self.assertLess(answer["next_poll"], 1_000)
        self.report.finish(LaunchReport.RESULT_FAILED, exit_code=3, error="Trouble: here")
        answer = self.read()
        self.assertEqual((answer["result"], answer["is_over"], answer["next_poll"]), ("failed", True, None))
        self.assertEqual((answer["error"], answer["facts"]["exit_code"]), ("Trouble: here", "3"))

    def test_a_poll_costs_the_same_few_queries_whatever_the_log(self) -> None:
        say(self.report, *(f"line {n}" for n in range(1_500)))
        with self.assertNumQueries(6):
            self.read(offset=1_500)


class RawLogTests(LogPagesTestCase):
    def body(self, **parameters: str) -> str:
        answer: Any = self.client.get(address("log_viewer", self.report), parameters)
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer["Content-Type"], "text/plain; charset=utf-8")
        self.assertEqual(answer["X-Content-Type-Options"], "nosniff")
        return b"".join(answer.streaming_content).decode()

    def test_it_is_the_whole_log_as_plain_text(self) -> None:
        say(self.report, NASTY, *(f"line {n}" for n in range(2_100)))
        lines = self.body().splitlines()
        self.assertEqual(len(lines), 2_101)
        self.assertTrue(lines[0].endswith(f" - INFO - {NASTY}"))
        self.assertTrue(lines[-1].endswith("line 2099"))

    def test_it_may_be_of_one_level(self) -> None:
        say(self.report, "a")
        say(self.report, "b", level="WARNING")
        say(self.report, "c", level="ERROR")
        for level, expected in (("all", ["a", "b", "c"]), ("warning", ["b"]), ("error", ["c"])):
            with self.subTest(level=level):
                found = [line[-1] for line in self.body(log_level=level).splitlines()]
                self.assertEqual(found, expected)

    def test_a_level_that_is_none_is_refused(self) -> None:
        answer = self.client.get(address("log_viewer", self.report), {"log_level": "loud"})
        self.assertEqual(answer.status_code, 400)
        self.assertIn("all, debug, info, warning, error", answer.content.decode())


class RefusedSearchTests(LogPagesTestCase):
    """What the database refuses is known before the answer begins, or told at its end."""

    def download(self, n_lines: int, **parameters: str) -> Any:
        line = Log(launch_report=self.report, seq=1, timestamp=timezone.now(), level="INFO", message="x" * 1_000)

        def read(*args: Any) -> Iterator[Log]:
            yield from [line] * n_lines
            raise SearchRefused("It is too hard.")

        with mock.patch("eztaskmanager.views.pages.read_all", read):
            answer: Any = self.client.get(address("log_viewer", self.report), parameters)
            answer.body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        return answer

    def test_at_once_it_is_a_bad_request_with_a_sentence(self) -> None:
        for parameters in ({}, {"download": "gzip"}, {"format": "jsonl"}):
            with self.subTest(parameters):
                answer = self.download(3, **parameters)
                self.assertEqual((answer.status_code, answer.body), (400, b"It is too hard."))

    def test_later_the_last_line_says_so(self) -> None:
        answer = self.download(100)
        self.assertEqual(answer.status_code, 200)
        *lines, last = answer.body.decode().splitlines()
        self.assertEqual((len(lines), last), (100, "The log could not be read on from here: It is too hard."))
        last = self.download(100, format="jsonl").body.decode().splitlines()[-1]
        self.assertEqual(json.loads(last), {"error": "The log could not be read on from here: It is too hard."})
        whole = gzip.decompress(self.download(100, download="gzip").body).decode()
        self.assertTrue(whole.endswith("It is too hard.\n"))

    @tag("databases")
    def test_an_expression_in_another_dialect_breaks_no_download(self) -> None:
        say(self.report, "a", "b")
        for text in ("(?i:a)", "(?P<x>a)", "a{1000}b", r"\p{L}"):
            with self.subTest(text):
                answer: Any = self.client.get(address("log_viewer", self.report), {"regex": "1", "q": text})
                self.assertIn(answer.status_code, (200, 400))
                self.assertNotIn(b"could not be read", b"".join(answer))


class LivePageTests(LogPagesTestCase):
    def page(self) -> str:
        answer = self.client.get(address("live_log_viewer", self.report))
        self.assertEqual(answer.status_code, 200)
        return answer.content.decode()

    def test_it_has_the_admins_frame_and_tells_about_the_run(self) -> None:
        html = self.page()
        self.assertInHTML("<h1>Checking</h1>", html)
        for piece in (
            'class="breadcrumbs"',
            "admin/css/base.css",
            "theme.js",
            "About this run",
            'data-level="warning"',
        ):
            self.assertIn(piece, html)
        self.assertIn(address("log_viewer", self.report), html)

    def test_no_script_style_or_handler_is_inline(self) -> None:
        say(self.report, NASTY)
        html = self.page()
        self.assertNotRegex(html, r"<script(?![^>]*\ssrc=)")
        self.assertNotRegex(html, r"<style|\sstyle=|\son\w+=")

    def test_all_data_is_escaped(self) -> None:
        type(self.report.task).objects.update(name=NASTY, note=NASTY)
        LaunchReport.objects.update(arguments=NASTY, error=NASTY, launched_by_name=NASTY, host=NASTY)
        html = self.page()
        self.assertNotIn("<script>alert", html)
        self.assertIn("&lt;script&gt;alert", html)

    def test_buttons_are_for_those_who_may(self) -> None:
        self.assertNotIn('id="ez-stop"', self.page())
        self.client.force_login(make_user("lee", "view_launchreport", "view_log", "launch_task", "stop_task"))
        self.assertIn('id="ez-stop"', self.page())

    def test_its_words_for_the_script_are_an_attribute(self) -> None:
        answer = self.client.get(address("live_log_viewer", self.report))
        config = json.loads(answer.context["config_json"])
        self.assertEqual(config["lines"], address("ajax_read_log_lines", self.report))
        self.assertIn("{n}", config["words"]["new_lines"])

    def test_runs_before_and_after_are_linked(self) -> None:
        later = make_report(self.report.task)
        self.assertIn(address("live_log_viewer", later), self.page())


class ButtonTests(LogPagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        get_task_service().clear()  # type: ignore[attr-defined]
        self.client.force_login(make_user("lee", "view_launchreport", "view_log", "launch_task", "stop_task"))

    def test_stop_asks_the_run_to_end(self) -> None:
        answer = self.client.post(address("stop_run", self.report))
        self.assertRedirects(answer, address("live_log_viewer", self.report))
        self.report.refresh_from_db()
        self.assertIsNotNone(self.report.stop_requested_at)
        self.assertEqual(self.report.stopped_by, "lee")

    def test_stop_answers_a_script_in_its_language(self) -> None:
        answer = self.client.post(address("stop_run", self.report), headers={"Accept": "application/json"})
        self.assertEqual(answer.json()["look"], "stopping")

    def test_stop_needs_the_csrf_token(self) -> None:
        client = self.client_class(enforce_csrf_checks=True)
        client.force_login(make_user("sam", "view_launchreport", "view_log", "launch_task", "stop_task"))
        self.assertEqual(client.post(address("stop_run", self.report)).status_code, 403)

    def test_launch_again_runs_the_same_arguments(self) -> None:
        LaunchReport.objects.filter(pk=self.report.pk).update(arguments="--deploy", state="finished")
        answer = self.client.post(address("launch_again", self.report))
        again = LaunchReport.objects.latest("pk")
        self.assertRedirects(answer, address("live_log_viewer", again))
        self.assertEqual((again.arguments, again.launched_by_name), ("--deploy", "lee"))

    def test_launch_again_says_why_it_cannot(self) -> None:
        self.report.task.command.active = False
        self.report.task.command.save()
        answer = self.client.post(address("launch_again", self.report), follow=True)
        self.assertContains(answer, "is inactive")
        self.assertEqual(LaunchReport.objects.count(), 1)


class OldLogTests(LogPagesTestCase):
    def test_lines_that_no_counter_knows_are_read_too(self) -> None:
        Log.objects.create(launch_report=self.report, seq=1, level="INFO", message="by hand")
        answer = self.read(rows=1)
        self.assertEqual((answer["log_size"], answer["new_log_lines"][0]["text"]), (1, "by hand"))
