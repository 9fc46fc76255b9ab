# SPDX-License-Identifier: Apache-2.0
"""What bounds wasm code: traps, fuel, cancellation, stacks."""

import unittest

import fixtures_wasm as fixtures
import motet_native
from motet_native import wasm

PLENTY = 10**9


def instance(code, fuel=10000, **limits):
    made = wasm.Instance(code, **limits)
    made.fuel = fuel
    return made


class TrapTest(unittest.TestCase):
    def setUp(self):
        self.wasm = instance(fixtures.TRAPS)

    def assert_trap(self, text, name, *args):
        with self.assertRaises(wasm.Trap) as caught:
            self.wasm.find(name)(*args)
        self.assertIn(text, str(caught.exception))
        self.assertEqual(self.wasm.trap, str(caught.exception))

    def test_memory_accesses_outside(self):
        for address in (4093, 4096, 65532, 65536, -1, -4):
            self.assert_trap("out of bounds memory access", "load", address)
            self.assert_trap("out of bounds memory access", "store", address, 1)
        self.assert_trap("out of bounds memory access", "load8_far", -1)

    def test_the_last_word_inside_is_no_trap(self):
        self.wasm.find("store")(4092, 77)
        self.assertEqual(self.wasm.find("load")(4092), 77)

    def test_unreachable(self):
        self.assert_trap("unreachable", "unreachable")

    def test_division(self):
        self.assert_trap("divide by zero", "divide", 1, 0)
        self.assert_trap("overflow", "divide", -(2**31), -1)
        self.assertEqual(self.wasm.find("divide")(-7, 2), -3)

    def test_float_to_integer(self):
        self.assert_trap("conversion", "truncate", float("nan"))
        self.assert_trap("overflow", "truncate", 1e20)

    def test_indirect_calls(self):
        self.assertEqual(self.wasm.find("indirect")(0), 9)
        self.assert_trap("type mismatch", "indirect", 1)
        for absent in (2, 3, -1):
            self.assert_trap("undefined element", "indirect", absent)

    def test_recursion_ends_at_the_wasm_stack(self):
        self.assert_trap("stack overflow", "recurse", 0)

    def test_recursion_ends_before_the_c_stack_overflows(self):
        self.wasm = instance(fixtures.TRAPS, PLENTY, stack=1 << 20)
        self.assert_trap("stack overflow", "recurse_bare")
        self.assert_trap("stack overflow", "recurse", 0)

    def test_recursion_through_imports_ends_too(self):
        host = instance(fixtures.HOST, PLENTY, stack=1 << 16)
        host.link("env", "twice", lambda value: host.find("call_twice")(value))
        host.link("env", "wide", print)
        host.link("sys", "note", print)
        # Whichever limit is met first: the wasm stack, the C stack, or the interpreter's own recursion limit.
        with self.assertRaises((wasm.Trap, RuntimeError)):
            host.find("call_twice")(1)
        host.link("env", "twice", lambda value: value)
        self.assertEqual(host.find("call_twice")(1), 2)

    def test_an_instance_works_on_after_a_trap(self):
        self.assert_trap("unreachable", "unreachable")
        self.assertEqual(self.wasm.find("divide")(8, 2), 4)
        self.assertIsNone(self.wasm.trap)

    def test_a_trap_is_an_error(self):
        self.assertTrue(issubclass(wasm.Trap, wasm.Error))
        self.assertTrue(issubclass(wasm.Error, Exception))


class FuelTest(unittest.TestCase):
    def setUp(self):
        self.wasm = instance(fixtures.LOOPS, 0)

    def spend(self, fuel, name, *args):
        self.wasm.fuel = fuel
        self.wasm.find(name)(*args)
        return fuel - self.wasm.fuel

    def assert_runs_out(self, fuel, name, *args):
        self.wasm.fuel = fuel
        with self.assertRaises(wasm.Trap) as caught:
            self.wasm.find(name)(*args)
        self.assertEqual(str(caught.exception), "out of fuel")
        self.assertEqual(self.wasm.fuel, 0)

    def test_there_is_none_at_first(self):
        self.assertEqual(self.wasm.fuel, 0)
        self.assert_runs_out(0, "count", 1)

    def test_a_runaway_loop_stops(self):
        self.assert_runs_out(100000, "spin")

    def test_one_unit_is_one_call_or_one_iteration(self):
        self.assertEqual(self.spend(1000, "count", 1), 2)
        self.assertEqual(self.spend(1000, "count", 500), 501)
        self.assertEqual(self.spend(1000, "calls", 100), 201)
        self.assertEqual(self.spend(1000, "fib", 10), 177)

    def test_exactly_enough_is_enough(self):
        self.assertEqual(self.spend(501, "count", 500), 501)
        self.assert_runs_out(500, "count", 500)
        self.assertEqual(self.spend(177, "fib", 10), 177)
        self.assert_runs_out(176, "fib", 10)

    def test_it_takes_32_bits(self):
        self.assertEqual(self.spend(2**32 - 1, "count", 3), 4)

    def test_anything_else_is_refused(self):
        for fuel in (-1, 2**32, 2**64, -(2**64)):
            with self.assertRaises(ValueError):
                self.wasm.fuel = fuel
        for fuel in ("1", None):
            with self.assertRaises((TypeError, ValueError)):
                self.wasm.fuel = fuel
        with self.assertRaises(AttributeError):
            del self.wasm.fuel

    def test_an_import_may_refuel_the_call(self):
        self.wasm = host = instance(fixtures.HOST, 2)

        def twice(value):
            host.fuel = 5
            return value

        host.link("env", "twice", twice)
        host.link("env", "wide", print)
        host.link("sys", "note", print)
        self.assertEqual(host.find("call_twice")(1), 2)
        self.assertEqual(host.fuel, 5)


class CancelTest(unittest.TestCase):
    def setUp(self):
        self.addCleanup(motet_native.cancel, False)

    def test_a_call_that_was_cancelled_before_does_not_run(self):
        spin = instance(fixtures.LOOPS, PLENTY).find("spin")
        motet_native.cancel()
        with self.assertRaises(wasm.Trap) as caught:
            spin()
        self.assertEqual(str(caught.exception), "cancelled")

    def test_loading_is_no_call(self):
        motet_native.cancel()
        memory, component = instance(fixtures.MEMORY), instance(fixtures.COMPONENT, memory=65536)
        motet_native.cancel(False)
        self.assertEqual(memory.read(16, 5), b"hello")
        self.assertEqual(component.find("next")(), 1)

    def test_a_running_call_is_cancelled(self):
        host = instance(fixtures.HOST, PLENTY)
        host.link("env", "twice", print)
        host.link("env", "wide", print)
        host.link("sys", "note", motet_native.cancel)
        host.find("call_note")()
        with self.assertRaises(wasm.Trap):
            host.find("call_note")()

    def test_calls_run_again_when_the_flag_is_cleared(self):
        count = instance(fixtures.LOOPS).find("count")
        motet_native.cancel()
        self.assertRaises(wasm.Trap, count, 1)
        motet_native.cancel(False)
        self.assertEqual(count(3), 3)
