# SPDX-License-Identifier: Apache-2.0
"""Models on the device: installed over the wire, fed with base64 or numbers."""

import unittest

import motet_native
import rig
from fixtures_nn import GOLDEN, SERIES

from motet_core import errors
from motet_core.errors import ToolError
from motet_core.hal.replay import DigitCamera
from motet_core.wire.packed import to_base64

FOLDER = __file__.rpartition("/")[0] or "."
MODEL = FOLDER + "/../../models/digits/digits.tflite"
NEEDS_NN = unittest.skipUnless(hasattr(motet_native, "nn"), "this build has no nn engine")


def digits():
    with open(MODEL, "rb") as file:
        return file.read()


class ModelTest(unittest.TestCase):
    @NEEDS_NN
    def test_classifies_a_frame_of_the_camera(self):
        async def work(client):
            await client.install("model", "digits", digits())
            result = await client.tool("models.predict", model="digits", input=to_base64(DigitCamera().read()["data"]))
            value = result["structuredContent"]
            self.assertFalse(result["isError"])
            self.assertEqual(len(value["outputs"][0]), 10)
            self.assertEqual(value["outputs"][0][value["class"]], max(value["outputs"][0]))
            self.assertGreaterEqual(value["elapsed_ns"], 0)

        rig.run(work)

    @NEEDS_NN
    def test_numbers_and_base64_give_the_same(self):
        async def work(client):
            await client.install("model", "digits", digits())
            data = DigitCamera().read()["data"]
            one = await client.tool("models.predict", model="digits", input=to_base64(data))
            two = await client.tool("models.predict", model="digits", input=list(data))
            self.assertEqual(one["structuredContent"]["outputs"], two["structuredContent"]["outputs"])

        rig.run(work)

    @NEEDS_NN
    def test_wrong_inputs_say_what_was_expected(self):
        async def work(client):
            await client.install("model", "digits", digits())
            for value, expected in (
                ("", "input: expected 64 bytes, got 0"),
                (to_base64(bytes(65)), "input: expected 64 bytes, got 65"),
                ("no base64!", "input: not canonical base64"),
                ([0] * 63, "input: expected 64 numbers, got 63"),
                ([0] * 63 + [128], "input[63]: expected int8, -128 to 127"),
                ([0] * 63 + [0.5], "input[63]: expected int8, -128 to 127"),
                ([0] * 63 + [float("nan")], "input[63]: expected int8, -128 to 127"),
                ([0] * 63 + [float("inf")], "input[63]: expected int8, -128 to 127"),
                ([0] * 63 + ["1"], "input[63]: expected number, got string"),
                (5, "input: expected string or array, got integer"),
                (None, "input: expected string or array, got null"),
            ):
                result = await client.tool("models.predict", model="digits", input=value)
                self.assertEqual(result["content"][0]["text"], expected)
                self.assertEqual((result["isError"], result["_meta"]["motet/error"]), (True, "arguments"))
            result = await client.tool("models.predict", model="other", input="")
            self.assertEqual(result["content"][0]["text"], "model: expected one of 'digits'")

        rig.run(work)

    def test_numbers_beyond_a_type_are_refused_and_the_outermost_taken(self):
        from motet_core.models import _pack

        for code, dtype, least, most in (("b", "int8", -128, 127), ("B", "uint8", 0, 255), ("h", "int16", -32768, 32767)):
            self.assertEqual(len(_pack([least, most], code, dtype, "input")), 2 if code != "h" else 4)
            for value in (least - 1, most + 1, 1e300, -1e300):
                with self.assertRaises(ToolError):
                    _pack([value], code, dtype, "input")
        self.assertEqual(bytes(_pack([1.5, -2], "f", "float32", "input")), b"\0\0\xc0\x3f\0\0\0\xc0")
        for value in (1e300, -1e300, float("inf"), float("nan")):
            with self.assertRaises(ToolError):
                _pack([value], "f", "float32", "input")

    @NEEDS_NN
    def test_the_tool_comes_with_the_first_model_and_goes_with_the_last(self):
        async def work(client):
            self.assertEqual((await client.error("tools/call", {"name": "models.predict"}))["code"], errors.INVALID_PARAMS)
            await client.install("model", "digits", digits())
            await client.install("model", "again", digits())
            listed = (await client.result("tools/list"))["tools"]
            tool = next(one for one in listed if one["name"] == "models.predict")
            self.assertEqual(tool["inputSchema"]["properties"]["model"]["enum"], ["again", "digits"])
            for name in ("again", "digits"):
                await client.result("artifact.remove", {"kind": "model", "name": name})
            self.assertEqual((await client.error("tools/call", {"name": "models.predict"}))["code"], errors.INVALID_PARAMS)

        rig.run(work)

    @NEEDS_NN
    def test_a_model_with_several_inputs_takes_them_all(self):
        data, inputs, outputs = next(case for case in GOLDEN if len(case[1]) == 2)

        async def work(client):
            await client.install("model", "two", data)
            given = [to_base64(one) for one in inputs]
            result = await client.tool("models.predict", model="two", inputs=given)
            self.assertEqual(bytes([value & 255 for value in result["structuredContent"]["outputs"][0]]), outputs[0])
            for arguments, expected in (
                ({}, "two: expected inputs with 2 tensors"),
                ({"input": given[0]}, "two: expected inputs with 2 tensors"),
                ({"inputs": given[:1]}, "two: expected inputs with 2 tensors"),
                ({"inputs": given, "input": given[0]}, "two: expected inputs with 2 tensors"),
                ({"inputs": [given[0], ""]}, "inputs[1]: expected %d bytes, got 0" % len(inputs[1])),
                ({"inputs": [given[0], [300] * len(inputs[1])]}, "inputs[1][0]: expected int8, -128 to 127"),
            ):
                result = await client.tool("models.predict", model="two", **arguments)
                self.assertEqual(result["content"][0]["text"], expected)

        rig.run(work)

    @NEEDS_NN
    def test_a_model_that_remembers_is_not_called_idempotent_and_can_be_reset(self):
        data, runs, outputs = SERIES[0]

        async def hint(client):
            tools = (await client.result("tools/list"))["tools"]
            return next(one for one in tools if one["name"] == "models.predict")["annotations"]["idempotentHint"]

        async def predict(client, **more):
            result = await client.tool("models.predict", model="series", input=to_base64(runs[0][0]), **more)
            return result["structuredContent"]["outputs"]

        async def work(client):
            await client.install("model", "digits", digits())
            self.assertTrue(await hint(client))
            await client.install("model", "series", data)
            self.assertFalse(await hint(client))
            first = await predict(client)
            self.assertEqual(bytes([value & 255 for value in first[0]]), outputs[0][0])
            await predict(client)
            self.assertEqual(await predict(client, reset=True), first)

        rig.run(work)

    @NEEDS_NN
    def test_a_damaged_model_is_refused_and_the_one_before_stays(self):
        async def work(client):
            model = digits()
            await client.install("model", "digits", model)
            for damaged in (model[:-1], model[: len(model) // 2], b"TFL3" * 8, bytes(len(model))):
                error = await client.install("model", "digits", damaged, revision=2)
                self.assertEqual(error.get("code"), errors.REFUSED)
                self.assertIn("digits: ", error["message"])
            self.assertEqual([one["revision"] for one in (await client.result("artifact.list"))["artifacts"]], [1])
            result = await client.tool("models.predict", model="digits", input=to_base64(bytes(64)))
            self.assertFalse(result["isError"])

        rig.run(work)
