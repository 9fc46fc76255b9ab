# SPDX-License-Identifier: Apache-2.0
"""Memory of wasm instances: the linear memory and its limit, the heap beneath, the garbage collector."""

import gc
import sys
import unittest

import fixtures_wasm as fixtures
from motet_native import wasm


def instance(code, **limits):
    made = wasm.Instance(code, **limits)
    made.fuel = 10000
    return made


class MemoryTest(unittest.TestCase):
    def test_holds_the_modules_data(self):
        self.assertEqual(instance(fixtures.MEMORY).read(16, 5), b"hello")

    def test_is_limited_whatever_the_module_asks_for(self):
        for limit in (64, 4096, 8000, 65536):
            small = instance(fixtures.MEMORY, memory=limit)
            self.assertEqual(small.memory_bytes, limit)
            self.assertRaises(wasm.Trap, small.find("peek"), limit)
            self.assertEqual(small.find("peek")(limit - 1), 0)

    def test_growing_does_not_pass_the_limit(self):
        small = instance(fixtures.MEMORY, memory=5000)
        self.assertEqual(small.find("grow")(1), 1)
        self.assertEqual(small.memory_bytes, 5000)
        self.assertRaises(wasm.Trap, small.find("peek"), 5000)
        self.assertEqual(small.read(16, 5), b"hello")

    def test_grows_within_the_limit_and_is_zero_there(self):
        large = instance(fixtures.MEMORY, memory=100000)
        self.assertEqual(large.memory_bytes, 65536)
        self.assertEqual(large.find("grow")(1), 1)
        self.assertEqual(large.memory_bytes, 100000)
        self.assertEqual(large.find("peek")(99999), 0)
        self.assertEqual(large.find("grow")(100), -1)

    def test_growing_never_shrinks_it(self):
        memory = instance(fixtures.MEMORY, memory=200000)
        self.assertEqual(memory.find("grow")(1), 1)
        for pages in (-1, -2, -(2**31), 2**31 - 1, 17):
            self.assertEqual(memory.find("grow")(pages), -1)
        self.assertEqual(memory.find("size")(), 2)
        self.assertEqual(memory.memory_bytes, 131072)

    def test_growing_a_memory_that_may_have_nothing_answers_no(self):
        empty = instance(fixtures.EMPTY_MEMORY, memory=0)
        self.assertEqual(empty.find("grow")(1), -1)
        self.assertEqual(empty.find("grow")(0), 0)
        self.assertEqual(empty.memory_bytes, 0)
        self.assertEqual(instance(fixtures.EMPTY_MEMORY, memory=10).find("grow")(1), 0)

    def test_is_read_and_written_from_outside(self):
        memory = instance(fixtures.MEMORY)
        memory.write(100, b"\x01\x02\xff")
        self.assertEqual(memory.find("peek")(102), 255)
        memory.find("poke")(101, 9)
        self.assertEqual(memory.read(100, 3), b"\x01\x09\xff")
        memory.write(4096, b"")
        self.assertEqual(memory.read(4096, 0), b"")

    def test_reads_and_writes_outside_are_index_errors(self):
        memory = instance(fixtures.MEMORY)
        for offset, length in ((0, 4097), (4096, 1), (-1, 1), (0, -1), (4097, 0), (2**31, 1), (1, 2**31 - 1)):
            with self.subTest(offset=offset, length=length):
                self.assertRaises(IndexError, memory.read, offset, length)
        for offset, data in ((4096, b"x"), (4095, b"xy"), (-1, b"x"), (-1, b"")):
            with self.subTest(offset=offset, data=data):
                self.assertRaises(IndexError, memory.write, offset, data)

    def test_a_module_without_memory_has_none(self):
        none = instance(fixtures.ARITHMETIC, memory=0)
        self.assertEqual(none.memory_bytes, 0)
        self.assertEqual(none.read(0, 0), b"")
        self.assertRaises(IndexError, none.read, 0, 1)

    def test_no_memory_for_a_module_that_needs_it_is_an_error(self):
        self.assertRaises(wasm.Error, wasm.Instance, fixtures.MEMORY, memory=0)


class HeapTest(unittest.TestCase):
    def test_instances_come_and_go_without_growth(self):
        def cycle():
            made = instance(fixtures.TRAPS, memory=8192, stack=4096)
            made.find("divide")(6, 3)
            made.close()

        cycle()
        gc.collect()
        before = gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0
        for _ in range(2000):
            cycle()
        gc.collect()
        after = gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0
        self.assertLess(after - before, 2000)

    def test_instances_left_open_are_freed_too(self):
        for _ in range(2000):
            instance(fixtures.TRAPS, memory=65536).find("divide")(6, 3)
        gc.collect()

    def test_what_an_import_calls_is_kept_alive(self):
        host = instance(fixtures.HOST)
        log = []
        for module, name, _ in host.imports():
            host.link(module, name, lambda *args: log.append(args) or 1)
        gc.collect()
        [bytes(100) for _ in range(1000)]
        self.assertEqual(host.find("call_twice")(7), 2)
        self.assertEqual(log, [(7,)])

    def test_the_module_and_its_code_are_kept_alive(self):
        call = instance(bytes(bytearray(fixtures.TRAPS))).find("divide")
        gc.collect()
        [bytes(100) for _ in range(1000)]
        self.assertEqual(call(42, 6), 7)

    def test_collecting_inside_a_call_harms_nothing(self):
        host = instance(fixtures.HOST)

        def twice(value):
            gc.collect()
            [bytes(50) for _ in range(1000)]
            return value * 2

        host.link("env", "twice", twice)
        host.link("env", "wide", print)
        host.link("sys", "note", print)
        call = host.find("call_twice")
        for value in range(20):
            self.assertEqual(call(value), value * 2 + 1)


def fill_heap(largest):
    """Take all blocks of the heap down to a size."""
    taken = None
    size = 1 << 20
    while size >= largest:
        try:
            taken = [taken, bytearray(size)]
        except MemoryError:
            size >>= 1
    return taken


# Only MicroPython's heap can be filled in a test.
if sys.implementation.name == "micropython":

    class ExhaustionTest(unittest.TestCase):
        def test_loading_into_a_full_heap_is_a_memory_error(self):
            for largest in (4096, 1024, 256, 64):
                taken = fill_heap(largest)
                error = None
                try:
                    wasm.Instance(fixtures.TRAPS, memory=65536)
                except MemoryError as caught:
                    error = caught
                taken = None
                gc.collect()
                self.assertIsNotNone(error, (largest, taken))
            self.assertEqual(instance(fixtures.TRAPS, memory=65536).find("divide")(6, 3), 2)

        def test_growing_in_a_full_heap_answers_no_and_changes_nothing(self):
            made = instance(fixtures.MEMORY, memory=1 << 20)
            grow, peek = made.find("grow"), made.find("peek")
            taken = fill_heap(64)
            answer, size, letter = grow(1), made.memory_bytes, peek(16)
            taken = None
            gc.collect()
            self.assertEqual((answer, size, letter), (-1, 65536, ord("h")), taken)
            self.assertEqual(grow(1), 1)
