# SPDX-License-Identifier: Apache-2.0
"""The host's fast codec and the device core's codec are one format: same bytes, same values, same refusals."""

import math
import struct
from datetime import UTC, datetime
from enum import IntEnum

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motet.wire import packed
from motet_core import cbor
from motet_core.errors import WireError
from motet_core.wire import packed as core
from motet_core.wire.dictionary import KEYS, VALUES

NAMES = st.one_of(st.sampled_from(KEYS), st.text(max_size=5))
CODED = st.sampled_from([value for _, values in VALUES for value in values] + ["", "QUJD", "AA==", "AB=="])
LEAVES = st.one_of(
    CODED,
    st.text(max_size=8),
    st.integers(-(1 << 64), (1 << 64) - 1),
    st.integers(-3, 40),
    st.floats(),
    st.floats(width=16),
    st.booleans(),
    st.none(),
    st.binary(max_size=8),
)
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12)
MESSAGES = st.dictionaries(NAMES, TREES, max_size=5).map(lambda m: {**m, "jsonrpc": "2.0"})
FEW = settings(max_examples=400, derandomize=True, deadline=None)


def same(left: object, right: object) -> bool:
    """Equal values of equal types, NaN included."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float) and isinstance(right, float):
        return struct.pack(">d", left) == struct.pack(">d", right) or (math.isnan(left) and math.isnan(right))
    return type(left) is type(right) and left == right


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except WireError:
        return WireError


def check_loads(data: bytes, binary: bool) -> None:
    fast, slow = outcome(packed.loads, data, binary), outcome(core.loads, data, binary)
    assert (fast is WireError) == (slow is WireError), (data.hex(), fast, slow)
    if fast is not WireError:
        assert same(fast[0], slow[0])
        assert (fast[1].reply_to, fast[1].expires_s) == (slow[1].reply_to, slow[1].expires_s)


@FEW
@given(MESSAGES, st.none() | st.text(min_size=1, max_size=64), st.none() | st.integers(0, 1 << 32))
def test_every_message_has_the_bytes_of_the_device_core(message, reply_to, expires_s):
    assert outcome(packed.dumps, message, reply_to, expires_s) == outcome(core.dumps, message, reply_to, expires_s)


@FEW
@given(MESSAGES, st.booleans())
def test_what_the_core_wrote_is_read_as_the_core_reads_it(message, binary):
    check_loads(core.dumps(message, "gw", 5), binary)


@FEW
@given(TREES)
def test_catalogue_entries_have_the_bytes_of_the_device_core(tree):
    assert packed.pack(tree) == core.pack(tree)


@settings(max_examples=1500, derandomize=True, deadline=None)
@given(st.binary(max_size=40), st.booleans())
def test_random_bytes_are_refused_by_both_or_read_alike(data, binary):
    check_loads(data, binary)


@settings(max_examples=1500, derandomize=True, deadline=None)
@given(MESSAGES, st.data())
def test_a_damaged_message_is_refused_by_both_or_read_alike(message, data):
    good = bytearray(core.dumps(message, "gw-1", 3))
    for _ in range(data.draw(st.integers(1, 3))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(good)))
    check_loads(bytes(good), False)
    check_loads(bytes(good[:cut]), False)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(
    st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers(-3, 220) | NAMES, inner, max_size=4)
    )
)
def test_canonical_trees_with_any_keys_are_refused_by_both_or_read_alike(tree):
    check_loads(cbor.dumps(tree), False)


@pytest.mark.parametrize(
    "data",
    [
        "", "01", "80", "f6", "a1", "a10001ff", "a1001801", "a1190000f6", "bf0001ff", "a2000100f6", "a201f600f6", "a100c100",
        "a100c24101", "a100d9d9f700", "a100f7", "a100f0", "a100f820", "a100fa3fc00000", "a100fb3ff8000000000000",
        "a100f97e01", "a1006180", "a1f500", "a14100f6", "a1f93c00f6", "a1190200f6", "a118ff00", "a122f6", "a120f6", "a12060",
        "a121f5", "a1213a00000000", "a10218ff", "a20001626964f6", "a1676a736f6e727063f6", "a10118c8", "a107a10001",
        "a10081f7", "a1009b7fffffffffffffff", "d28443a10126a0", "a1208100", "a100" + "81" * 15 + "80",
        "a1f9bc00626777", "a1f9c00001", "a1f90000f6",
        "a100" + "81" * 14 + "80", "a107" + "81" * 15 + "80", "a100" + "81" * 40 + "80",
    ],
)  # fmt: skip
def test_each_kind_of_wrong_encoding_is_refused_by_both_or_read_alike(data):
    check_loads(bytes.fromhex(data), False)


class Answer(IntEnum):
    YES = 1


@pytest.mark.parametrize(
    "value",
    [Answer.YES, (1, 2), bytearray(b"x"), 1 << 64, -(1 << 64) - 1, datetime.now(UTC), {1: 2}, {1}, "\ud800", cbor2.undefined],
)
@pytest.mark.parametrize("name", ["params", "arguments", "x"])
def test_python_values_outside_json_are_sent_as_the_core_sends_them_or_refused(name, value):
    message = {"jsonrpc": "2.0", name: value}
    try:
        expected = core.dumps(message)
    except (WireError, UnicodeError):
        expected = WireError
    assert outcome(packed.dumps, message) == expected


def test_a_message_is_json_rpc_2():
    for message in ({}, {"jsonrpc": "1.0"}, {"id": 1}):
        with pytest.raises(WireError, match="jsonrpc"):
            packed.dumps(message)


@pytest.mark.parametrize(
    ("reply_to", "expires_s"), [("", 1), ("x" * 65, 1), (5, 1), ("g", -1), ("g", 1 << 32), ("g", True), ("g", 1.5)]
)
def test_an_envelope_outside_its_bounds_is_refused(reply_to, expires_s):
    with pytest.raises(WireError, match=r"reply_to|expires_s"):
        packed.dumps({"jsonrpc": "2.0"}, reply_to, expires_s)


def test_a_null_envelope_field_is_absent_for_both():
    check_loads(bytes.fromhex("a120f6"), False)
