# SPDX-License-Identifier: Apache-2.0
"""Typed calls: values in and out by their types."""

import struct

from motet_native import wasm
from typed_guest import (
    CHAR,
    F32,
    LIST,
    MOOD,
    OPTION,
    READING,
    S8,
    S16,
    S32,
    S64,
    SHADE,
    STRING,
    SWITCHES,
    TUPLE,
    U8,
    U16,
    U32,
    U64,
    Case,
    describe,
)


class ValueTest(Case):
    def test_text_arrives_where_the_guest_wants_it(self):
        self.typed("take", [("text", STRING)], 0)("grün")
        address, length = struct.unpack("<II", self.told(8))
        self.assertEqual(str(self.instance.read(address, length), "utf-8"), "grün")

    def test_arguments_by_name(self):
        self.typed("take", [("text", STRING)], 0).apply({"text": "abc"})
        self.assertEqual(self.told(8), struct.pack("<II", 2048, 3))

    def test_lists_of_bytes_and_of_numbers(self):
        take = self.typed("take", [("data", 16)], 0, [bytes([LIST, U8])])
        take(b"\x01\x02")
        take([3, 4])
        self.assertEqual(self.instance.read(2048, 2) + self.instance.read(2056, 2), b"\x01\x02\x03\x04")
        self.typed("take", [("data", 16)], 0, [bytes([LIST, S16])])((-1, 2))
        self.assertEqual(self.instance.read(2064, 4), b"\xff\xff\x02\x00")

    def test_a_variant_as_parameter_takes_the_core_value_that_holds_every_case(self):
        choose = self.typed("choose", [("shade", 16)], 0, [SHADE], 3)
        for value, expected in (
            ({"tag": "off"}, (0, 0)),
            ({"tag": "off", "val": None}, (0, 0)),
            ({"tag": "dim", "val": -1.5}, (1, 0xBFC00000)),
            ({"tag": "code", "val": -2}, (2, 0xFFFFFFFFFFFFFFFE)),
        ):
            choose(value)
            self.assertEqual(struct.unpack("<IxxxxQ", self.told()), expected)

    def test_records_and_options_come_out_of_memory(self):
        self.instance.write(200, b"kelvin")
        data = struct.pack("<IIH", 200, 6, 513)
        self.assertEqual(self.give(data, 16, [READING], 2), {"name": "kelvin", "at": 513})
        option = bytes([OPTION, 16])
        self.assertIsNone(self.give(bytes(16), 17, [READING, option], 4))
        self.assertEqual(self.give(b"\1\0\0\0" + data, 17, [READING, option], 4)["at"], 513)

    def test_a_tuple_is_a_list_in_json(self):
        types = [bytes([TUPLE, 2, U8, U8])]
        self.assertEqual(self.give(b"\1\2", 16, types, 2), (1, 2))
        self.assertEqual(self.give(b"\1\2", 16, types, 2, json=True), [1, 2])

    def test_bytes_are_a_list_of_numbers_in_json(self):
        data = struct.pack("<II", 200, 2)
        self.instance.write(200, b"\1\2")
        self.assertEqual(self.give(data, 16, [bytes([LIST, U8])]), b"\1\2")
        self.assertEqual(self.give(data, 16, [bytes([LIST, U8])], json=True), [1, 2])

    def test_enums_and_flags_are_names(self):
        at = self.typed("at", [("mood", 16)], 16, [MOOD], 3)
        self.assertEqual(at("lost"), "lost")
        at = self.typed("at", [("on", 16)], 16, [SWITCHES], 3)
        self.assertEqual(at(["c", "a"]), ["a", "c"])
        self.assertEqual(at([]), [])

    def test_integers_at_their_ends(self):
        for kind, function, low, high in (
            (S8, "at", -128, 127), (U8, "at", 0, 255), (S16, "at", -32768, 32767), (U16, "at", 0, 65535),
            (S32, "at", -(1 << 31), (1 << 31) - 1), (U32, "at", 0, (1 << 32) - 1),
            (S64, "wide", -(1 << 63), (1 << 63) - 1), (U64, "wide", 0, (1 << 64) - 1),
        ):  # fmt: skip
            same = self.typed(function, [("x", kind)], kind)
            for value in (low, high, 1):
                self.assertEqual(same(value), value)
            for value in (low - 1, high + 1, 1 << 70, 1.5, True, "1", None):
                with self.assertRaises(TypeError):
                    same(value)
            self.assertEqual(same(3.0), 3)

    def test_the_names_of_2024_are_known_too(self):
        self.instance.write(64, struct.pack("<II", 200, 2) + b"x")
        self.instance.write(200, b"ok")
        types = wasm.Types(describe("cm32p2||give", (), STRING))
        self.assertEqual(self.instance.typed("cm32p2||give", types)(), "ok")
        self.assertEqual(self.instance.find("posts")(), 1)

    def test_an_import_gets_values_and_its_answer_goes_to_the_guest(self):
        self.assertEqual(self.typed("relay", [("text", STRING)], STRING)("grün"), "grün!")

    def test_what_an_import_raises_ends_the_call_and_a_wrong_answer_is_its_fault(self):
        relay = self.typed("relay", [("text", STRING)], STRING)
        for answer in (lambda text: 5, lambda text: [][0]):
            self.instance.link_typed("host", "ask", self.types, answer)
            with self.assertRaises((TypeError, IndexError)):
                relay("x")
        self.instance.link_typed("host", "ask", self.types, lambda text: "still here")
        self.assertEqual(relay("x"), "still here")


class MismatchTest(Case):
    def says(self, expected, function, *values):
        with self.assertRaises(TypeError) as caught:
            function(*values)
        self.assertEqual(str(caught.exception), expected)

    def test_the_place_of_a_wrong_value_is_named(self):
        types = [READING, bytes([LIST, 16]), SHADE]
        take = self.typed("take", [("readings", 17)], 0, types, 5)
        self.says("readings: expected list", take, 1)
        self.says("readings[0]: expected record", take, ["x"])
        self.says("readings[1].at: expected u16", take, [{"name": "a", "at": 1}, {"name": "b", "at": 65536}])
        self.says("readings[0].at: is required", take, [{"name": "a"}])
        self.says("readings[0]: has a name that its type does not know", take, [{"name": "a", "at": 1, "to": 2}])
        choose = self.typed("choose", [("shade", 18)], 0, types, 5)
        self.says("shade: expected variant", choose, {"tag": "on"})
        self.says("shade: expected variant", choose, {"val": 1})
        self.says("shade: expected variant", choose, {"tag": "off", "more": 1})
        self.says("shade.val: expected f32", choose, {"tag": "dim", "val": "x"})
        self.says("shade.val: is required", choose, {"tag": "dim"})
        self.says("shade.val: is not known to this case", choose, {"tag": "off", "val": 1})

    def test_a_wrong_value_costs_the_guest_no_memory(self):
        take = self.typed("take", [("texts", 16)], 0, [bytes([LIST, STRING])])
        with self.assertRaises(TypeError):
            take(["good", 5])
        take([])
        self.assertEqual(self.told(4), struct.pack("<I", 2048))

    def test_more_than_the_memory_is_refused_before_the_guest_is_asked(self):
        take = self.typed("take", [("text", STRING)], 0)
        self.says("text: is longer than the component's memory", take, "x" * 5000)
        take("still here")

    def test_lone_surrogates_are_no_text(self):
        broken = ["\ud800", "a\udfff"]
        take = self.typed("take", [("text", STRING)], 0)
        for text in broken:
            with self.assertRaises(TypeError):
                take(text)

    def test_a_char_is_one_character(self):
        at = self.typed("at", [("x", CHAR)], CHAR)
        self.assertEqual(at("日"), "日")
        for value in ("", "ab", "\ud800", 65):
            with self.assertRaises(TypeError):
                at(value)

    def test_infinity_is_no_json(self):
        data = struct.pack("<f", float("inf"))
        types = [bytes([TUPLE, 2, F32, F32])]
        self.assertEqual(self.give(data * 2, 16, types, 2)[0], float("inf"))
        posts = self.instance.find("posts")()
        with self.assertRaises(ValueError) as caught:
            self.give(data * 2, 16, types, 2, json=True)
        self.assertEqual(str(caught.exception), "result[0]: not a finite number, which JSON cannot carry")
        self.assertEqual(self.instance.find("posts")(), posts + 1)

    def test_a_finite_number_beyond_f32_is_refused(self):
        if float("1e300") != float("inf"):
            with self.assertRaises(TypeError):
                self.typed("choose", [("shade", 16)], 0, [SHADE], 3)({"tag": "dim", "val": 1e300})

    def test_the_number_of_arguments(self):
        with self.assertRaises(TypeError):
            self.typed("at", [("x", U8)], U8)()
        with self.assertRaises(TypeError):
            self.typed("at", [("x", U8)], U8)(1, 2)
