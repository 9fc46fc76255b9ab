# SPDX-License-Identifier: Apache-2.0
"""Argument checks name the field and what was expected."""

import unittest

from motet_core.schema import problem, type_name

SCHEMA = {
    "type": "object",
    "properties": {
        "channel": {"type": "integer", "minimum": 0, "maximum": 7},
        "gain": {"type": "number", "minimum": 0.5},
        "name": {"type": "string", "minLength": 2, "maxLength": 4},
        "mode": {"type": "string", "enum": ["fast", "slow"]},
        "on": {"type": "boolean"},
        "window": {"type": "array", "items": {"type": "integer", "maximum": 9}, "minItems": 1, "maxItems": 3},
        "range": {"type": "object", "properties": {"low": {"type": "integer"}}, "required": ["low"]},
        "any": {},
        "some": {"type": ["string", "null"]},
        "one": {"const": 1},
    },
    "required": ["channel"],
    "additionalProperties": False,
}


class SchemaTest(unittest.TestCase):
    def accept(self, **arguments):
        arguments["channel"] = arguments.get("channel", 1)
        self.assertIsNone(problem(arguments, SCHEMA))

    def refuse(self, expected, **arguments):
        arguments["channel"] = arguments.get("channel", 1)
        found = problem(arguments, SCHEMA)
        self.assertIsNotNone(found, repr(arguments))
        self.assertIn(expected, found)

    def test_accepts_what_fits(self):
        self.accept(channel=0, gain=0.5, name="ab", mode="fast", on=True, window=[1, 9], range={"low": 1}, any=[{}], some=None)
        self.accept(channel=7, gain=2, name="\u00e9\u00e9\u00e9\u00e9", some="x", one=1)

    def test_a_float_without_fraction_is_an_integer(self):
        self.accept(channel=3.0)
        self.refuse("channel: expected integer, got number", channel=3.5)

    def test_names_a_missing_field_and_its_type(self):
        self.assertEqual(problem({}, SCHEMA), "channel: is required (integer)")
        self.refuse("range.low: is required (integer)", range={})

    def test_names_a_field_of_a_wrong_type(self):
        self.refuse("channel: expected integer, got string", channel="1")
        self.refuse("channel: expected integer, got boolean", channel=True)
        self.refuse("on: expected boolean, got integer", on=1)
        self.refuse("gain: expected number, got null", gain=None)
        self.refuse("window: expected array, got object", window={})
        self.refuse("some: expected string or null, got integer", some=1)
        self.refuse("range.low: expected integer, got array", range={"low": []})
        self.refuse("window[1]: expected integer, got string", window=[1, "2"])

    def test_names_bounds(self):
        self.refuse("channel: expected 0 to 7, got 8", channel=8)
        self.refuse("channel: expected 0 to 7, got -1", channel=-1)
        self.refuse("gain: expected at least 0.5", gain=0.25)
        self.refuse("name: expected 2 to 4 characters, got 5", name="abcde")
        self.refuse("window: expected 1 to 3 items, got 0", window=[])
        self.refuse("window[0]: expected at most 9, got 10", window=[10])

    def test_names_choices(self):
        self.refuse("mode: expected one of 'fast', 'slow'", mode="warp")
        self.refuse("one: expected 1", one=True)

    def test_names_an_unknown_field_and_the_known_ones(self):
        self.refuse("chanel: is not known; known are any, channel, gain", chanel=1)

    def test_the_arguments_themselves_must_be_an_object(self):
        self.assertEqual(problem([], SCHEMA), "arguments: expected object, got array")

    def test_infinity_and_nan_are_no_integers(self):
        for value in (float("inf"), float("-inf"), float("nan")):
            self.refuse("channel: expected integer, got number", channel=value)

    def test_names_types(self):
        values = (None, True, 1, 1.5, "x", [], {})
        self.assertEqual([type_name(v) for v in values], ["null", "boolean", "integer", "number", "string", "array", "object"])
