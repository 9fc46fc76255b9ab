# SPDX-License-Identifier: Apache-2.0
"""What is quickly said to be good arguments is good by JSON Schema, whatever the schema."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from motet.gateway import server
from motet.gateway.fitting import compile_fits

NUMBERS = st.sampled_from([-1, 0, 1, 2, 2**64, 0.5, 1.0, -0.0, 1e300])
KINDS = st.sampled_from(["integer", "number", "string", "boolean"])
VALUE = st.fixed_dictionaries(
    {"type": KINDS}, optional={"minimum": NUMBERS, "maximum": NUMBERS, "title": st.just("x"), "default": st.just(1)}
)
MORE = [{"type": "integer", "multipleOf": 2}, {"type": "string", "maxLength": 1}, {"enum": [1]}]
ODD = st.sampled_from([{}, True, {"type": "array"}, {"type": ["integer"]}, *MORE])
NAMES = st.sampled_from(["a", "b", "c", "type"])
OTHERS = st.sampled_from([True, False, {}, {"type": "integer"}])
SCHEMAS = st.fixed_dictionaries(
    {"type": st.just("object")},
    optional={
        "properties": st.dictionaries(NAMES, st.one_of(VALUE, VALUE, VALUE, ODD), max_size=3),
        "required": st.lists(NAMES, unique=True, max_size=2),
        "additionalProperties": OTHERS,
        "minProperties": st.just(1),
    },
)
VALUES = st.one_of(NUMBERS, st.sampled_from([True, False, None, "", "x", [], [1], {}, {"a": 1}]))


@settings(max_examples=800, derandomize=True, deadline=None, database=None)
@given(SCHEMAS, st.dictionaries(NAMES, VALUES, max_size=3))
def test_arguments_that_fit_are_valid(schema, arguments):
    fits = compile_fits(schema)
    if fits is not None and fits(arguments):
        assert Draft202012Validator(schema).is_valid(arguments)


@settings(max_examples=200, derandomize=True, deadline=None, database=None)
@given(st.dictionaries(NAMES, VALUE, max_size=3), st.dictionaries(NAMES, VALUES, max_size=3))
def test_of_plain_values_none_that_is_valid_is_left_to_the_validator_but_whole_floats(properties, arguments):
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    fits = compile_fits(schema)
    assert fits is not None
    if not any(isinstance(value, float) for value in arguments.values()):
        assert fits(arguments) == Draft202012Validator(schema).is_valid(arguments)


def test_the_gateway_runs_on_the_loop_that_there_is(monkeypatch):
    async def loop():
        return type(asyncio.get_running_loop()).__module__

    assert server.run(loop()) == "uvloop"
    monkeypatch.setattr(server, "new_event_loop", asyncio.new_event_loop)
    assert server.run(loop()).startswith("asyncio")
