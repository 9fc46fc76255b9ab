# SPDX-License-Identifier: Apache-2.0
"""The core's CBOR against cbor2: equal bytes for equal values, and no second form of anything."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motet_core import cbor
from motet_core.errors import WireError
from motet_core.wire import packed
from motet_core.wire.dictionary import BASE64, KEYS, VALUES

integers = st.integers(-(1 << 64), (1 << 64) - 1)
leaves = st.none() | st.booleans() | integers | st.floats() | st.floats(width=32) | st.floats(width=16) | st.text() | st.binary()
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text() | integers, inner), max_leaves=20)

words = st.sampled_from([*KEYS, *(value for _, group in VALUES for value in group), "x", "", "QUJD", "QQ==", "QR=="])
json_leaves = st.none() | st.booleans() | st.integers(-60, 300) | st.floats(allow_nan=False) | words | st.text(max_size=8)
json_values = st.recursive(json_leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=5))


def same(one: Any, other: Any) -> bool:
    """Equality that tells 1 from 1.0 and True, and takes every NaN for one."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return (math.copysign(1, one) == math.copysign(1, other) and one == other) or (one != one and other != other)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(values)
def test_bytes_are_those_of_cbor2_in_canonical_mode(value: Any) -> None:
    assert cbor.dumps(value) == cbor2.dumps(value, canonical=True)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(values)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    assert same(cbor.loads(cbor.dumps(value)), value)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.binary(max_size=40))
def test_random_bytes_are_refused_or_are_the_one_form_of_their_value(data: bytes) -> None:
    try:
        value = cbor.loads(data)
    except WireError:
        return
    assert cbor.dumps(value) == data
    assert same(cbor2.loads(data), value)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(values, st.data())
def test_one_changed_bit_is_refused_or_is_the_one_form_of_another_value(value: Any, draw: st.DataObject) -> None:
    data = bytearray(cbor.dumps(value))
    data[draw.draw(st.integers(0, len(data) - 1))] ^= 1 << draw.draw(st.integers(0, 7))
    try:
        changed = cbor.loads(data)
    except WireError:
        return
    assert cbor.dumps(changed) == data


@settings(derandomize=True, max_examples=150, deadline=None)
@given(values)
def test_every_other_form_that_cbor2_writes_is_refused(value: Any) -> None:
    plain = cbor2.dumps(value)
    if plain == cbor.dumps(value):
        return
    with pytest.raises(WireError):
        cbor.loads(plain)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(values, st.integers(0, 200))
def test_truncation_is_refused(value: Any, cut: int) -> None:
    data = cbor.dumps(value)
    with pytest.raises(WireError):
        cbor.loads(data[: max(0, len(data) - 1 - cut)])


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS[:30]), json_values, max_size=5))
def test_any_json_rpc_message_survives_packing(members: dict[str, Any]) -> None:
    message = {**members, "jsonrpc": "2.0"}
    back, envelope = packed.loads(packed.dumps(message, "gw", 5))
    assert same(back, message)
    assert (envelope.reply_to, envelope.expires_s) == ("gw", 5)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.sampled_from(BASE64), st.binary(max_size=30))
def test_base64_travels_as_bytes_and_comes_back_as_text(name: str, data: bytes) -> None:
    text = packed.to_base64(data)
    packed_data = packed.dumps({"jsonrpc": "2.0", "params": {name: text}})
    assert packed.loads(packed_data)[0]["params"] == {name: text}
    assert packed.loads(packed_data, binary=True)[0]["params"] == {name: data}


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.binary(max_size=40))
def test_random_bytes_never_break_the_unpacker(data: bytes) -> None:
    for binary in (False, True):
        with contextlib.suppress(WireError):
            packed.loads(b"\xa3" + data, binary)
