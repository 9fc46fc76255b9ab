# SPDX-License-Identifier: Apache-2.0
"""A terminal tester keeps Renode's rules: what matches, what a match uses up, and whose time a wait lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from motet.emulate.keywords.errors import KeywordError
from motet.emulate.keywords.matching import Pattern
from motet.emulate.keywords.tester import Tester, demand


class Host:
    """A machine whose time moves by ``step`` milliseconds each time somebody asks for it."""

    def __init__(self, step: float = 0.0) -> None:
        self.now, self.step, self.runs, self.asked = 0.0, step, False, 0
        self.on_ask: Callable[[int], None] = lambda _: None

    def now_ms(self) -> float:
        self.asked += 1
        self.now += self.step
        self.on_ask(self.asked)
        return self.now

    def run(self) -> None:
        self.runs = True

    def pause(self) -> None:
        self.runs = False


def new_tester(step: float = 0.0, **options: bool) -> tuple[Tester, Host]:
    host = Host(step)
    return Tester(host, lambda _: None, 5.0, **options), host


def line(found: dict[str, object] | None) -> object:
    return found and found["line"]


def test_a_pattern_matches_anywhere_in_a_line_and_uses_up_everything_before() -> None:
    one, _ = new_tester()
    one.feed(b"first\r\nthe second line\r\nthird\r\n")
    assert line(one.wait_for(Pattern("second"), 0)) == "the second line"
    assert one.wait_for(Pattern("first"), 0) is None
    assert line(one.next_line(0)) == "third"
    assert one.next_line(0) is None


def test_a_carriage_return_is_dropped_and_a_line_feed_ends_a_line() -> None:
    one, _ = new_tester()
    one.feed(b"a\rb\n")
    assert line(one.next_line(0)) == "ab"


def test_a_carriage_return_ends_a_line_when_it_is_asked_to() -> None:
    one, _ = new_tester(cr_ends=True)
    one.feed(b"a\rb\nc\r")
    assert [line(one.next_line(0)), one.next_line(0)["timestamp"] >= 0] == ["a", True]  # type: ignore[index,operator]


def test_an_unfinished_line_counts_only_when_it_is_asked_for_and_is_used_up() -> None:
    one, _ = new_tester()
    one.feed(b"old\nready > ")
    assert one.wait_for(Pattern("> "), 0) is None
    assert line(one.wait_for(Pattern("> "), 0, unfinished=True)) == "ready > "
    assert one.wait_for(Pattern("> "), 0, unfinished=True) is None
    assert one.next_line(0) is None


def test_only_the_next_line_counts_when_that_is_wanted() -> None:
    one, _ = new_tester()
    one.feed(b"one\ntwo\n")
    assert one.wait_for(Pattern("two"), 0, next_line=True) is None
    assert line(one.wait_for(Pattern("one"), 0, next_line=True)) == "one"


def test_a_regular_expression_gives_its_groups() -> None:
    one, _ = new_tester()
    one.feed(b"crc 0123abcd ok\n")
    found = one.wait_for(Pattern(r"crc ([0-9a-f]+) (ok|bad)", regex=True), 0)
    assert found is not None and found["groups"] == ["0123abcd", "ok"] and found["Groups"] == found["groups"]


def test_lines_in_a_row_are_found_and_others_in_between_are_not_forgiven() -> None:
    one, _ = new_tester()
    one.feed(b"a\nx\nb\na\nb\nc\n")
    assert line(one.wait_for_lines([Pattern("a"), Pattern("b")], 0)) == "b"
    assert line(one.next_line(0)) == "c"


def test_colours_are_removed_and_bytes_that_xml_cannot_hold_too() -> None:
    one, _ = new_tester()
    one.feed(b"\x1b[1;31mred\x1b[0m \x00\x07bell\n")
    assert line(one.next_line(0)) == "red bell"


def test_a_failing_string_is_found_before_what_is_waited_for() -> None:
    one, _ = new_tester()
    one.failing.append(Pattern("HARDFAULT"))
    one.feed(b"good\nHARDFAULT pc=0\n")
    with pytest.raises(KeywordError, match="Test failing entry has been found on UART:\nHARDFAULT pc=0"):
        demand(one, one.wait_for(Pattern("good"), 0))


def test_what_was_waited_for_in_vain_stays_and_is_in_the_report() -> None:
    one, _ = new_tester(step=1000)
    one.feed(b"something else\nhalf")
    with pytest.raises(KeywordError, match=r"(?s)something else.*half \[\[no newline\]\]"):
        demand(one, one.wait_for(Pattern("never")))
    assert line(one.next_line(0)) == "something else"


def test_a_wait_ends_by_the_boards_time_and_not_by_ours() -> None:
    one, host = new_tester(step=100)
    assert one.wait_for(Pattern("never"), 2.0) is None
    assert host.now >= 2000 and host.asked < 60


def test_a_wait_goes_on_while_the_boards_time_stands_still() -> None:
    one, host = new_tester()
    host.on_ask = lambda asked: one.feed(b"late") if asked == 10 else None
    assert line(one.wait_for(Pattern("late"), 0.001, unfinished=True)) == "late"


def test_a_wait_starts_the_emulation_and_stops_it_when_asked_to() -> None:
    one, host = new_tester()
    host.on_ask = lambda asked: one.feed(b"x\n") if asked == 3 else None
    assert one.wait_for(Pattern("x"), 1.0, pause=True) is not None
    assert not host.runs and host.asked > 2


def test_a_wait_that_lasts_no_time_looks_once_and_starts_nothing() -> None:
    one, host = new_tester()
    assert one.wait_for(Pattern("x"), 0) is None
    assert not host.runs


def test_what_another_thread_feeds_ends_the_wait() -> None:
    one, _ = new_tester()
    threading.Timer(0.05, one.feed, [b"hello\n"]).start()
    assert line(one.wait_for(Pattern("hello"), 1.0)) == "hello"


def test_silence_is_idle_and_a_single_byte_is_not() -> None:
    one, host = new_tester(step=100)
    assert one.idle(1.0)
    host.on_ask = lambda asked: one.feed(b".")
    assert not one.idle(1.0)


def test_a_binary_tester_finds_bytes_and_keeps_what_follows() -> None:
    one, _ = new_tester(binary=True)
    one.feed(b"\x00\x01\r\n\xff\x02")
    found = one.wait_for(Pattern("01 0d0a", binary=True), 0, unfinished=True)
    assert found is not None and found.raw == "\x01\r\n"
    assert one.wait_for(Pattern("01", binary=True), 0, unfinished=True) is None
    rest = one.wait_for(Pattern("(.)\x02", regex=True, binary=True), 0, unfinished=True)
    assert rest is not None and rest.raw_groups == ["\xff"]


@pytest.mark.parametrize(("text", "options"), [("(", {"regex": True}), ("0g", {"binary": True}), ("1", {"binary": True})])
def test_what_is_no_pattern_is_refused(text: str, options: dict[str, bool]) -> None:
    with pytest.raises(KeywordError, match="is no"):
        Pattern(text, **options)


def test_a_board_that_went_away_ends_the_wait_with_its_reason_and_keeps_what_it_said() -> None:
    one, host = new_tester()

    def gone(asked: int) -> None:
        raise KeywordError("the emulator has ended")

    host.on_ask = gone
    one.feed(b"last words\n")
    assert line(one.wait_for(Pattern("last"), 0)) == "last words"
    with pytest.raises(KeywordError, match="has ended"):
        one.wait_for(Pattern("more"), 1.0)
