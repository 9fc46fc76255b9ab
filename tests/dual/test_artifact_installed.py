# SPDX-License-Identifier: Apache-2.0
"""What is installed leaves the device able to serve, to tell of its tools, and to take the artifact away again."""

import hashlib
import unittest

import rig
from component_artifacts import CALLS, artifact, fields

from motet_core import artifact as artifact_module
from motet_core import cbor, errors, platform
from motet_core.wire import packed

DATA = artifact(calls=CALLS[:1])


def long_winded(revision):
    """An artifact whose description fits no page."""
    body = fields(calls=CALLS[:1], revision=revision)
    tool = packed.unpack(body[4])
    tool[0]["description"] = "x" * 2000
    body[4] = packed.pack(tool)
    return cbor.dumps(body)


async def upload(client, data, name="kit", kind="component"):
    """Everything but the commit -> its parameters."""
    digest = hashlib.sha256(data).digest()
    begun = await client.result(
        "artifact.begin", {"kind": kind, "name": name, "revision": 1, "size": len(data), "digest": digest}
    )
    for offset in range(0, len(data), begun["block"]):
        part = data[offset : offset + begun["block"]]
        await client.result("artifact.block", {"transfer": begun["transfer"], "offset": offset, "data": part})
    return {"transfer": begun["transfer"]}


class InstalledTest(unittest.TestCase):
    async def assert_nothing_is_left(self, client, before):
        self.assertEqual(await client.result("artifact.list"), {"artifacts": []})
        names = [tool["name"] for tool in (await client.result("tools/list"))["tools"]]
        self.assertFalse([name for name in names if name.startswith("kit.")])
        self.assertEqual(client.presences[-1]["catalogue"], before)

    def test_a_replacement_that_cannot_be_described_is_announced_as_a_loss(self):
        async def work(client):
            before = client.presences[-1]["catalogue"]
            await client.install("component", "kit", DATA)
            self.assertNotEqual(client.presences[-1]["catalogue"], before)
            error = await client.install("component", "kit", long_winded(2), 2)
            self.assertEqual(error["code"], errors.REFUSED)
            await self.assert_nothing_is_left(client, before)

        rig.run(work, max_total=2048)

    def test_there_are_never_more_artifacts_than_can_be_listed(self):
        async def work(client):
            names = ["kit%d" % i for i in range(20)]
            answers = []
            for name in names:
                calls = [(name + ".add",) + CALLS[0][1:]]
                answers.append(await client.install("component", name, artifact(name=name, calls=calls)))
            there = [answer["name"] for answer in answers if "name" in answer]
            self.assertTrue(2 < len(there) < 20, there)
            self.assertEqual(answers[len(there)]["code"], errors.REFUSED)
            listed = [row["name"] for row in (await client.result("artifact.list"))["artifacts"]]
            self.assertEqual(listed, sorted(there))
            for name in there:
                await client.result("artifact.remove", {"kind": "component", "name": name})

        rig.run(work, max_total=2048)

    def test_what_leaves_too_little_memory_is_taken_away_again(self):
        async def work(client):
            before = client.presences[-1]["catalogue"]
            commit = await upload(client, DATA)
            heap_free, platform.heap_free = platform.heap_free, lambda: 100
            try:
                error = await client.error("artifact.commit", commit)
            finally:
                platform.heap_free = heap_free
            self.assertEqual(error["code"], errors.NO_MEMORY)
            self.assertEqual(error["message"], "component kit leaves 100 bytes free, 4096 are needed")
            await self.assert_nothing_is_left(client, before)

        rig.run(work)

    def test_what_leaves_no_memory_to_tell_of_it_is_taken_away_again(self):
        async def work(client):
            before = client.presences[-1]["catalogue"]
            supervisor = client.device.supervisor
            entry = supervisor.entry

            def exhausted(name):
                if name.startswith("kit."):
                    raise MemoryError
                return entry(name)

            commit = await upload(client, DATA)
            supervisor.entry = exhausted
            error = await client.error("artifact.commit", commit)
            supervisor.entry = entry
            self.assertEqual(error["code"], errors.NO_MEMORY)
            await self.assert_nothing_is_left(client, before)

        rig.run(work)

    def test_a_component_cannot_take_the_name_of_a_tool_of_the_device(self):
        async def work(client):
            data = artifact(calls=(("vitals.read", "next", (), "u32"),), name="vitals")
            error = await client.install("component", "vitals", data)
            self.assertEqual((error["code"], error["message"]), (errors.REFUSED, "the device has a tool vitals.read already"))
            self.assertIn("uptime_ms", (await client.tool("vitals.read"))["structuredContent"])
            self.assertEqual(await client.result("artifact.list"), {"artifacts": []})

        rig.run(work)

    def test_a_commit_repeated_after_the_removal_does_not_say_that_it_is_installed(self):
        async def work(client):
            commit = await upload(client, DATA)
            await client.result("artifact.commit", commit)
            await client.result("artifact.remove", {"kind": "component", "name": "kit"})
            self.assertEqual((await client.error("artifact.commit", commit))["code"], errors.NOT_FOUND)

        rig.run(work)

    def test_an_abandoned_transfer_of_another_kind_gives_its_memory_back(self):
        async def work(client):
            opened = client.device.artifacts.transfers
            kind = artifact_module._ENGINES["model"]
            artifact_module._ENGINES["model"] = "wasm"  # whatever this build has
            try:
                await upload(client, DATA, kind="model")
                opened.of("model").at -= 30001
                await upload(client, DATA)
            finally:
                artifact_module._ENGINES["model"] = kind
            self.assertEqual((opened.of("model"), opened.of("component").params["kind"]), (None, "component"))

        rig.run(work)
