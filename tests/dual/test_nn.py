# SPDX-License-Identifier: Apache-2.0
"""motet_native.nn: what a model says of itself, what it computes, what it refuses, and how it is stopped."""

import unittest

import motet_native
from fixtures_nn import GOLDEN, REFUSED, SERIES
from motet_native import nn

FOLDER = __file__.rpartition("/")[0] or "."
with open(FOLDER + "/../../models/digits/digits.tflite", "rb") as file:
    DIGITS = file.read()
# The first seven among the test images, row by row.
SEVEN = bytes(
    [0, 0, 3, 12, 16, 16, 6, 0, 0, 0, 10, 11, 7, 16, 11, 0, 0, 0, 0, 0, 2, 14, 10, 0, 0, 5, 11, 8, 9, 16, 3, 0]
    + [0, 9, 16, 16, 16, 16, 9, 0, 0, 1, 4, 9, 16, 6, 0, 0, 0, 0, 0, 11, 14, 0, 0, 0, 0, 0, 4, 16, 5, 0, 0, 0]
)


def signed(data):
    return [value - 256 if value > 127 else value for value in data]


class DescriptionTest(unittest.TestCase):
    def setUp(self):
        self.model = nn.Model(DIGITS)

    def test_inputs_and_outputs_have_name_shape_type_scale_and_zero_point(self):
        self.assertEqual(self.model.inputs, (("image", (1, 8, 8, 1), "int8", 0.0625, 0),))
        self.assertEqual(self.model.outputs, (("probabilities", (1, 10), "int8", 0.00390625, -128),))

    def test_operators_are_named_in_their_order(self):
        self.assertEqual(self.model.operators, ("CONV_2D", "CONV_2D", "FULLY_CONNECTED", "SOFTMAX"))

    def test_the_arena_is_counted(self):
        self.assertGreater(self.model.arena_bytes, 512)
        self.assertLess(self.model.arena_bytes, 4096)

    def test_only_models_with_a_state_remember(self):
        self.assertFalse(self.model.remembers)
        for data, _, _ in SERIES:
            self.assertTrue(nn.Model(data).remembers)

    def test_an_unknown_attribute_is_an_error(self):
        with self.assertRaises(AttributeError):
            self.model.weights  # noqa: B018

    def test_inputs_cannot_be_set(self):
        with self.assertRaises(AttributeError):
            self.model.inputs = ()


class InferenceTest(unittest.TestCase):
    def test_every_operator_gives_the_bytes_of_tflite_micro(self):
        for data, inputs, outputs in GOLDEN:
            model = nn.Model(data)
            with self.subTest(model.operators):
                self.assertEqual(model.predict(inputs), outputs)

    def test_a_handwritten_seven_is_a_seven(self):
        (output,) = nn.Model(DIGITS).predict([SEVEN])
        scores = signed(output)
        self.assertEqual(scores.index(max(scores)), 7)

    def test_inputs_may_be_any_buffers_in_a_list_or_tuple(self):
        model = nn.Model(DIGITS)
        expected = model.predict([SEVEN])
        self.assertEqual(model.predict((bytearray(SEVEN),)), expected)
        self.assertEqual(model.predict([memoryview(b"x" + SEVEN)[1:]]), expected)

    def test_a_model_may_begin_at_any_address(self):
        expected = nn.Model(DIGITS).predict([SEVEN])
        for offset in range(1, 4):
            shifted = memoryview(bytes(offset) + DIGITS)[offset:]
            self.assertEqual(nn.Model(shifted).predict([SEVEN]), expected)

    def test_an_input_can_be_filled_in_place(self):
        model = nn.Model(DIGITS)
        view = model.input(0)
        view[:] = SEVEN
        model.invoke()
        self.assertEqual([model.output(0)], nn.Model(DIGITS).predict([SEVEN]))

    def test_a_callable_fills_its_input_in_place(self):
        def fill(view):
            view[:] = SEVEN

        model = nn.Model(DIGITS)
        self.assertEqual(model.predict([fill]), nn.Model(DIGITS).predict([SEVEN]))

    def test_what_a_callable_raises_ends_the_call(self):
        def fail(view):
            raise KeyError("no camera")

        model = nn.Model(DIGITS)
        with self.assertRaises(KeyError):
            model.predict([fail])
        self.assertEqual(model.predict([SEVEN]), nn.Model(DIGITS).predict([SEVEN]))

    def test_a_callable_may_change_the_list_it_stands_in(self):
        inputs = []

        def fill(view):
            inputs.clear()
            view[:] = SEVEN

        inputs.append(fill)
        self.assertEqual(nn.Model(DIGITS).predict(inputs), nn.Model(DIGITS).predict([SEVEN]))

    def test_a_model_may_be_named_by_its_file(self):
        model = nn.Model(FOLDER + "/../../models/digits/digits.tflite")
        self.assertEqual(model.predict([SEVEN]), nn.Model(DIGITS).predict([SEVEN]))
        with self.assertRaises(OSError):
            nn.Model(FOLDER + "/there/is/none.tflite")

    def test_a_profile_has_a_cost_for_each_operator_and_runs_the_model(self):
        model = nn.Model(DIGITS)
        model.input(0)[:] = SEVEN
        costs = model.profile()
        self.assertEqual(tuple([name for name, _ in costs]), model.operators)
        self.assertTrue(all(cost >= 0 for _, cost in costs))
        self.assertEqual([model.output(0)], nn.Model(DIGITS).predict([SEVEN]))

    def test_a_profile_ends_where_the_steps_do(self):
        model = nn.Model(DIGITS)
        model.steps = 1
        with self.assertRaises(nn.Error):
            model.profile()

    def test_the_view_of_an_input_outlives_its_model(self):
        model = nn.Model(DIGITS)
        view = model.input(0)
        view[:] = SEVEN
        del model
        for _ in range(100):
            bytearray(1000)
        self.assertEqual(bytes(view), SEVEN)

    def test_a_result_does_not_change_with_the_next_run(self):
        model = nn.Model(DIGITS)
        (first,) = model.predict([SEVEN])
        kept = bytes(bytearray(first))
        model.predict([bytes(64)])
        self.assertEqual(first, kept)

    def test_two_models_of_one_file_do_not_share_memory(self):
        one, two = nn.Model(DIGITS), nn.Model(DIGITS)
        expected = one.predict([SEVEN])
        two.predict([bytes(64)])
        self.assertEqual([one.output(0)], expected)


class MemoryTest(unittest.TestCase):
    def test_models_that_remember_give_the_bytes_of_tflite_micro_run_after_run(self):
        for data, inputs, outputs in SERIES:
            model = nn.Model(data)
            with self.subTest(model.operators):
                self.assertEqual([model.predict(run) for run in inputs], outputs)

    def test_a_reset_forgets_earlier_runs(self):
        for data, inputs, outputs in SERIES:
            model = nn.Model(data)
            with self.subTest(model.operators):
                model.predict(inputs[1])
                self.assertEqual(model.reset(), None)
                self.assertEqual([model.predict(run) for run in inputs], outputs)

    def test_two_models_of_one_file_remember_apart(self):
        for data, inputs, outputs in SERIES:
            one, two = nn.Model(data), nn.Model(data)
            one.predict(inputs[1])
            self.assertEqual(two.predict(inputs[0]), outputs[0])

    def test_a_reset_takes_no_arguments(self):
        with self.assertRaises(TypeError):
            nn.Model(DIGITS).reset(1)


class InputErrorTest(unittest.TestCase):
    def setUp(self):
        self.model = nn.Model(DIGITS)

    def refusal(self, inputs):
        with self.assertRaises(ValueError) as caught:
            self.model.predict(inputs)
        return str(caught.exception)

    def test_a_wrong_size_is_refused_with_both_numbers(self):
        self.assertEqual(self.refusal([SEVEN[:-1]]), "input 0 has 63 bytes, the model needs 64")
        self.assertEqual(self.refusal([SEVEN + b"\0"]), "input 0 has 65 bytes, the model needs 64")
        self.assertEqual(self.refusal([b""]), "input 0 has 0 bytes, the model needs 64")

    def test_a_wrong_count_is_refused_with_both_numbers(self):
        self.assertEqual(self.refusal([]), "0 inputs, the model needs 1")
        self.assertEqual(self.refusal([SEVEN, SEVEN]), "2 inputs, the model needs 1")

    def test_what_is_no_buffer_is_refused(self):
        for inputs in ([5], [None], 5):
            with self.assertRaises(TypeError):
                self.model.predict(inputs)

    def test_an_index_out_of_range_is_refused(self):
        for index in (-1, 1, 1000):
            with self.assertRaises(IndexError):
                self.model.input(index)
            with self.assertRaises(IndexError):
                self.model.output(index)


class ModelErrorTest(unittest.TestCase):
    def refusal(self, data):
        with self.assertRaises(nn.Error) as caught:
            nn.Model(data)
        return str(caught.exception)

    def test_damaged_models_are_refused_with_operator_and_reason(self):
        for data, error in REFUSED:
            with self.subTest(error):
                self.assertEqual(self.refusal(data), error)

    def test_what_is_no_model_is_refused(self):
        for data in (b"", b"TFL3", b"\0asm\1\0\0\0" + bytes(20), bytes(100), b"\xff" * 100):
            self.assertEqual(self.refusal(data), "not a TensorFlow Lite model")

    def test_a_truncated_model_is_refused(self):
        for size in range(16, len(DIGITS), 97):
            self.assertNotEqual(self.refusal(DIGITS[:size]), "")

    def test_a_failed_load_leaves_nothing_behind(self):
        for _ in range(300):
            self.refusal(DIGITS[: len(DIGITS) // 2])
        self.assertEqual(len(nn.Model(DIGITS).predict([SEVEN])), 1)

    def test_a_model_is_a_buffer_and_nothing_else(self):
        for model in (None, 5):
            with self.assertRaises(TypeError):
                nn.Model(model)
        with self.assertRaises(TypeError):
            nn.Model()


class BoundTest(unittest.TestCase):
    def setUp(self):
        self.addCleanup(motet_native.cancel, False)
        self.model = nn.Model(DIGITS)

    def failure(self):
        with self.assertRaises(nn.Error) as caught:
            self.model.predict([SEVEN])
        return str(caught.exception)

    def test_there_is_no_bound_at_first(self):
        self.assertEqual(self.model.steps, 0)
        self.model.predict([SEVEN])

    def test_the_steps_of_a_run_are_counted(self):
        self.model.predict([SEVEN])
        used = self.model.steps_used
        self.assertGreater(used, 3)
        self.model.steps = used
        self.model.predict([SEVEN])
        self.assertEqual(self.model.steps_used, used)

    def test_a_run_ends_when_its_steps_are_used_up(self):
        self.model.predict([SEVEN])
        self.model.steps = self.model.steps_used - 1
        self.assertEqual(self.failure(), "operator 3 (SOFTMAX): out of steps")
        self.model.steps = 1
        self.assertIn("out of steps", self.failure())

    def test_a_model_runs_again_after_it_was_stopped(self):
        expected = self.model.predict([SEVEN])
        self.model.steps = 2
        self.failure()
        self.model.steps = 0
        self.assertEqual(self.model.predict([SEVEN]), expected)

    def test_the_cancel_flag_stops_a_run(self):
        motet_native.cancel()
        self.assertEqual(self.failure(), "operator 0 (CONV_2D): cancelled")
        motet_native.cancel(False)
        self.model.predict([SEVEN])

    def test_a_flag_left_from_an_earlier_call_does_not_stop_a_load(self):
        motet_native.cancel()
        self.assertEqual(len(nn.Model(DIGITS).operators), 4)

    def test_steps_out_of_range_are_refused(self):
        with self.assertRaises(ValueError):
            self.model.steps = -1
        with self.assertRaises((ValueError, OverflowError)):
            self.model.steps = 1 << 70
        with self.assertRaises(TypeError):
            self.model.steps = None
        self.assertEqual(self.model.steps, 0)


if __name__ == "__main__":
    unittest.main()
