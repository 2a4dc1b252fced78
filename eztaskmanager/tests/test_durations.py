"""What is usual of durations."""

from __future__ import annotations

import random
from unittest import TestCase

from eztaskmanager.durations import (
    ENOUGH,
    LONGER,
    SHORTER,
    Usual,
    find_usual,
    judge_each,
    percentile,
    top_of_scale,
)


class UsualTests(TestCase):
    def test_a_few_runs_say_nothing(self) -> None:
        self.assertIsNone(find_usual([60.0] * (ENOUGH - 1)))
        self.assertIsNotNone(find_usual([60.0] * ENOUGH))

    def test_what_is_far_off_the_median_is_unusual_either_way(self) -> None:
        usual = find_usual([60.0, 62, 58, 61, 59, 60, 63, 57])
        assert usual is not None
        for seconds, verdict in ((60, ""), (75, ""), (89, ""), (91, LONGER), (31, ""), (29, SHORTER), (0.1, SHORTER)):
            with self.subTest(seconds=seconds):
                self.assertEqual(usual.judge(seconds), verdict)

    def test_a_task_that_is_always_alike_does_not_cry_wolf(self) -> None:
        usual = find_usual([600.0] * 20)
        assert usual is not None
        self.assertEqual((usual.judge(607), usual.judge(899), usual.judge(901)), ("", "", LONGER))

    def test_a_short_one_may_take_two_seconds_more(self) -> None:
        usual = find_usual([0.1] * 20)
        assert usual is not None
        self.assertEqual((usual.judge(2.0), usual.judge(2.2)), ("", LONGER))

    def test_a_restless_one_has_more_room(self) -> None:
        usual = find_usual([10.0, 100, 20, 90, 30, 80, 40, 70, 50, 60])
        assert usual is not None
        self.assertEqual(usual.judge(125), "")

    def test_one_that_hung_for_a_day_does_not_make_the_next_usual(self) -> None:
        verdicts = judge_each([*[60.0] * 10, 86_400.0, 60.0, 86_400.0])
        self.assertEqual(verdicts[-3:], [LONGER, "", LONGER])
        self.assertEqual(set(verdicts[:-3]), {""})

    def test_what_has_become_usual_is_usual_soon(self) -> None:
        verdicts = judge_each([*[60.0] * 20, *[600.0] * 20])
        self.assertEqual(verdicts[20], LONGER)
        self.assertEqual(verdicts[-1], "")

    def test_each_is_judged_by_those_before_it_alone(self) -> None:
        seconds = [random.Random(7).uniform(1, 100) for _ in range(60)]
        for cut in (9, 30, 59):
            self.assertEqual(judge_each(seconds)[:cut], judge_each(seconds[:cut]))

    def test_what_lies_on_the_margin_is_usual(self) -> None:
        self.assertEqual([Usual(10, 5).judge(seconds) for seconds in (5, 15)], ["", ""])


class ScaleTests(TestCase):
    def test_a_percentile_is_one_of_the_values(self) -> None:
        self.assertEqual(percentile([3.0], 0.95), 3)
        self.assertEqual(percentile([float(n) for n in range(100, 0, -1)], 0.95), 95)
        self.assertEqual(percentile([1.0, 2, 3, 4], 0.5), 2)

    def test_the_scale_is_that_of_the_longest_unless_it_is_far_off(self) -> None:
        self.assertEqual(top_of_scale([8.0, 10, 12]), 12)
        self.assertEqual(top_of_scale([10.0, 10, 10, 86_400]), 20)

    def test_there_is_a_scale_without_durations_and_without_length(self) -> None:
        self.assertEqual(top_of_scale([]), 1)
        self.assertGreater(top_of_scale([0.0, 0.0]), 0)
