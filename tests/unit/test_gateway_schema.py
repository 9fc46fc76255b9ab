# SPDX-License-Identifier: Apache-2.0
"""Arguments are checked against the device's schema, and the schema itself is not trusted."""

from __future__ import annotations

import pytest

from motet.gateway.schema import BadSchema, compile_check

SCHEMA = {
    "type": "object",
    "properties": {
        "pin": {"type": "integer", "minimum": 0, "maximum": 15},
        "levels": {"type": "array", "items": {"type": "number"}},
        "where": {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]},
    },
    "required": ["pin"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "argument pin is missing"),
        ({"pin": "3"}, "argument pin: '3' is not of type 'integer'"),
        ({"pin": 16}, "argument pin: 16 is greater than the maximum of 15"),
        ({"pin": True}, "argument pin"),
        ({"pin": 1, "levels": [0, "x"]}, "argument levels[1]"),
        ({"pin": 1, "where": {}}, "argument where.x is missing"),
        ({"pin": 1, "speed": 2}, "'speed' was unexpected"),
    ],
)
def test_the_sentence_names_the_field(arguments, named):
    assert named in compile_check(SCHEMA)(arguments)


def test_good_arguments_pass():
    assert compile_check(SCHEMA)({"pin": 3, "levels": [1, 2.5], "where": {"x": 1}}) is None


def test_a_huge_value_does_not_make_a_huge_message():
    assert len(compile_check(SCHEMA)({"pin": "x" * 100_000})) < 300


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "array"},
        {"type": "object", "properties": 3},
        {"type": "object", "properties": {"a": {"type": "whole"}}},
        {"type": "object", "required": "pin"},
        {"type": "object", "properties": {"a": {"$ref": "https://example.com/schema.json"}}},
        {"type": "object", "$dynamicRef": "file:///etc/passwd"},
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(schema):
    with pytest.raises(BadSchema):
        compile_check(schema)


def test_regular_expressions_of_a_device_are_never_run_here():
    evil = {"type": "object", "properties": {"s": {"type": "string", "pattern": "^(a+)+$"}}}
    assert compile_check(evil)({"s": "a" * 200 + "!"}) is None


def test_references_that_double_at_each_step_cost_nothing_here():
    steps = {f"s{i}": {"allOf": [{"$ref": f"#/$defs/s{i + 1}"}] * 2} for i in range(40)}
    bomb = {"type": "object", "$defs": {**steps, "s40": {"type": "object"}}, "allOf": [{"$ref": "#/$defs/s0"}]}
    assert compile_check(bomb)({}) is None


def test_of_many_wrong_items_only_some_are_looked_at():
    looked_at = []

    class Counting(list):
        def __iter__(self):
            return (looked_at.append(1) or item for item in super().__iter__())

    check = compile_check({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}}}})
    assert check({"a": Counting([1] * 10_000)}).startswith("argument a[")
    assert len(looked_at) < 100


def test_a_property_may_bear_the_name_of_a_costly_keyword():
    schema = {"type": "object", "properties": {"pattern": {"type": "string"}, "uniqueItems": {"type": "boolean"}}}
    assert "argument pattern" in compile_check(schema)({"pattern": 3})
