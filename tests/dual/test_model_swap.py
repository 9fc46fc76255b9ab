# SPDX-License-Identifier: Apache-2.0
"""A new revision of a model takes the place of the old one between two inferences, or not at all."""

import hashlib
import unittest

import motet_native
import rig
from fixtures_nn import GOLDEN

from motet_core import errors, models
from motet_core.wire.packed import to_base64

FOLDER = __file__.rpartition("/")[0] or "."
NEEDS_NN = unittest.skipUnless(hasattr(motet_native, "nn"), "this build has no nn engine")
IMAGE = bytes([0, 0, 3, 12, 16, 16, 6, 0] * 8)


def first_revision():
    with open(FOLDER + "/../../models/digits/digits.tflite", "rb") as file:
        return file.read()


def outputs(data):
    (output,) = motet_native.nn.Model(data).predict([IMAGE])
    return [value - 256 if value > 127 else value for value in output]


def second_revision():
    """The first one with another weight, so that it loads and answers differently."""
    data = bytearray(first_revision())
    expected = outputs(data)
    for position in range(64, len(data), 7):
        data[position] ^= 0x40
        try:
            if outputs(data) != expected:
                return bytes(data)
        except (motet_native.nn.Error, ValueError):
            pass
        data[position] ^= 0x40
    raise AssertionError("no byte makes a difference")


async def predicted(client):
    result = await client.tool("models.predict", model="digits", input=to_base64(IMAGE))
    return result["structuredContent"]["outputs"][0]


async def announce(client, data, revision):
    """Sends all but the last step of an installation -> the transfer."""
    params = {"kind": "model", "name": "digits", "revision": revision, "size": len(data)}
    params["digest"] = hashlib.sha256(data).digest()
    begun = await client.result("artifact.begin", params)
    for offset in range(0, len(data), begun["block"]):
        part = data[offset : offset + begun["block"]]
        await client.result("artifact.block", {"transfer": begun["transfer"], "offset": offset, "data": part})
    return begun["transfer"]


@NEEDS_NN
class SwapTest(unittest.TestCase):
    def test_calls_before_and_after_the_commit_get_the_old_and_the_new_model(self):
        old, new = first_revision(), second_revision()

        async def work(client):
            await client.install("model", "digits", old)
            transfer = await announce(client, new, 2)
            self.assertEqual(await predicted(client), outputs(old))
            arguments = {"model": "digits", "input": to_base64(IMAGE)}
            call = {"method": "tools/call", "params": {"name": "models.predict", "arguments": arguments}}
            commit = {"method": "artifact.commit", "params": {"transfer": transfer}}
            for number, message in enumerate((call, commit, call)):
                await client.send(dict(message, id=100 + number))
            answers = []
            while len(answers) < 3:  # MicroPython has no await in a comprehension
                answers.append(await client.reply())
            self.assertEqual([answer["id"] for answer in answers], [100, 101, 102])
            found = [answers[i]["result"]["structuredContent"]["outputs"][0] for i in (0, 2)]
            self.assertEqual(found, [outputs(old), outputs(new)])

        rig.run(work)

    def test_a_revision_that_the_engine_refuses_leaves_the_old_one_in_service(self):
        async def work(client):
            await client.install("model", "digits", first_revision())
            refused = await client.install("model", "digits", first_revision()[:2000], revision=2)
            self.assertEqual(refused["code"], errors.REFUSED)
            self.assertEqual(await predicted(client), outputs(first_revision()))
            (row,) = (await client.result("artifact.list"))["artifacts"]
            self.assertEqual(row["revision"], 1)

        rig.run(work)

    def test_a_revision_that_needs_too_much_memory_is_refused_with_both_numbers_and_the_old_one_stays(self):
        native = models.native

        class Short:
            class nn:  # noqa: N801
                Error = motet_native.nn.Error

                def Model(data):  # noqa: N802, N805
                    raise MemoryError("the model's activations need 90780 bytes in one block")

        async def work(client):
            await client.install("model", "digits", first_revision())
            models.native = lambda: Short
            try:
                refused = await client.install("model", "digits", second_revision(), revision=2)
            finally:
                models.native = native
            self.assertEqual(refused["code"], errors.NO_MEMORY)
            self.assertIn("need 90780 bytes", refused["message"])
            self.assertIn("bytes are free", refused["message"])
            self.assertEqual(await predicted(client), outputs(first_revision()))

        rig.run(work)

    def test_an_input_of_another_size_is_refused_with_both_numbers(self):
        async def work(client):
            await client.install("model", "digits", first_revision())
            result = await client.tool("models.predict", model="digits", input=to_base64(bytes(3000)))
            self.assertTrue(result["isError"])
            text = result["content"][0]["text"]
            self.assertIn("64", text)
            self.assertIn("3000", text)

        rig.run(work)

    def test_a_model_that_remembers_forgets_when_it_is_told_to(self):
        data, inputs = next((data, inputs) for data, inputs, _ in GOLDEN if "SVDF" in motet_native.nn.Model(data).operators)

        async def work(client):
            await client.install("model", "memory", data)

            async def answer(**more):
                result = await client.tool("models.predict", model="memory", input=to_base64(inputs[0]), **more)
                return result["structuredContent"]["outputs"]

            first = await answer()
            self.assertNotEqual(await answer(), first)
            self.assertEqual(await answer(reset=True), first)

        rig.run(work)

    def test_the_list_of_artifacts_tells_memory_and_loading_time_of_a_model(self):
        async def work(client):
            await client.install("model", "digits", first_revision())
            (row,) = (await client.result("artifact.list"))["artifacts"]
            self.assertEqual(row["arena_bytes"], motet_native.nn.Model(first_revision()).arena_bytes)
            self.assertGreater(row["load_ns"], 0)

        rig.run(work)


if __name__ == "__main__":
    unittest.main()
