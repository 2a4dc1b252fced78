"""Reading a log over HTTP: windows, filters, searches, polls that cost nothing, downloads."""

from __future__ import annotations

import gzip
import json
from typing import Any
from unittest import mock

from django.db import connection
from django.test import TestCase, tag
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from eztaskmanager.models import LaunchReport, Log
from eztaskmanager.tests.factories import make_report, make_task, make_user
from eztaskmanager.views import reading

N_LINES = 1_200


@tag("databases")
class LogReadingTests(TestCase):
    report: LaunchReport

    @classmethod
    def setUpTestData(cls) -> None:
        cls.reader = make_user("rita", "view_launchreport", "view_log")
        cls.report = make_report(make_task(name="Nightly copy"), n_log_lines=N_LINES, n_log_errors=2, n_log_debugs=100)
        Log.objects.bulk_create(
            Log(
                launch_report=cls.report,
                seq=seq,
                level="ERROR" if seq in (600, 1100) else "DEBUG" if seq <= 100 else "INFO",
                stream="stderr" if seq % 100 == 0 else "log",
                message=f"line {seq}" + (" <b>Ünï</b>" if seq == 7 else ""),
            )
            for seq in range(1, N_LINES + 1)
        )

    def setUp(self) -> None:
        self.client.force_login(self.reader)

    def get(self, name: str, **parameters: Any) -> Any:
        headers = parameters.pop("headers", None)
        return self.client.get(reverse(f"eztaskmanager:{name}", args=[self.report.pk]), parameters, headers=headers)

    def lines(self, **parameters: Any) -> list[int]:
        answer = self.get("ajax_read_log_lines", rows=1, **parameters).json()
        return [line["n"] for line in answer["new_log_lines"]]

    def test_lines_come_from_an_offset_a_window_at_a_time(self) -> None:
        answer = self.get("ajax_read_log_lines", offset=10).json()
        self.assertEqual(len(answer["new_log_lines"]), 1_000)
        self.assertTrue(answer["new_log_lines"][0].endswith(" - DEBUG - line 11"))
        self.assertEqual((answer["log_size"], answer["next_offset"], answer["task_status"]), (N_LINES, 1_010, "idle"))

    def test_the_last_lines_before_a_number_are_read(self) -> None:
        self.assertEqual(self.lines(before=51, limit=3), [48, 49, 50])

    def test_a_gap_in_a_log_that_was_cut_is_stepped_over_either_way(self) -> None:
        self.report.logs.filter(seq__gt=20, seq__lte=1_150).delete()
        self.assertEqual(self.lines(offset=10, limit=20), list(range(11, 21)))
        self.assertEqual(self.lines(offset=20, limit=3), [1_151, 1_152, 1_153])
        self.assertEqual(self.lines(before=1_151, limit=3), [18, 19, 20])
        self.assertEqual(self.lines(before=1, limit=3), [])

    def test_an_answer_keeps_within_its_bytes_but_always_moves_on(self) -> None:
        with mock.patch.object(reading, "CHARACTERS_PER_ANSWER", 12):
            self.assertEqual(self.lines(offset=0), [1, 2])
            self.assertEqual(self.lines(offset=6), [7])

    def test_filters_are_applied_by_the_database(self) -> None:
        self.assertEqual(self.lines(level="error"), [600, 1100])
        self.assertEqual(self.lines(stream="stderr", limit=3), [100, 200, 300])
        self.assertEqual(
            self.lines(q="line 1199|ünï|LINE 1200"), [7, 1199, 1200] if self.folds_unicode else [1199, 1200]
        )
        self.assertEqual(self.lines(q="LINE 1200", case=1), [])
        self.assertEqual(self.lines(q="^line 11[0-9]0$", regex=1), [1100 + n for n in range(0, 100, 10)])

    @property
    def folds_unicode(self) -> bool:
        return connection.vendor != "sqlite"

    def test_levels_are_counted_by_the_stored_counters(self) -> None:
        counts = self.get("ajax_read_log_lines", limit=0).json()["counts"]
        self.assertEqual(counts, {"debug": 100, "info": 1_098, "warning": 0, "error": 2})

    def test_a_poll_without_news_is_answered_without_reading(self) -> None:
        first = self.get("ajax_read_log_lines", offset=N_LINES)
        with CaptureQueriesContext(connection) as queries:
            again = self.get("ajax_read_log_lines", offset=N_LINES, headers={"If-None-Match": first["ETag"]})
        self.assertEqual((again.status_code, again.content), (304, b""))
        self.assertNotIn('eztaskmanager_log"', "".join(query["sql"] for query in queries))
        LaunchReport.objects.update(n_log_lines=N_LINES + 1)
        news = self.get("ajax_read_log_lines", offset=N_LINES, headers={"If-None-Match": first["ETag"]})
        self.assertEqual(news.status_code, 200)

    def test_numbers_of_matching_lines_come_in_pages(self) -> None:
        found = self.get("find_log_lines", q="line 5", limit=3).json()
        self.assertEqual(found, {"numbers": [5, 50, 51], "scanned_to": 51, "is_complete": False})
        rest = self.get("find_log_lines", level="error", after=600).json()
        self.assertEqual(rest, {"numbers": [1100], "scanned_to": N_LINES, "is_complete": True})

    def test_bad_parameters_are_refused_in_words(self) -> None:
        for name, parameters, words in (
            ("ajax_read_log_lines", {"offset": "-1"}, "whole number"),
            ("ajax_read_log_lines", {"offset": "9" * 30}, "whole number"),
            ("ajax_read_log_lines", {"level": "loud"}, "may be one of all, debug"),
            ("ajax_read_log_lines", {"q": "(", "regex": "1"}, "not a regular expression"),
            ("ajax_read_log_lines", {"q": "x" * 501}, "too long"),
            ("find_log_lines", {"after": "x"}, "whole number"),
            ("log_viewer", {"format": "pdf"}, "may be one of text, jsonl"),
        ):
            with self.subTest(parameters):
                response = self.get(name, **parameters)
                self.assertContains(response, words, status_code=400)

    def test_the_whole_log_is_streamed_as_text(self) -> None:
        response = self.get("log_viewer")
        text = b"".join(response.streaming_content).decode()
        self.assertEqual(text.count("\n"), N_LINES)
        self.assertEqual(response["X-Content-Type-Options"], "nosniff")
        self.assertNotIn("Content-Disposition", response)

    def test_it_is_downloaded_as_json_lines_and_compressed(self) -> None:
        response = self.get("log_viewer", format="jsonl", download="gzip", log_level="error")
        self.assertIn(f'filename="nightly-copy-{self.report.pk}.jsonl.gz"', response["Content-Disposition"])
        lines = gzip.decompress(b"".join(response.streaming_content)).decode().splitlines()
        self.assertEqual([json.loads(line)["n"] for line in lines], [600, 1100])

    def test_none_of_it_is_for_those_who_may_not(self) -> None:
        for name in ("ajax_read_log_lines", "find_log_lines", "log_viewer", "live_log_viewer"):
            self.client.logout()
            self.assertEqual(self.get(name).status_code, 302)
            self.client.force_login(make_user(f"otto-{name}"))
            self.assertEqual(self.get(name).status_code, 403)
