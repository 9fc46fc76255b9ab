# SPDX-License-Identifier: Apache-2.0
"""Components: typed calls in and out, and what happens to one that misbehaves."""

import unittest

import fixtures_wasm as fixtures
import motet_native
from component_artifacts import CALLS, artifact, fields

from motet_core import cbor
from motet_core.component import Component
from motet_core.components import Components
from motet_core.errors import Cancelled, Refused, ToolError


class CallTest(unittest.TestCase):
    def setUp(self):
        self.component = Component(artifact())
        self.addCleanup(self.component.close)

    def call(self, tool, **arguments):
        return self.component.call("kit." + tool, arguments)[0]

    def test_integers_of_every_width_come_back_as_what_they_are(self):
        self.assertEqual(self.call("add", a=-5, b=3), {"result": -2})
        self.assertEqual(self.call("add", a=0x7FFFFFFF, b=1), {"result": -0x80000000})
        self.assertEqual(self.call("addu", a=200, b=100), {"result": 44})
        self.assertEqual(self.call("adds", a=-100, b=-100), {"result": 56})
        self.assertEqual(self.call("adds", a=100, b=100), {"result": -56})
        self.assertEqual(self.call("add64", a=(1 << 64) - 1, b=0), {"result": (1 << 64) - 1})

    def test_a_whole_float_is_taken_as_integer(self):
        self.assertEqual(self.call("add", a=2.0, b=3), {"result": 5})

    def test_floats_and_booleans(self):
        self.assertEqual(self.call("half", value=3), {"result": 1.5})
        self.assertEqual(self.call("reciprocal", value=4.0), {"result": 0.25})
        self.assertIs(self.call("not", value=True)["result"], False)
        self.assertIs(self.call("not", value=False)["result"], True)

    def test_a_record_is_read_by_the_layout_of_the_abi(self):
        value = self.call("record", short=513)
        self.assertEqual(value, {"flag": True, "small": -2, "wide": (1 << 64) - 1, "short": 513, "real": 1.5})
        self.assertIs(value["flag"], True)

    def test_a_record_of_one_field_is_flattened(self):
        self.assertEqual(self.call("one"), {"only": 1})

    def test_a_function_without_result_says_done(self):
        self.assertEqual(self.component.call("kit.nothing", {}), (None, "done"))

    def test_state_lives_from_call_to_call(self):
        self.assertEqual([self.call("next")["result"] for _ in range(3)], [1, 2, 3])

    def test_wrong_arguments_name_the_parameter(self):
        for tool, name, value in (
            ("addu", "b", 256), ("addu", "b", -1), ("adds", "b", 128), ("add", "b", 1 << 31), ("add", "b", 1.5),
            ("add", "b", "1"), ("add", "b", True), ("add64", "b", 1 << 64), ("not", "value", 1), ("half", "value", None),
        ):  # fmt: skip
            arguments = {"a": 1, name: value}
            with self.assertRaises(ToolError) as caught:
                self.component.call("kit." + tool, arguments)
            self.assertIn(name + ": expected", str(caught.exception))
            self.assertEqual(caught.exception.kind, "arguments")
        self.assertEqual(self.component.counters["calls"], 0)

    def test_infinity_is_no_json(self):
        with self.assertRaises(ToolError) as caught:
            self.call("reciprocal", value=0.0)
        self.assertIn("not a finite number", str(caught.exception))
        self.assertEqual(self.call("reciprocal", value=2.0), {"result": 0.5})


class TrapTest(unittest.TestCase):
    def setUp(self):
        motet_native.cancel(False)
        self.component = Component(artifact())
        self.addCleanup(self.component.close)
        self.addCleanup(motet_native.cancel, False)

    def fails(self, tool, kind, **arguments):
        with self.assertRaises(ToolError) as caught:
            self.component.call("kit." + tool, arguments)
        self.assertEqual(caught.exception.kind, kind)
        return str(caught.exception)

    def next(self):
        return self.component.call("kit.next", {})[0]["result"]

    def test_a_runaway_loop_is_stopped_by_fuel_and_the_next_call_answers(self):
        self.assertIn("out of fuel after 1000 units", self.fails("spin", "out_of_fuel"))
        self.assertEqual(self.next(), 1)
        self.assertEqual(self.component.counters, {"calls": 2, "traps": 1, "fuel_stops": 1})

    def test_fuel_is_given_anew_for_each_call(self):
        for _ in range(2000):
            self.next()

    def test_state_from_before_a_trap_is_gone(self):
        self.assertEqual([self.next(), self.next()], [1, 2])
        self.assertIn("unreachable", self.fails("crash", "trap"))
        self.assertEqual(self.next(), 1)

    def test_a_result_pointer_outside_of_memory_or_unaligned_is_a_trap(self):
        for at in (0xFFFFFFF8, 65532, 4092, 1, 2):
            self.assertIn("it gave an address", self.fails("pointer", "trap", at=at))
        self.assertEqual(self.component.call("kit.pointer", {"at": 0})[0], {"a": 0, "b": 0})

    def test_a_cancelled_call_is_no_tool_error(self):
        motet_native.cancel()
        with self.assertRaises(Cancelled):
            self.component.call("kit.spin", {})
        motet_native.cancel(False)
        self.assertEqual(self.next(), 1)
        self.assertEqual(self.component.counters["traps"], 0)

    def test_a_component_that_cannot_be_restarted_is_marked_failed_after_three_tries(self):
        self.fails("crash", "trap")
        self.component.artifact.memory = 0
        for _ in range(3):
            self.assertIn("cannot be started", self.fails("next", "failed"))
        self.component.artifact.memory = 4096
        self.assertIn("has failed", self.fails("next", "failed"))
        self.assertIsNotNone(self.component.reason)

    def test_a_component_that_starts_again_is_as_good_as_new(self):
        self.fails("crash", "trap")
        self.component.artifact.memory = 0
        self.fails("next", "failed")
        self.component.artifact.memory = 4096
        self.assertEqual(self.next(), 1)
        self.assertEqual(self.component.failures, 0)


class RefusalTest(unittest.TestCase):
    def refuse(self, expected, data):
        with self.assertRaises(Refused) as caught:
            Component(data)
        self.assertIn(expected, str(caught.exception))

    def changed(self, number, value):
        body = fields()
        body[number] = value
        return cbor.dumps(body)

    def test_what_is_no_artifact(self):
        self.refuse("CBOR", b"")
        self.refuse("CBOR", artifact()[:-1])
        self.refuse("not a map", cbor.dumps([1]))
        for number, name in ((0, "format"), (1, "name"), (2, "revision"), (3, "module"), (4, "tools")):
            self.refuse(name, self.changed(number, None))
        self.refuse("format", self.changed(0, 2))
        self.refuse("unknown field 9", self.changed(9, 1))

    def test_wrong_calls_and_limits(self):
        for calls in (
            None,
            [],
            [1],
            [["kit.a", "next", [], None, 1]],
            [[1, "next", [], None]],
            [["kit.a", "next", [["a"]], None]],
        ):
            self.refuse("component: ", self.changed(5, calls))
        for kind in ("i32", "string", "char", ""):
            self.refuse("not one of the Canonical ABI subset", self.changed(5, [["kit.next", "next", [["a", kind]], None]]))
        for result in (["record", []], ["list", "u8"], {}, 5):
            self.refuse("result descriptor", self.changed(5, [["kit.next", "next", [], result]]))
        for limits in (
            None,
            {},
            {0: 1, 1: 1},
            {0: 0, 1: 1, 2: 1},
            {0: 1, 1: "1", 2: 1},
            {0: 1, 1: True, 2: 1},
            {0: 1 << 32, 1: 1, 2: 1},
        ):
            self.refuse("limits", self.changed(6, limits))

    def test_tools_and_calls_must_match(self):
        body = fields(calls=CALLS[:2])
        body[5] = body[5][:1]
        self.refuse("has no call", cbor.dumps(body))
        body = fields(calls=CALLS[:1])
        body[5] = fields(calls=CALLS[:2])[5]
        self.refuse("2 calls but 1 tool", cbor.dumps(body))
        self.refuse("another prefix than other", artifact(name="other"))

    def test_an_export_that_is_missing_or_of_another_type(self):
        self.refuse("nope: the module exports no such function", artifact(calls=(("kit.a", "nope", (), None),)))
        self.refuse(
            "not: its core type is not what its types flatten to",
            artifact(calls=(("kit.a", "not", (("value", "u64"),), "bool"),)),
        )

    def test_a_module_that_is_none_or_does_not_fit(self):
        self.refuse("kit: ", artifact(module=b"not a module"))
        self.refuse("kit: ", artifact(module=fixtures.COMPONENT[:-4]))
        self.refuse("kit: ", artifact(module=fixtures.DATA_OUTSIDE, calls=(("kit.get", "get", (), "s32"),)))

    def test_a_module_that_needs_an_import(self):
        calls = (("kit.inner", "inner", (("a", "s32"),), "s32"),)
        self.refuse("needs the import env.twice, which this device does not have", artifact(module=fixtures.HOST, calls=calls))

    def test_truncation_at_every_byte_is_refused(self):
        data = artifact(calls=CALLS[:1])
        for length in range(len(data)):
            with self.assertRaises(Refused):
                Component(data[:length])


class FormatTest(unittest.TestCase):
    """Artifacts of format 2, whose types are a descriptor: functions add(a, b: s32) -> s32 and nothing()."""

    TYPES = b"\1\0\2\2" + b"\3add\2\1a\6\1b\6\6" + b"\7nothing\0\0"

    def changed(self, **fields_by_name):
        body = fields(calls=(CALLS[1], CALLS[8]))
        body.update({0: 2, 5: [["kit.add", "add", 2], ["kit.nothing", "nothing", 0]], 7: self.TYPES})
        for name in fields_by_name:
            body[{"version": 0, "calls": 5, "types": 7}[name]] = fields_by_name[name]
        return cbor.dumps({key: body[key] for key in body if body[key] is not None})

    def test_calls_are_typed_by_the_descriptor(self):
        component = Component(self.changed())
        self.assertEqual(component.call("kit.add", {"a": -5, "b": 3})[0], {"result": -2})
        self.assertEqual(component.call("kit.nothing", {}), (None, "done"))
        with self.assertRaises(ToolError) as caught:
            component.call("kit.add", {"a": -5, "b": "3"})
        self.assertEqual((str(caught.exception), caught.exception.kind), ("b: expected s32", "arguments"))
        component.close()

    def test_what_is_not_of_its_format(self):
        for changes in (
            {"version": 1}, {"version": 3}, {"types": None}, {"types": self.TYPES[:-1]}, {"types": b"\2\0\0\0"},
            {"calls": [["kit.add", "add"]]}, {"calls": [["kit.add", "add", 3], ["kit.nothing", "nothing", 0]]},
            {"calls": [["kit.add", "add", -1], ["kit.nothing", "nothing", 0]]},
            {"calls": [["kit.add", "other", 2], ["kit.nothing", "nothing", 0]]},
            {"calls": [["kit.add", "nothing", 2], ["kit.nothing", "add64", 0]]},
        ):  # fmt: skip
            with self.assertRaises(Refused):
                Component(self.changed(**changes))


class HostTest(unittest.TestCase):
    def test_a_new_revision_takes_the_place_of_the_old(self):
        host = Components()
        host.load("kit", 1, artifact(calls=CALLS[:2]))
        host.call("kit.next", {})
        host.load("kit", 2, artifact(calls=CALLS[:1], revision=2))
        self.assertEqual(list(host.tools()), ["kit.next"])
        self.assertEqual(host.call("kit.next", {})[0], {"result": 1})

    def test_a_refused_revision_leaves_the_old_one_running(self):
        host = Components()
        host.load("kit", 1, artifact())
        host.call("kit.next", {})
        for name, revision, data in (("kit", 2, b""), ("kit", 2, artifact()), ("other", 1, artifact())):
            with self.assertRaises(Refused):
                host.load(name, revision, data)
        self.assertEqual(host.call("kit.next", {})[0], {"result": 2})

    def test_a_removed_component_has_no_tools(self):
        host = Components()
        host.load("kit", 1, artifact())
        host.remove("kit")
        self.assertEqual(list(host.tools()), [])
        self.assertEqual(host.counters(), {})
