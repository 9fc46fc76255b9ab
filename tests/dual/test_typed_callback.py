# SPDX-License-Identifier: Apache-2.0
"""Typed calls: imports that call back, guests whose realloc or post-return fails, keys that run code of their own."""

import struct
import unittest

import fixtures_wasm as fixtures
from motet_native import wasm
from typed_guest import F32, STRING, TUPLE, U32, Case, describe


class CallbackTest(unittest.TestCase):
    def setUp(self):
        self.instance = wasm.Instance(fixtures.CALLBACK, memory=4096, stack=1024)
        text = wasm.Types(describe("host#text", (), STRING))
        pair = wasm.Types(describe("host#pair", [("x", U32)], 16, [bytes([TUPLE, 2, U32, U32])], 2))
        self.instance.link_typed("host", "text", text, lambda: "hello")
        self.instance.link_typed("host", "pair", pair, self.pair)
        self.instance.fuel = 1000
        self.noise = self.instance.find("noise")

    def pair(self, number):
        self.assertEqual(self.noise(256, 128), 256)
        return (number, 7)

    def test_a_result_goes_where_the_guest_said_also_when_the_host_called_back_meanwhile(self):
        self.assertEqual(self.instance.find("sum")(5), 12)
        self.assertEqual(self.instance.read(64, 8), struct.pack("<II", 5, 7))
        self.assertEqual(self.instance.read(256, 8), bytes(8))

    def test_a_realloc_of_another_type_is_never_called(self):
        read = self.instance.find("read")
        for _ in range(3):
            with self.assertRaises(wasm.Trap) as caught:
                read()
            self.assertIn("realloc", str(caught.exception))
        self.assertEqual(self.instance.read(512, 8), bytes(8))


class TrapTest(unittest.TestCase):
    def test_a_trap_while_freeing_a_result_that_does_not_fit_is_told_as_a_trap(self):
        instance = wasm.Instance(fixtures.CALLBACK, memory=4096, stack=1024)
        for name in ("text", "pair"):
            instance.link("host", name, lambda *_: None)
        instance.fuel = 1000
        broken = instance.typed("cm32p2||broken", wasm.Types(describe("cm32p2||broken", (), F32)), json=True)
        with self.assertRaises(wasm.Trap) as caught:
            broken()
        self.assertIn("unreachable", str(caught.exception))


class KeyTest(Case):
    def test_keys_that_compare_by_code_of_their_own_cannot_close_the_instance(self):
        said = []
        instance = self.instance

        class Key:
            def __hash__(self):
                return hash("text")

            def __eq__(self, other):
                try:
                    instance.close()
                except wasm.Error as error:
                    said.append(str(error))
                return False

        with self.assertRaises(TypeError):
            self.typed("take", [("text", STRING)], 0).apply({Key(): 1})
        self.assertTrue(said)
        self.assertIn("running", said[0])
