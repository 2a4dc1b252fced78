"""From bytes to lines, however they are cut."""

from __future__ import annotations

import select
import time

from django.test import SimpleTestCase
from hypothesis import HealthCheck, given, settings, strategies as st

from eztaskmanager.output import Line, LineSplitter, Reader, clean, encode, level_name, make_plain
from eztaskmanager.output.frames import COMMAND_STDERR, END, MAX_FRAME, PROGRESS, RECORD, STDERR, STDOUT, frames
from eztaskmanager.output.lines import COLLAPSE_FROM, MAX_LINE

pieces_of_bytes = st.lists(st.one_of(st.binary(max_size=20), st.sampled_from([b"\n", b"\r", b"\r\n", b"\xe2\x82"])))

# The machine may be busy with other things.
patiently = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=60)


def split(*pieces: bytes) -> list[str]:
    splitter = LineSplitter()
    lines = [line for piece in pieces for line in splitter.feed(piece)]
    return lines + splitter.flush()


class SplittingTests(SimpleTestCase):
    @patiently
    @given(pieces_of_bytes)
    def test_lines_do_not_depend_on_how_the_bytes_are_cut(self, pieces: list[bytes]) -> None:
        self.assertEqual(split(*pieces), split(b"".join(pieces)))

    @patiently
    @given(st.lists(st.text(alphabet=st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]))))
    def test_ordinary_lines_come_out_as_they_went_in(self, lines: list[str]) -> None:
        self.assertEqual(split("".join(f"{line}\n" for line in lines).encode()), lines)

    def test_only_newlines_part_lines(self) -> None:
        self.assertEqual(split("a\x0bb\x0cc\x85d\u2028e\n".encode()), ["a\x0bb\x0cc\x85d\u2028e"])

    def test_a_line_without_an_end_comes_last(self) -> None:
        self.assertEqual(split(b"one\ntwo"), ["one", "two"])

    def test_empty_lines_stay(self) -> None:
        self.assertEqual(split(b"\n\na\n\n"), ["", "", "a", ""])

    def test_windows_line_ends_lose_their_carriage_return(self) -> None:
        self.assertEqual(split(b"one\r\ntwo\r\n"), ["one", "two"])

    def test_a_progress_bar_is_one_line_with_its_last_state(self) -> None:
        self.assertEqual(split(b"\r 0 %\r50 %", b"\r100 %\n", b"next\n"), ["100 %", "next"])

    def test_a_progress_bar_that_wipes_itself_keeps_what_it_showed(self) -> None:
        self.assertEqual(split(b"\r99 %\r    \r\n"), ["99 %"])

    def test_a_progress_bar_without_end_takes_little_memory(self) -> None:
        splitter = LineSplitter()
        for number in range(100_000):
            self.assertEqual(splitter.feed(b"\r%6d of many" % number), [])
            self.assertLess(splitter._size, 3 * COLLAPSE_FROM)
        self.assertEqual(splitter.flush(), [" 99999 of many"])

    def test_a_state_ends_where_the_next_begins_however_long_it_waited(self) -> None:
        splitter = LineSplitter()
        splitter.feed(b"x" * COLLAPSE_FROM + b"\r50 %\r")
        splitter.feed(b"60 %")
        self.assertEqual(splitter.flush(), ["60 %"])

    def test_a_very_long_line_is_one_line(self) -> None:
        piece = b"0123456789abcdef" * 256
        self.assertEqual(split(*[piece] * 2500, b"\n"), [(piece * 2500).decode()])

    def test_a_line_beyond_all_measure_is_parted_between_two_characters(self) -> None:
        text = "€" * (MAX_LINE // 3 + 10)
        lines = split(encode(text))
        self.assertEqual("".join(lines), text)
        self.assertEqual(len(lines), 2)


class CleaningTests(SimpleTestCase):
    def test_nul_is_shown_and_invalid_bytes_are_replaced(self) -> None:
        self.assertEqual(clean(b"a\0b\xff \xc3\xa9"), "a␀b� é")

    def test_a_character_cut_between_two_pieces_is_whole(self) -> None:
        self.assertEqual(split(b"\xe2\x82", b"\xac\n"), ["€"])

    def test_colours_stay(self) -> None:
        self.assertEqual(split(b"\x1b[31mred\x1b[0m\n"), ["\x1b[31mred\x1b[0m"])

    @patiently
    @given(st.text(alphabet=st.characters(), max_size=50))
    def test_any_text_can_be_sent(self, text: str) -> None:
        clean(encode(text)).encode()

    def test_a_file_name_that_is_no_text_is_replaced_byte_by_byte(self) -> None:
        self.assertEqual(clean(encode("na\udcefme")), "na�me")

    def test_levels_of_ones_own_count_as_the_standard_one_below(self) -> None:
        numbers = (0, 5, 10, 15, 20, 25, 30, 40, 45, 50, 99)
        names = ["DEBUG"] * 4 + ["INFO"] * 2 + ["WARNING"] + ["ERROR"] * 2 + ["CRITICAL"] * 2
        self.assertEqual([level_name(number) for number in numbers], names)


class PlainTests(SimpleTestCase):
    def test_what_only_terminals_understand_goes(self) -> None:
        for text, plain in (
            ("\x1b[1;31mred\x1b[0m and \x1b[38;2;1;2;3mtrue", "red and true"),
            ("\x1b]8;;https://example.org\x07link\x1b]8;;\x1b\\", "link"),
            ("\x1b]0;a title that never ends", ""),
            ("\x1b[2K\x1b(Bx\x1b=", "x"),
            ("10 %\r20 %\r100 %", "100 %"),
            ("10 %\r20 %\r", "20 %"),
            ("first\nold\rnew\nlast\r\n", "first\nnew\nlast\n"),
            ("plain [31m text", "plain [31m text"),
        ):
            with self.subTest(text=text):
                self.assertEqual(make_plain(text), plain)

    def test_a_very_long_line_takes_no_time(self) -> None:
        began = time.monotonic()
        self.assertEqual(len(make_plain("x" * 1_000_000)), 1_000_000)
        self.assertLess(time.monotonic() - began, 60)

    @given(st.text(alphabet="\x1b[]()m;0123456789\x07\\ab\r\n"))
    def test_nothing_of_a_terminal_is_left(self, text: str) -> None:
        self.assertNotIn("\r", make_plain(text))
        self.assertNotRegex(make_plain(text), r"\x1b[\[\]]")


class OddInputTests(SimpleTestCase):
    def feed(self, kind: int, timestamp: float, payload: bytes) -> tuple[Reader, list[Line]]:
        reader, read = Reader(), []
        for frame in frames(kind, 20, 0, 7, timestamp, payload):
            read += reader.feed(frame)
        return reader, read

    def test_progress_that_is_no_number_is_none(self) -> None:
        for said in ("Infinity", "-Infinity", "NaN", "1e300", "1" + "0" * 400, "null", '"many"', "[]"):
            with self.subTest(said=said):
                reader, _ = self.feed(PROGRESS, 1.5, f'[{said}, {said}, "a\\u0000b\\udce9"]'.encode())
                self.assertEqual(reader.progress, (None, None, "a␀b�"))

    def test_a_moment_that_is_none_takes_no_line_away(self) -> None:
        for moment in (float("nan"), float("inf"), -1.0, 1e12):
            with self.subTest(moment=moment):
                self.assertEqual(self.feed(RECORD, moment, b"said")[1], [Line(0.0, "INFO", "log", "said")])


class ReaderTests(SimpleTestCase):
    def read(self, *messages: tuple[int, int, int, bytes]) -> list[Line]:
        reader = Reader()
        lines: list[Line] = []
        for number, (kind, level, source, payload) in enumerate(messages):
            for frame in frames(kind, level, number if kind == RECORD else 0, source, 1.5, payload):
                lines += reader.feed(frame)
        return lines + reader.end(2.5)

    def test_each_kind_has_its_level_and_stream(self) -> None:
        lines = self.read(
            (RECORD, 40, 1, b"record\nwith a second line"),
            (STDOUT, 0, 1, b"out\n"),
            (STDERR, 0, 1, b"err\n"),
            (COMMAND_STDERR, 0, 1, b"warn\n"),
        )
        expected = [
            Line(1.5, "ERROR", "log", "record\nwith a second line"),
            Line(1.5, "INFO", "stdout", "out"),
            Line(1.5, "INFO", "stderr", "err"),
            Line(1.5, "WARNING", "stderr", "warn"),
        ]
        self.assertEqual(lines, expected)

    def test_no_frame_is_longer_than_the_kernel_writes_at_once(self) -> None:
        self.assertLessEqual(MAX_FRAME, select.PIPE_BUF)
        for frame in frames(RECORD, 20, 1, 1, 0.0, b"x" * 100_000):
            self.assertLessEqual(len(frame), MAX_FRAME)

    @patiently
    @given(st.data(), st.lists(st.binary(max_size=9000), min_size=1, max_size=4))
    def test_long_records_of_several_threads_arrive_whole(self, data: st.DataObject, payloads: list[bytes]) -> None:
        queues = [list(frames(RECORD, 30, 7, source, 1.0, payload)) for source, payload in enumerate(payloads)]
        mixed = b""
        while any(queues):
            queue = data.draw(st.sampled_from([queue for queue in queues if queue]))
            mixed += queue.pop(0)
        reader = Reader()
        lines: list[Line] = []
        while mixed:
            size = data.draw(st.integers(1, 5000))
            lines += reader.feed(mixed[:size])
            mixed = mixed[size:]
        self.assertCountEqual([line.message for line in lines], [clean(payload) for payload in payloads])

    def test_pieces_of_two_threads_do_not_get_into_each_others_lines(self) -> None:
        lines = self.read((STDOUT, 0, 1, b"a"), (STDOUT, 0, 2, b"b"), (STDOUT, 0, 1, b"A\n"), (STDOUT, 0, 2, b"B\n"))
        self.assertEqual([line.message for line in lines], ["aA", "bB"])

    def test_a_record_cut_short_by_death_is_kept(self) -> None:
        reader = Reader()
        first, *_ = frames(RECORD, 30, 1, 1, 1.0, b"x" * 10_000)
        self.assertEqual(reader.feed(first), [])
        [line] = reader.end(2.0)
        self.assertEqual((line.level, set(line.message)), ("ERROR", {"x"}))

    def test_a_prompt_is_shown_when_it_has_waited_and_a_progress_bar_is_not(self) -> None:
        reader = Reader()
        reader.raw(1, 10.0, b"Sure? ")
        self.assertEqual(reader.idle(12.5), [])
        self.assertEqual([line.message for line in reader.idle(13.5)], ["Sure? "])
        reader.raw(2, 20.0, b"\r 50 %")
        self.assertEqual(reader.idle(30.0), [])
        self.assertEqual([line.message for line in reader.end(31.0)], [" 50 %"])

    def test_progress_and_endings_are_no_lines(self) -> None:
        reader = Reader()
        for frame in frames(PROGRESS, 0, 1, 1, 1.0, b'[1, 2, "half"]'):
            self.assertEqual(reader.feed(frame), [])
        for frame in frames(END, 0, 2, 1, 1.0, b'{"pid": 7, "end": "returned"}'):
            self.assertEqual(reader.feed(frame), [])
        self.assertEqual(reader.progress, (1, 2, "half"))
        self.assertEqual(reader.endings[7]["end"], "returned")

    def test_bytes_that_are_no_frame_are_told_of(self) -> None:
        [line] = Reader().feed(b"x" * 100)
        self.assertEqual(line.level, "ERROR")
