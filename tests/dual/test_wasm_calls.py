# SPDX-License-Identifier: Apache-2.0
"""Calls between Python and wasm code: values, imports, exceptions, closed instances."""

import unittest

import fixtures_wasm as fixtures
from motet_native import wasm


def instance(code, **limits):
    made = wasm.Instance(code, **limits)
    made.fuel = 1000
    return made


class ValueTest(unittest.TestCase):
    def setUp(self):
        self.wasm = instance(fixtures.ARITHMETIC)

    def call(self, name, *args):
        return self.wasm.find(name)(*args)

    def test_i32_wraps_and_is_signed(self):
        self.assertEqual(self.call("add", 1, 2), 3)
        self.assertEqual(self.call("add", 2**31 - 1, 1), -(2**31))
        self.assertEqual(self.call("add", 2**32 + 5, -(2**32)), 5)
        self.assertEqual(self.call("add", 2**32 - 1, 0), -1)
        self.assertEqual(self.call("add", True, False), 1)

    def test_i64_wraps_and_is_signed(self):
        self.assertEqual(self.call("add64", 2**40, 3), 2**40 + 3)
        self.assertEqual(self.call("add64", 2**63 - 1, 1), -(2**63))
        self.assertEqual(self.call("add64", -1, -(2**62)), -(2**62) - 1)
        self.assertEqual(self.call("add64", 2**64 + 1, 0), 1)

    def test_floats(self):
        self.assertEqual(self.call("mul32", 1.5, 2), 3.0)
        self.assertEqual(self.call("mul64", 0.5, -0.25), -0.125)
        self.assertNotEqual(self.call("mul32", float("nan"), 1.0), 0.0)

    def test_no_result_is_none(self):
        self.assertIsNone(self.call("nothing"))

    def test_no_arguments(self):
        self.assertEqual(self.call("constant"), 42)

    def test_arguments_of_every_type_arrive_in_their_places(self):
        self.assertEqual(self.call("mixed", 1, 2, 3.0, 4.0), 4321.0)

    def test_sixteen_arguments(self):
        self.assertEqual(self.call("sixteen", *range(1, 17)), 1601)

    def test_wrong_number_of_arguments_is_a_type_error(self):
        add = self.wasm.find("add")
        for args in ((), (1,), (1, 2, 3)):
            with self.assertRaises(TypeError):
                add(*args)

    def test_keyword_arguments_are_a_type_error(self):
        with self.assertRaises(TypeError):
            self.wasm.find("add")(1, b=2)

    def test_wrong_types_of_arguments_are_a_type_error(self):
        for name, args in (("add", (1.5, 2)), ("add", ("1", 2)), ("add64", (None, 2)), ("mul32", ("x", 1.0))):
            with self.assertRaises(TypeError):
                self.call(name, *args)

    def test_a_call_after_a_refused_one_is_unharmed(self):
        add = self.wasm.find("add")
        with self.assertRaises(TypeError):
            add(7, "x")
        self.assertEqual(add(1, 2), 3)

    def test_signatures_are_told(self):
        self.assertEqual(self.wasm.find("mixed").signature, "F(iIfF)")
        self.assertEqual(self.wasm.find("nothing").signature, "v()")
        self.assertEqual(self.wasm.find("sixteen").signature, "i(" + "i" * 16 + ")")

    def test_exports_lists_functions_and_nothing_hidden(self):
        exports = self.wasm.exports()
        self.assertEqual(exports[0], ("add", "i(ii)"))
        self.assertEqual(len(exports), 8)
        self.assertNotIn("hidden", [name for name, _ in exports])

    def test_what_is_not_exported_is_not_found(self):
        for name in ("hidden", "", "ad", "add\x00", "addx"):
            with self.assertRaises(wasm.Error):
                self.wasm.find(name)

    def test_the_code_may_come_in_any_buffer(self):
        for buffer in (bytearray(fixtures.ARITHMETIC), memoryview(fixtures.ARITHMETIC)):
            self.assertEqual(instance(buffer).find("add")(1, 2), 3)


class ImportTest(unittest.TestCase):
    def setUp(self):
        self.wasm = instance(fixtures.HOST)
        self.log = []

    def link(self, twice=lambda value: value * 2, wide=lambda a, b, c: a + b + c, note=lambda: None):
        self.wasm.link("env", "twice", twice)
        self.wasm.link("env", "wide", wide)
        self.wasm.link("sys", "note", note)
        return self.wasm

    def test_imports_are_listed_with_their_signatures(self):
        expected = [("env", "twice", "i(i)"), ("env", "wide", "F(IfF)"), ("sys", "note", "v()")]
        self.assertEqual(self.wasm.imports(), expected)

    def test_an_import_receives_arguments_and_gives_the_result(self):
        self.assertEqual(self.link().find("call_twice")(20), 41)
        self.assertEqual(self.wasm.find("call_wide")(2**40, 0.5, 0.25), 2**40 + 0.75)

    def test_the_result_of_an_import_without_one_is_dropped(self):
        self.link(note=lambda: self.log.append(1))
        self.assertIsNone(self.wasm.find("call_note")())
        self.assertEqual(self.log, [1])

    def test_the_exception_of_an_import_arrives_unchanged(self):
        error = KeyError("mine")

        def twice(value):
            raise error

        call = self.link(twice=twice).find("call_twice")
        with self.assertRaises(KeyError) as caught:
            call(1)
        self.assertIs(caught.exception, error)
        self.assertEqual(self.wasm.trap, "host function failed")

    def test_the_instance_works_on_after_an_exception(self):
        fail = [True]

        def twice(value):
            if fail[0]:
                raise ValueError
            return value * 2

        call = self.link(twice=twice).find("call_twice")
        with self.assertRaises(ValueError):
            call(1)
        fail[0] = False
        self.assertEqual(call(4), 9)
        self.assertIsNone(self.wasm.trap)

    def test_an_import_with_the_wrong_result_type_is_a_type_error(self):
        for result in ("two", None, 1.5):
            wrong = instance(fixtures.HOST)
            wrong.link("env", "twice", lambda value, result=result: result)
            wrong.link("env", "wide", print)
            wrong.link("sys", "note", print)
            with self.assertRaises(TypeError):
                wrong.find("call_twice")(1)

    def test_an_import_may_call_back_into_the_instance(self):
        self.link(twice=lambda value: self.wasm.find("inner")(value) + 100)
        self.assertEqual(self.wasm.find("call_twice")(3), 122)

    def test_an_import_may_use_another_instance(self):
        other = instance(fixtures.ARITHMETIC)
        self.link(twice=lambda value: other.find("add")(value, 5))
        self.assertEqual(self.wasm.find("call_twice")(3), 9)
        self.assertEqual(other.fuel, 999)

    def test_an_import_cannot_close_the_running_instance(self):
        call = self.link(twice=lambda value: self.wasm.close()).find("call_twice")
        with self.assertRaises(wasm.Error):
            call(1)
        self.assertEqual(self.wasm.find("inner")(6), 42)

    def test_an_unlinked_import_is_an_error_before_anything_runs(self):
        self.wasm.link("env", "twice", lambda value: value)
        with self.assertRaises(wasm.Error):
            self.wasm.find("inner")

    def test_linking_what_is_not_imported_is_an_error(self):
        for module, name in (("env", "thrice"), ("sys", "twice"), ("*", "twice"), ("", "")):
            with self.assertRaises(wasm.Error):
                self.wasm.link(module, name, print)

    def test_linking_what_cannot_be_called_is_a_type_error(self):
        with self.assertRaises(TypeError):
            self.wasm.link("env", "twice", 3)

    def test_a_name_can_be_linked_again(self):
        self.link()
        self.wasm.link("env", "twice", lambda value: 0)
        self.assertEqual(self.wasm.find("call_twice")(20), 1)

    def test_an_import_exported_again_is_not_an_export(self):
        self.assertNotIn("again", [name for name, _ in self.wasm.exports()])

    def test_one_name_imported_with_two_signatures(self):
        self.wasm = instance(fixtures.SAME_IMPORT)
        self.wasm.link("env", "f", lambda *args: len(args) * 100 + sum(args))
        self.assertEqual(self.wasm.find("one")(), 105)
        self.assertEqual(self.wasm.find("two")(), 213)


class ClosedTest(unittest.TestCase):
    def setUp(self):
        self.wasm = instance(fixtures.ARITHMETIC)
        self.add = self.wasm.find("add")
        self.wasm.close()

    def test_a_function_of_a_closed_instance_raises(self):
        with self.assertRaises(wasm.Error):
            self.add(1, 2)

    def test_its_signature_is_still_told(self):
        self.assertEqual(self.add.signature, "i(ii)")

    def test_everything_else_raises(self):
        def set_fuel():
            self.wasm.fuel = 1

        uses = [
            self.wasm.imports,
            self.wasm.exports,
            lambda: self.wasm.find("add"),
            lambda: self.wasm.link("a", "b", print),
            lambda: self.wasm.read(0, 1),
            lambda: self.wasm.write(0, b"x"),
            lambda: self.wasm.memory_bytes,
            set_fuel,
        ]
        for use in uses:
            with self.assertRaises(wasm.Error):
                use()

    def test_closing_again_does_nothing(self):
        self.wasm.close()
        self.assertIsNone(self.wasm.trap)

    def test_closing_while_arguments_are_converted_is_an_error(self):
        other = instance(fixtures.ARITHMETIC)

        class Closing:
            def __index__(self):
                other.close()
                return 1

            __int__ = __index__

        with self.assertRaises(wasm.Error):
            other.find("add")(Closing(), 2)
