# SPDX-License-Identifier: Apache-2.0
"""Modules that are loaded and modules that are refused."""

import unittest

import fixtures_wasm as fixtures
from motet_native import wasm

HEADER = b"\x00asm\x01\x00\x00\x00"


def leb(value):
    out = []
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + [value])


def section(number, body):
    return bytes([number]) + leb(len(body)) + body


def module_of(body):
    """A module that exports one function `f` without arguments or result."""
    code = body + b"\x0b"
    return (
        HEADER
        + section(1, b"\x01\x60\x00\x00")
        + section(3, b"\x01\x00")
        + section(7, b"\x01\x01f\x00\x00")
        + section(10, b"\x01" + leb(len(code) + 1) + b"\x00" + code)
    )


def ends_of_sections(code):
    ends, at = [8], 8
    while at < len(code):
        at += 1
        length = shift = 0
        while True:
            byte = code[at]
            at += 1
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        at += length
        ends.append(at)
    return ends


class RefusalTest(unittest.TestCase):
    def assert_refused(self, code, text="", **limits):
        with self.assertRaises(wasm.Error) as caught:
            wasm.Instance(code, **limits)
        self.assertNotIsTrap(caught.exception)
        self.assertIn(text, str(caught.exception))

    def assertNotIsTrap(self, error):  # noqa: N802
        self.assertFalse(isinstance(error, wasm.Trap), repr(error))

    def test_what_is_not_wasm(self):
        for code in (b"", b"\x00", b"\x7fELF" + bytes(100), b"not wasm at all", bytes(8), HEADER[:7], b"\x00asm\x02\x00\x00\x00"):
            self.assert_refused(code, "not a WebAssembly module")

    def test_what_is_no_buffer_is_a_type_error(self):
        for code in (None, 5):
            self.assertRaises(TypeError, wasm.Instance, code)

    def test_what_is_too_large(self):
        self.assert_refused(HEADER + section(0, bytes(1 << 20)), "larger than 1 MiB")

    def test_every_truncation_is_refused_or_ends_with_a_section(self):
        for code in (fixtures.TRAPS, fixtures.HOST, fixtures.MEMORY, fixtures.START):
            whole = ends_of_sections(code)
            for size in range(len(code)):
                if size not in whole:
                    self.assert_refused(code[:size])

    def test_functions_without_bodies_are_refused(self):
        for code in (fixtures.TRAPS, fixtures.HOST):
            exports_end = code.index(b"\x0a", code.index(b"\x07"))
            for end in ends_of_sections(code):
                if end < exports_end and end > ends_of_sections(code)[2]:
                    self.assert_refused(code[:end], "no body")

    def test_lengths_beyond_the_end_are_refused(self):
        for length in (b"\x05", b"\xff\xff\xff\xff\x0f", b"\xff\xff\xff\xff\x7f", b"\x80\x80\x80\x80\x80\x01", b"\x80"):
            self.assert_refused(HEADER + b"\x01" + length, "cut off")
            self.assert_refused(HEADER + section(10, b"\x01" + length), "cut off")

    def test_segments_that_do_not_fit_are_refused(self):
        head = HEADER + section(4, b"\x01\x70\x00\x02") + section(5, b"\x01\x00\x01")
        huge = b"\xff\xff\xff\xff\x0f"
        zero = b"\x41\x00\x0b"
        for body in (
            zero + b"\x05abcd",
            zero + huge,
            zero,
            b"\x41\x00",
            b"\x41" + b"\x80" * 5 + b"\x00\x0b\x00",
            b"\x42\x00\x0b\x00",
        ):
            self.assert_refused(head + section(11, b"\x01\x00" + body), "data segment")
        self.assert_refused(head + section(11, huge + b"\x00" + zero + b"\x00"), "data segment")
        self.assert_refused(head + section(11, b"\x01\x01\x00"), "data segment")
        for body in (zero + b"\x02\x00", zero + huge, zero + huge + b"\x00\x00", b"\x23\x00"):
            self.assert_refused(head + section(9, b"\x01\x00" + body), "table segment")

    def test_branch_tables_longer_than_the_code_are_an_error(self):
        for count in (b"\x7f", b"\xfc\xff\xff\xff\x03", b"\xff\xff\xff\xff\x0f"):
            loaded = wasm.Instance(module_of(b"\x41\x00\x0e" + count + b"\x00"))
            self.assertRaises(wasm.Error, loaded.find, "f")

    def test_sections_out_of_order_are_refused(self):
        types, memory = section(1, b"\x01\x60\x00\x00"), section(5, b"\x01\x00\x01")
        self.assert_refused(HEADER + memory + types, "out of order")
        self.assert_refused(HEADER + types + types, "out of order")
        self.assert_refused(HEADER + section(13, b""), "out of order")

    def test_imports_that_are_not_functions_are_refused(self):
        self.assert_refused(fixtures.IMPORT_MEMORY, "memory is imported")
        self.assert_refused(fixtures.IMPORT_GLOBAL, "global is imported")

    def test_signatures_beyond_the_abi_are_refused(self):
        self.assert_refused(fixtures.TWO_RESULTS, "more than one result")
        self.assert_refused(fixtures.EIGHTEEN, "more than 17 arguments")

    def test_data_outside_of_the_memory_is_refused(self):
        self.assert_refused(fixtures.DATA_OUTSIDE, "data segment out of bounds")
        wasm.Instance(fixtures.DATA_OUTSIDE, memory=8192)

    def test_more_memory_than_the_engine_has_is_refused(self):
        self.assert_refused(fixtures.LARGE_MEMORY, "memory limitation")

    def test_unreasonable_stacks_are_refused(self):
        for stack in (0, 255, (1 << 20) + 1):
            self.assert_refused(fixtures.ARITHMETIC, "stack", stack=stack)

    def test_negative_limits_are_value_errors(self):
        for limits in ({"memory": -1}, {"stack": -1}):
            self.assertRaises(ValueError, lambda limits=limits: wasm.Instance(fixtures.ARITHMETIC, **limits))

    def test_limits_of_more_than_32_bits_are_not_cut_to_small_ones(self):
        for limits in ({"memory": (1 << 32) + 4096}, {"stack": (1 << 32) + 2048}):
            # An overflow where MicroPython's ints have 32 bits.
            self.assertRaises((ValueError, OverflowError), lambda limits=limits: wasm.Instance(fixtures.ARITHMETIC, **limits))

    def test_unknown_operations_are_an_error_when_they_are_compiled(self):
        loaded = wasm.Instance(module_of(b"\xd5"))
        self.assertRaises(wasm.Error, loaded.find, "f")

    def test_blocks_nested_without_end_are_an_error(self):
        deep = 100000
        for opening in (b"\x02\x40", b"\x03\x40", b"\x41\x00\x04\x40"):
            loaded = wasm.Instance(module_of(opening * deep + b"\x0b" * deep))
            with self.assertRaises(wasm.Error) as caught:
                loaded.find("f")
            self.assertIn("nested too deeply", str(caught.exception))


class LoadTest(unittest.TestCase):
    def test_an_empty_module_is_a_module(self):
        empty = wasm.Instance(HEADER)
        self.assertEqual((empty.imports(), empty.exports(), empty.memory_bytes), ([], [], 0))

    def test_custom_sections_are_not_looked_into(self):
        endless = b"\x04name\x02\xfa\xff\xff\xff\x0f"  # a length that leads back to itself where pointers have 32 bits
        for contents in (endless, b"\x04name\x01\x05\xff\xff\xff\xff\x0f", b"\xff\xff\xff\xff\x0f", b""):
            made = wasm.Instance(module_of(b"") + section(0, contents))
            self.assertEqual(made.exports(), [("f", "v()")])

    def test_blocks_nested_as_compilers_do_are_no_problem(self):
        deep = 30
        made = wasm.Instance(module_of(b"\x02\x40\x03\x40" * deep + b"\x0b\x0b" * deep))
        made.fuel = 1 + deep
        made.find("f")()
        self.assertEqual(made.fuel, 0)

    def test_loops_nested_without_end_take_fuel_to_enter(self):
        made = wasm.Instance(module_of(b"\x03\x40" * 20 + b"\x0b" * 20))
        made.fuel = 20
        self.assertRaises(wasm.Trap, made.find("f"))


class StartTest(unittest.TestCase):
    def test_the_start_function_runs_once_before_the_first_call(self):
        made = wasm.Instance(fixtures.START)
        made.fuel = 100
        self.assertEqual(made.find("runs")(), 101)
        self.assertEqual(made.find("runs")(), 101)

    def test_it_needs_fuel(self):
        made = wasm.Instance(fixtures.START)
        with self.assertRaises(wasm.Trap) as caught:
            made.find("runs")
        self.assertEqual(str(caught.exception), "out of fuel")

    def test_what_trapped_there_never_runs(self):
        made = wasm.Instance(fixtures.START_TRAP)
        made.fuel = 100
        self.assertRaises(wasm.Trap, made.find, "get")
        with self.assertRaises(wasm.Error) as caught:
            made.find("get")
        self.assertIn("start function failed", str(caught.exception))
