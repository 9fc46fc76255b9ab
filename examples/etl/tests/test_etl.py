# SPDX-License-Identifier: Apache-2.0
"""CSV to CBOR against cbor2 and Python's csv, there and back, and what is refused where."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from motet.components.testing import Component, ToolError

EVERYWHERE = pytest.mark.components(on=["wasmtime", "native", "stm32f405"])

LOG = 'time,place,celsius\n1718000000,"hall, north",21.50\n1718000060,,-0.5\n1718000120,007,\n'
ROWS = [
    {"time": 1718000000, "place": "hall, north", "celsius": Decimal("21.50")},
    {"time": 1718000060, "place": None, "celsius": Decimal("-0.5")},
    {"time": 1718000120, "place": "007", "celsius": None},
]


def encoded(component: Component, text: str) -> bytes:
    return bytes(component.call("encode", {"csv": text}))


def decoded(component: Component, data: bytes) -> str:
    return str(component.call("decode", {"cbor": list(data)}))


def test_a_log_becomes_the_cbor_that_cbor2_reads(component: Component) -> None:
    assert cbor2.loads(encoded(component, LOG)) == ROWS


def test_the_cbor_is_smaller_than_the_text_without_its_names(component: Component) -> None:
    assert encoded(component, "n\n" + "123456\n" * 50)[:2] == b"\x98\x32"


@EVERYWHERE
def test_what_was_encoded_comes_back_digit_for_digit(component: Component) -> None:
    assert decoded(component, encoded(component, LOG)) == LOG


@pytest.mark.parametrize("text", ["007", "-0", "1e5", "+3", ".5", "5.", "1234567890123456", "-", "0x10", " 1"])
def test_what_is_no_plain_number_stays_text(component: Component, text: str) -> None:
    assert cbor2.loads(encoded(component, f"a\n{text}\n")) == [{"a": text}]


@pytest.mark.parametrize("text", ["0", "-7", "999999999999999", "0.00", "-0.001", "12345.6789"])
def test_a_plain_number_is_exact(component: Component, text: str) -> None:
    assert cbor2.loads(encoded(component, f"a\n{text}\n"))[0]["a"] == Decimal(text)
    assert decoded(component, encoded(component, f"a\n{text}\n")) == f"a\n{text}\n"


@given(rows=st.lists(st.lists(st.text("ab1.-,\"\n 'é", max_size=6), min_size=3, max_size=3), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_text_that_python_writes_comes_back(component: Component, rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["x", "y", "z"], *rows])
    assert [list(row.values()) for row in cbor2.loads(encoded(component, out.getvalue()))] == rows
    back = list(csv.reader(io.StringIO(decoded(component, encoded(component, out.getvalue())))))
    assert back == [["x", "y", "z"], *rows]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "empty"),
        ("a,a\n1,2\n", 1, "names"),
        ("a,b\n1\n", 2, "fields"),
        ("a\n1\n2,3\n", 3, "fields"),
        ('a\n"open\n', 2, "quotes"),
        ('a\n"closed"x\n', 2, "quotes"),
        ('a\nmid"dle\n', 2, "quotes"),
        (",".join("abcdefghijklmnopq") + "\n", 1, "too-large"),
        ("a\n" + "x" * 2048, 1, "too-large"),
    ],
)
def test_a_bad_table_is_refused_with_line_and_reason(component: Component, text: str, line: int, reason: str) -> None:
    with pytest.raises(ToolError) as refusal:
        encoded(component, text)
    assert json.loads(str(refusal.value)) == {"place": line, "reason": reason}


@pytest.mark.parametrize(
    "value",
    [1, {}, [1], [{1: 2}], [{}], [{"a": 1}, {"b": 1}], [{"a": 1}, {"a": 1, "b": 2}], [{"a": [1]}], [{"a": 1.5}], [{"a": True}],
     [{"a": 1 << 70}], [{"a": cbor2.CBORTag(4, [2, 5])}], [{"a": cbor2.CBORTag(4, [-1, 10**15])}], [{"a": b"bytes"}]],
)  # fmt: skip
def test_cbor_of_another_shape_is_refused(component: Component, value: object) -> None:
    with pytest.raises(ToolError, match="cbor"):
        decoded(component, cbor2.dumps(value))


def test_cbor_that_ends_early_or_goes_on_is_refused_at_its_byte(component: Component) -> None:
    data = encoded(component, "a,b\nx,21.50\n")
    for length in range(len(data)):
        with pytest.raises(ToolError, match="cbor"):
            decoded(component, data[:length])
    with pytest.raises(ToolError) as refusal:
        decoded(component, data + b"\0")
    assert json.loads(str(refusal.value)) == {"place": len(data), "reason": "cbor"}


@EVERYWHERE
def test_text_that_is_not_utf8_is_refused(component: Component) -> None:
    with pytest.raises(ToolError, match="cbor"):
        decoded(component, b"\x81\xa1\x61a\x62\xff\xfe")


def test_an_empty_table_has_no_rows(component: Component) -> None:
    assert encoded(component, "a,b\n") == b"\x80"
    assert decoded(component, b"\x80") == ""
