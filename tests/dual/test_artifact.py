# SPDX-License-Identifier: Apache-2.0
"""Artifacts over the wire: in blocks, repeatable, checked before anything of them runs."""

import hashlib
import unittest

import rig
from component_artifacts import CALLS, artifact

from motet_core import artifact as artifact_module
from motet_core import errors, platform

DATA = artifact(calls=CALLS[:2])


def begin(data=DATA, **changes):
    params = {"kind": "component", "name": "kit", "revision": 1, "size": len(data), "digest": hashlib.sha256(data).digest()}
    params.update(changes)
    return params


async def send(client, begun, data, start=0):
    answer = None
    for offset in range(start, len(data), begun["block"]):
        part = data[offset : offset + begun["block"]]
        answer = await client.result("artifact.block", {"transfer": begun["transfer"], "offset": offset, "data": part})
    return answer


class TransferTest(unittest.TestCase):
    def test_arrives_in_blocks_and_its_tools_appear(self):
        async def work(client):
            before = client.presences[-1]
            begun = await client.result("artifact.begin", begin())
            self.assertEqual((await send(client, begun, DATA))["received"], len(DATA))
            done = await client.result("artifact.commit", {"transfer": begun["transfer"]})
            self.assertEqual(done, {"kind": "component", "name": "kit", "revision": 1, "size": len(DATA)})
            listed = await client.result("tools/list")
            names = [tool["name"] for tool in listed["tools"]]
            self.assertIn("kit.next", names)
            self.assertEqual((await client.tool("kit.add", a=2, b=3))["structuredContent"], {"result": 5})
            self.assertNotEqual(client.presences[-1]["catalogue"], before["catalogue"])
            self.assertEqual(client.presences[-1]["sequence"], before["sequence"] + 1)
            self.assertEqual(client.notifications[-1]["method"], "notifications/tools/list_changed")

        rig.run(work)

    def test_every_block_fits_one_frame_with_the_longest_envelope(self):
        async def work(client):
            begun = await client.result("artifact.begin", begin())
            from motet_core.wire import packed

            params = {"transfer": 0xFFFFFFFF, "offset": 0xFFFFFFFF, "data": bytes(begun["block"])}
            message = {"jsonrpc": "2.0", "id": 0xFFFFFFFF, "method": "artifact.block", "params": params}
            self.assertLessEqual(len(packed.dumps(message, "x" * 41, 0xFFFFFFFF)), 512)

        rig.run(work)

    def test_begin_block_and_commit_may_be_repeated(self):
        async def work(client):
            begun = await client.result("artifact.begin", begin())
            self.assertEqual(await client.result("artifact.begin", begin()), begun)
            await send(client, begun, DATA)
            self.assertEqual((await send(client, begun, DATA[: begun["block"]]))["received"], len(DATA))
            done = await client.result("artifact.commit", {"transfer": begun["transfer"]})
            self.assertEqual(await client.result("artifact.commit", {"transfer": begun["transfer"]}), done)

        rig.run(work)

    def test_list_tells_what_is_there(self):
        async def work(client):
            self.assertEqual(await client.result("artifact.list"), {"artifacts": []})
            await client.install("component", "kit", DATA)
            listed = (await client.result("artifact.list"))["artifacts"]
            expected = begin()
            expected.update({"state": "ready", "stored": "ram"})
            self.assertEqual(listed, [expected])

        rig.run(work)

    def test_remove_takes_the_tools_away_once(self):
        async def work(client):
            await client.install("component", "kit", DATA)
            await client.result("artifact.remove", {"kind": "component", "name": "kit"})
            self.assertEqual((await client.error("tools/call", {"name": "kit.next"}))["code"], errors.INVALID_PARAMS)
            error = await client.error("artifact.remove", {"kind": "component", "name": "kit"})
            self.assertEqual((error["code"], error["message"]), (errors.NOT_FOUND, "no component kit"))

        rig.run(work)

    def test_a_new_revision_replaces_the_old_and_a_bad_one_does_not(self):
        async def work(client):
            await client.install("component", "kit", DATA)
            newer = artifact(calls=CALLS[:1], revision=2)
            self.assertEqual((await client.install("component", "kit", newer, 2))["revision"], 2)
            self.assertEqual((await client.install("component", "kit", b"rubbish", 3))["code"], errors.REFUSED)
            self.assertEqual([one["revision"] for one in (await client.result("artifact.list"))["artifacts"]], [2])
            self.assertEqual((await client.tool("kit.next"))["structuredContent"], {"result": 1})

        rig.run(work)

    def test_a_component_that_failed_for_good_is_listed_with_its_reason(self):
        async def work(client):
            await client.install("component", "kit", artifact())
            await client.tool("kit.crash")
            client.device.artifacts._hosts["component"]._components["kit"].artifact.memory = 0
            for _ in range(3):
                self.assertTrue((await client.tool("kit.next"))["isError"])
            listed = (await client.result("artifact.list"))["artifacts"][0]
            self.assertEqual(listed["state"], "failed")
            self.assertTrue(listed["reason"])

        rig.run(work)


class RefusalTest(unittest.TestCase):
    def test_a_kind_that_this_build_cannot_run_is_refused_at_once(self):
        async def work(client):
            artifact_module._ENGINES["model"] = "tpu"
            try:
                error = await client.error("artifact.begin", begin(kind="model"))
            finally:
                artifact_module._ENGINES["model"] = "nn"
            self.assertEqual((error["code"], error["message"]), (errors.REFUSED, "this build runs no artifacts of kind model"))

        rig.run(work)

    def test_wrong_parameters_name_the_field(self):
        async def work(client):
            for name, value in (
                ("kind", "firmware"), ("kind", None), ("name", ""), ("name", "a/b"), ("name", "x" * 33), ("name", 5),
                ("revision", -1), ("revision", "1"), ("revision", True), ("size", 0), ("size", 1 << 32), ("digest", b"short"),
                ("digest", "text"), ("digest", None),
            ):  # fmt: skip
                error = await client.error("artifact.begin", begin(**{name: value}))
                self.assertEqual(error["code"], errors.INVALID_PARAMS)
                self.assertIn(name + ": expected", error["message"])

        rig.run(work)

    def test_more_than_the_heap_holds_is_refused_with_both_numbers(self):
        async def work(client):
            free = platform.heap_free()
            error = await client.error("artifact.begin", begin(size=1 << 30))
            self.assertEqual(error["code"], errors.NO_MEMORY)
            self.assertIn("%d bytes are needed" % ((1 << 30) + 4096), error["message"])
            self.assertIn("are free", error["message"])
            self.assertGreater(free, 0)

        rig.run(work)

    def test_a_second_artifact_of_a_kind_waits_and_the_other_kind_does_not(self):
        async def work(client):
            await client.result("artifact.begin", begin())
            self.assertEqual((await client.error("artifact.begin", begin(revision=2)))["code"], errors.BUSY)
            if platform.has_native("nn"):
                await client.result("artifact.begin", begin(kind="model"))

        rig.run(work)

    def test_an_abandoned_transfer_gives_way(self):
        async def work(client):
            await client.result("artifact.begin", begin())
            client.device.artifacts.transfers.of("component").at -= 30001
            await client.result("artifact.begin", begin(revision=2))

        rig.run(work)

    def test_abort_makes_room(self):
        async def work(client):
            begun = await client.result("artifact.begin", begin())
            await client.result("artifact.abort", {"transfer": begun["transfer"]})
            self.assertEqual((await client.error("artifact.abort", {"transfer": begun["transfer"]}))["code"], errors.NOT_FOUND)
            await client.result("artifact.begin", begin(revision=2))

        rig.run(work)

    def test_blocks_with_a_gap_past_the_end_or_without_bytes(self):
        async def work(client):
            begun = await client.result("artifact.begin", begin())
            number = begun["transfer"]
            for offset, data, name in (
                (1, b"x", "offset"),
                (0, b"", "data"),
                (0, "no base64", "data"),
                (-1, b"x", "offset"),
                (None, b"x", "offset"),
            ):
                error = await client.error("artifact.block", {"transfer": number, "offset": offset, "data": data})
                self.assertEqual(error["code"], errors.INVALID_PARAMS)
                self.assertIn(name, error["message"])
            await send(client, begun, DATA)
            error = await client.error("artifact.block", {"transfer": number, "offset": len(DATA), "data": b"x"})
            self.assertIn("the artifact has %d bytes" % len(DATA), error["message"])

        rig.run(work)

    def test_unknown_transfers(self):
        async def work(client):
            for number in (1, 99):
                error = await client.error("artifact.block", {"transfer": number, "offset": 0, "data": b"x"})
                self.assertEqual(error["code"], errors.NOT_FOUND)
            for number in (0, -1, None, "1", True):
                self.assertEqual((await client.error("artifact.commit", {"transfer": number}))["code"], errors.INVALID_PARAMS)

        rig.run(work)

    def test_commit_before_the_end_says_how_much_is_there_and_the_rest_may_follow(self):
        async def work(client):
            begun = await client.result("artifact.begin", begin())
            params = {"transfer": begun["transfer"]}
            self.assertEqual((await client.error("artifact.commit", params))["message"], "0 of %d bytes have arrived" % len(DATA))
            await send(client, begun, DATA)
            await client.result("artifact.commit", params)

        rig.run(work)

    def test_bytes_that_do_not_match_the_digest_never_run(self):
        async def work(client):
            begun = await client.result("artifact.begin", begin())
            await send(client, begun, DATA[:-1] + b"\xff")
            error = await client.error("artifact.commit", {"transfer": begun["transfer"]})
            self.assertEqual((error["code"], error["message"]), (errors.REFUSED, "the bytes do not match the digest"))
            self.assertEqual(await client.result("artifact.list"), {"artifacts": []})

        rig.run(work)

    def test_what_is_neither_component_nor_model_is_refused_with_its_name(self):
        async def work(client):
            for kind in ("component", "model"):
                if not platform.has_native(artifact_module._ENGINES[kind]):
                    continue
                error = await client.install(kind, "thing", b"\0asm not really \x01\x02\x03")
                self.assertEqual(error["code"], errors.REFUSED)
                self.assertTrue(error["message"])

        rig.run(work)

    def test_a_description_too_long_for_a_page_is_refused(self):
        async def work(client):
            from component_artifacts import fields

            from motet_core import cbor
            from motet_core.wire import packed

            body = fields(calls=CALLS[:1])
            tool = packed.unpack(body[4])
            tool[0]["description"] = "x" * 2000
            body[4] = packed.pack(tool)
            error = await client.install("component", "kit", cbor.dumps(body))
            self.assertEqual(error["code"], errors.REFUSED)
            self.assertIn("the description of kit.next is longer", error["message"])
            self.assertEqual(await client.result("artifact.list"), {"artifacts": []})

        rig.run(work, max_total=2048)
