# SPDX-License-Identifier: Apache-2.0
"""What devices have logged last: bounded for each of them, and for all together."""

from hypothesis import given, settings
from hypothesis import strategies as st

from motet.gateway.lastlines import KEPT_LINES, LONGEST_LINE, LastLines


def test_of_a_device_the_last_lines_are_kept_and_the_beginning_of_each():
    lines = LastLines()
    for number in range(KEPT_LINES + 5):
        lines.add("pump", f"{number}")
    lines.add("pump", "x" * 5000)
    kept = lines.of("pump").split("\n")
    assert (len(kept), kept[0], kept[-1]) == (KEPT_LINES, "6", "x" * LONGEST_LINE)
    assert lines.of("other") == ""


def test_who_has_been_quiet_longest_goes_first():
    lines = LastLines(most=10)
    for device in ("a", "b", "a", "c"):
        lines.add(device, "xxx")
    assert [lines.of(device) for device in "abc"] == ["xxx\nxxx", "", "xxx"]


def test_one_line_that_is_more_than_there_is_room_for_is_not_kept():
    lines = LastLines(most=10)
    lines.add("a", "x" * 11)
    assert lines.of("a") == ""
    lines.add("a", "short")
    assert lines.of("a") == "short"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(0, 40)), max_size=60))
@settings(derandomize=True, max_examples=200, deadline=None)
def test_no_order_of_lines_breaks_the_bound_or_loses_count(said):
    lines = LastLines(most=100)
    for device, length in said:
        if length is None:
            lines.forget(device)
        else:
            lines.add(device, "x" * length)
        total = sum(len(line) for one in lines._lines.values() for line in one)
        assert lines._size == total <= 100
