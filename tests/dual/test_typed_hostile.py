# SPDX-License-Identifier: Apache-2.0
"""Typed calls: guests that break the ABI, functions that do not match their types, descriptors that are none."""

import struct
import unittest

import fixtures_wasm as fixtures
from motet_native import wasm
from typed_guest import (
    CHAR,
    ENUM,
    F32,
    F64,
    FLAGS,
    LIST,
    MOOD,
    READING,
    RECORD,
    S64,
    SHADE,
    STRING,
    TUPLE,
    U8,
    U32,
    U64,
    VARIANT,
    Case,
    describe,
    name,
)

from motet_core.canonical_types import Types as PythonTypes
from motet_core.errors import Refused


class HostileGuestTest(Case):
    def breaks(self, expected, *give, **more):
        with self.assertRaises(wasm.Trap) as caught:
            self.give(*give, **more)
        self.assertIn(expected, str(caught.exception))

    def test_addresses_and_lengths(self):
        for address, length, expected in (
            (200, 0xFFFFFFFF, "outside"), (0xFFFFFFFF, 1, "outside"), (4096, 1, "outside"), (4095, 2, "outside"),
        ):  # fmt: skip
            self.breaks(expected, struct.pack("<II", address, length), STRING)
        self.assertEqual(self.give(struct.pack("<II", 4096, 0), STRING), "")
        for address, length, expected in (
            (200, 0xFFFFFFFF, "outside"), (200, 0x40000000, "outside"), (202, 1, "aligned"), (4092, 2, "outside"),
        ):  # fmt: skip
            self.breaks(expected, struct.pack("<II", address, length), 16, [bytes([LIST, U32])])

    def test_a_result_address_that_is_wrong(self):
        for at, expected in ((1, "aligned"), (0xFFFFFFFC, "outside"), (4092, "outside"), (4096, "outside")):
            with self.assertRaises(wasm.Trap) as caught:
                self.typed("at", [("x", U32)], STRING)(at)
            self.assertIn(expected, str(caught.exception))

    def test_text_that_is_not_utf_8(self):
        for text in (b"\xff", b"\x80", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xf8\x88\x80\x80\x80"):
            self.instance.write(200, text)
            self.breaks("not UTF-8", struct.pack("<II", 200, len(text)), STRING)

    def test_discriminants_and_characters_out_of_range(self):
        self.breaks("discriminant", b"\3" + bytes(15), 16, [SHADE], 3)
        with self.assertRaises(wasm.Trap):
            self.typed("at", [("x", U32)], 16, [MOOD], 3)(3)
        for code in (0xD800, 0xDFFF, 0x110000, 0xFFFFFFFF):
            with self.assertRaises(wasm.Trap):
                self.typed("at", [("x", U32)], CHAR)(code)

    def test_a_small_memory_cannot_describe_a_huge_value(self):
        inner, outer = bytes([LIST, U8]), bytes([LIST, 16])
        self.instance.write(200, struct.pack("<II", 0, 4000) * 100)
        self.breaks("larger than its memory", struct.pack("<II", 200, 100), 17, [inner, outer], json=True)

    def test_there_is_one_nan_only(self):
        self.instance.write(64, b"\x01\x00\xa0\x7f" + b"\x01\x02\x03\x04\x05\x06\xf4\xff")
        value = self.typed("give", (), 16, [bytes([TUPLE, 2, F32, F32])], 2)()
        self.assertTrue(value[0] != value[0])
        self.typed("choose", [("shade", 16)], 0, [SHADE], 3)({"tag": "dim", "val": value[0]})
        self.assertEqual(self.told()[8:12], b"\x00\x00\xc0\x7f")

    def test_a_realloc_that_lies_traps_or_never_ends(self):
        for mode, expected in ((1, "outside"), (2, "aligned"), (3, "unreachable"), (4, "out of fuel")):
            self.setUp()
            self.instance.find("mode")(mode)
            with self.assertRaises(wasm.Trap) as caught:
                self.typed("take", [("data", 16)], 0, [bytes([LIST, U32])])([1])
            self.assertIn(expected, str(caught.exception))
            self.assertIn(expected, self.instance.trap)

    def test_an_import_given_an_address_outside_of_memory(self):
        with self.assertRaises(wasm.Trap):
            self.instance.find("relay")(0xFFFFFFF0, 100)

    def test_a_closed_instance(self):
        take = self.typed("take", [("text", STRING)], 0)
        self.instance.close()
        with self.assertRaises(wasm.Error):
            take("x")


class BindingTest(Case):
    def refuses(self, expected, function, params, result, types=(), members=0):
        with self.assertRaises(wasm.Error) as caught:
            self.typed(function, params, result, types, members)
        self.assertIn(expected, str(caught.exception))

    def test_a_core_type_that_is_not_what_the_types_flatten_to(self):
        self.refuses("core type", "take", [("x", U32)], 0)
        self.refuses("core type", "take", [("x", STRING)], U32)
        self.refuses("core type", "wide", [("x", F64)], U64)
        self.refuses("core type", "at", [("x", S64)], U32)
        with self.assertRaises(wasm.Error):
            self.instance.link_typed("host", "ask", wasm.Types(describe("host#ask", [("x", U8)], 0)), len)

    def test_functions_that_are_not_there(self):
        self.refuses("no such function", "nothing", (), 0)
        with self.assertRaises(wasm.Error):
            self.instance.typed("take", wasm.Types(describe("give", (), STRING)))

    def test_a_guest_without_realloc(self):
        instance = wasm.Instance(fixtures.MEMORY)
        with self.assertRaises(wasm.Error) as caught:
            instance.typed("poke", wasm.Types(describe("poke", [("text", STRING)], 0)))
        self.assertIn("realloc", str(caught.exception))


class DescriptorTest(unittest.TestCase):
    def refuse(self, data):
        with self.assertRaises(wasm.Error):
            wasm.Types(data)
        with self.assertRaises(Refused):
            PythonTypes(data)

    def test_what_is_no_descriptor(self):
        good = describe("f", [("x", 17)], 16, [READING, bytes([LIST, 16])], 2)
        self.assertEqual(wasm.Types(good).functions(), ["f"])
        self.assertEqual(list(PythonTypes(good).functions), ["f"])
        for length in range(len(good)):
            self.refuse(good[:length])
        self.refuse(good + b"\0")
        self.refuse(b"\2" + good[1:])

    def test_only_bytes_that_cannot_change_are_taken(self):
        for data in (bytearray(describe("f", (), 0)), "text", None):
            with self.assertRaises(TypeError):
                wasm.Types(data)

    def test_references_that_lead_nowhere_forward_or_in_a_circle(self):
        for kind in (0, 14, 15, 16, 17, 255):
            self.refuse(describe("f", (), 0, [bytes([LIST, kind]) if kind < 128 else bytes([LIST, kind, 1])]))
        self.refuse(describe("f", [("x", 0)], 0))
        self.refuse(describe("f", (), 16))

    def test_types_without_members_or_with_too_many(self):
        for kind in (RECORD, TUPLE, VARIANT, ENUM, FLAGS, 24, 0, 255):
            self.refuse(describe("f", (), 0, [bytes([kind, 0])]))
        flags = bytes([FLAGS, 33]) + name("a") * 33
        self.refuse(describe("f", (), 0, [flags], 33))
        self.refuse(describe("f", (), 0, [READING], 1))
        self.refuse(describe("f", (), 0, [READING], 3))

    def test_nesting_and_size_have_ends(self):
        def nested(depth):
            return describe("f", (), 15 + depth, [bytes([LIST, U8 if i == 0 else 15 + i]) for i in range(depth)])

        self.assertEqual(wasm.Types(nested(12)).functions(), ["f"])
        self.refuse(nested(13))
        doubled = [bytes([TUPLE, 2, U64, U64])] + [bytes([TUPLE, 16] + [16 + i] * 16) for i in range(3)]
        self.refuse(describe("f", (), 0, doubled, 2 + 48))

    def test_names_are_visible_characters(self):
        for text in (b"\0", b"\1 ", b"\1\x7f", b"\1\xff"):
            self.refuse(bytes([1, 1, 1, 0, ENUM, 1]) + text)
