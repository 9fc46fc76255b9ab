# SPDX-License-Identifier: Apache-2.0
"""Any JSON a client sends and any value a device answers: a result or a typed error, on the product's own wire codec."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client
from mcp.shared.exceptions import MCPError
from tests.support.loopback import loopback_fleet

from motet.gateway.app import GatewayApp
from motet.gateway.options import Options
from motet.gateway.values import finite, unsendable
from motet.observe import Metrics
from motet.wire import WireError, packed

TOOL = {"name": "any", "inputSchema": {"type": "object"}}
numbers = st.integers() | st.floats() | st.integers(-(2**80), 2**80)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(st.text(st.characters(), max_size=8), values, max_size=4)


async def called(arguments, answer, mode="auto"):
    """What one call gives, in process: the result or the error."""
    app = GatewayApp(await loopback_fleet(1, [TOOL], answer), Metrics(), Options(call_timeout_s=5))
    async with app.front.running(), Client(app.front.server, mode=mode) as client:
        try:
            return await client.call_tool("device0.any", arguments)
        except MCPError as error:
            return error.error


def echo(params):
    return {"content": [], "structuredContent": params["arguments"]}


@given(objects)
@settings(derandomize=True, max_examples=60, deadline=None)
def test_arguments_come_back_unchanged_or_are_a_tool_error(arguments):
    # The client of the SDK makes null of what is not finite.
    result = asyncio.run(called(arguments, echo))
    if not result.is_error:
        assert result.structured_content == finite(arguments)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"a": 2**64}, "argument a is an integer beyond 64 bits"),
        ({"a": [0, 10**400]}, "argument a[1] is an integer beyond 64 bits"),
        ({"a": "\ud800"}, "argument a is not Unicode text"),
        ({"a": json.loads("[" * 30 + "]" * 30)}, "nested deeper than 32"),
    ],
)
def test_what_cannot_be_sent_to_a_device_is_told_to_the_model(arguments, says):
    result = asyncio.run(called(arguments, echo))
    assert result.is_error
    assert says in result.content[0].text


def test_the_first_number_that_is_not_finite_is_named():
    assert unsendable({"a": {"b": [0, math.nan], "c": math.inf}}) == ("a.b[1]", "is not a finite number")
    assert unsendable({"a": [1, 2.5, {"b": None}, -(2**64), "ü", True]}) is None


def test_a_sensor_without_a_value_answers_null():
    result = asyncio.run(called({}, lambda _: {"content": [], "structuredContent": {"volts": math.nan, "all": [1.5, -math.inf]}}))
    assert result.structured_content == {"volts": None, "all": [1.5, None]}


@given(objects)
@settings(derandomize=True, max_examples=100, deadline=None)
def test_any_object_in_the_place_of_a_result_is_a_result_or_a_bad_answer(answer):
    with contextlib.suppress(WireError):
        packed.dumps({"jsonrpc": "2.0", "id": 1, "result": answer})
        result = asyncio.run(called({}, lambda _: answer))
        assert getattr(result, "code", -32063) == -32063


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("block", [{"text": "of no type"}, {"type": "odd", "text": "x"}, {"type": None}])
def test_content_that_does_not_say_what_it_is_is_a_bad_answer_in_both_eras(block, mode):
    result = asyncio.run(called({}, lambda _: {"content": [{"type": "text", "text": "x"}, block]}, mode))
    assert result.code == -32063


@given(values)
@settings(derandomize=True, max_examples=100)
def test_finite_leaves_only_what_json_can_hold_and_changes_nothing_else(value):
    json.dumps(finite(value), allow_nan=False)
    if unsendable(value) is None:
        assert finite(value) == value
