# SPDX-License-Identifier: Apache-2.0
"""A device around its port: hello, presence, blocks, restarts of the other end, nonsense."""

import asyncio
import unittest

import rig
from component_artifacts import artifact

from motet_core import cbor
from motet_core.port import HELLO, PRESENCE, REPLY, REQUEST
from motet_core.wire import blocks, hello, packed


class PresenceTest(unittest.TestCase):
    def test_a_hello_is_answered_with_everything_a_gateway_needs(self):
        async def work(client):
            record = client.presences[0]
            self.assertEqual((record["state"], record["nonce"], record["sequence"]), (1, rig.NONCE, 1))
            self.assertEqual((record["limit"], record["max_total"], record["dictionary"]), (512, 8192, 1))
            self.assertEqual((record["id"], record["board"]), ("dut", client.device.board))
            self.assertTrue(record["firmware"].startswith("motet "))
            self.assertTrue(record["reset_reason"])

        rig.run(work)

    def test_the_nonce_is_that_of_the_first_hello_and_the_sequence_grows(self):
        async def work(client):
            record = await client.hello(nonce=b"abcdefgh")
            self.assertEqual((record["nonce"], record["sequence"]), (rig.NONCE, 2))
            await client.install("component", "kit", artifact())
            self.assertEqual([one["sequence"] for one in client.presences], [1, 2, 3])

        rig.run(work)

    def test_a_board_without_an_id_takes_the_one_of_the_host_once(self):
        async def work(client):
            self.assertEqual(client.presences[0]["id"], "given")
            self.assertEqual((await client.hello(id="other"))["id"], "given")

        rig.run(work, id=None)

    def test_an_id_that_fits_no_topic_is_refused_and_another_hello_helps(self):
        async def main():
            client = rig.Rig(id=None)
            task = asyncio.create_task(client.device.run())
            await client.port.send(HELLO, hello.encode(time_ms=1, nonce=rig.NONCE, id="a/b"))
            record = await client.hello(id="good")
            self.assertEqual((record["id"], record["sequence"]), ("good", 1))
            self.assertIn("hello: id holds", client.inner.logs[0])
            task.cancel()

        asyncio.run(main())

    def test_nothing_is_announced_before_a_hello(self):
        async def main():
            client = rig.Rig()
            task = asyncio.create_task(client.device.run())
            self.assertIsNone(client.device.time_ms())
            await client.request("server/discover")
            self.assertEqual(client.presences, [])
            task.cancel()

        asyncio.run(main())

    def test_time_comes_from_the_last_hello(self):
        async def work(client):
            self.assertTrue(0 <= client.device.time_ms() - 1700000000000 < 60000)
            vitals = (await client.tool("vitals.read"))["structuredContent"]
            self.assertTrue(0 <= vitals["time_ms"] - 1700000000000 < 60000)
            self.assertGreater(vitals["heap_used"], 0)

        rig.run(work)


class BlocksTest(unittest.TestCase):
    def test_long_requests_and_answers_travel_in_blocks(self):
        async def work(client):
            await client.install("component", "kit", artifact())
            result = await client.result("tools/list", {"_meta": {"traceparent": "x" * 1000}})
            self.assertGreater(len(result["tools"]), 10)

        rig.run(work, limit=128)

    def test_a_request_that_is_too_long_is_dropped_and_said(self):
        async def work(client):
            await client.send({"id": 1, "method": "tools/list", "params": {"x": "y" * 3000}})
            await client.result("tools/list")
            self.assertIn("larger than 2048", client.inner.logs[0])

        rig.run(work, max_total=2048)


class RestartTest(unittest.TestCase):
    def test_half_a_message_of_the_old_session_is_forgotten(self):
        async def work(client):
            message = {"jsonrpc": "2.0", "id": 9, "method": "tools/list", "params": {"x": "y" * 2000}}
            frames = blocks.split(packed.dumps(message, "gw"), 512, 77)
            await client.port.send(REQUEST, frames[0])
            await client.result("artifact.list")
            client.inner.resets += 1
            await client.hello()
            for frame in frames[1:]:
                await client.port.send(REQUEST, frame)
            await client.result("tools/list")

        rig.run(work)

    def test_ids_without_gateway_start_again(self):
        async def work(client):
            for resets in (0, 1):
                client.inner.resets = resets
                await client.hello()
                await client.send({"id": 1, "method": "artifact.list"}, reply_to=None)
                self.assertEqual((await client.reply())["result"], {"artifacts": []})
            self.assertEqual(client.device.rpc.counters["doubled"], 0)

        rig.run(work)


class NonsenseTest(unittest.TestCase):
    def test_is_dropped_logged_and_counted_and_the_device_answers(self):
        async def work(client):
            nonsense = (
                (HELLO, b""), (HELLO, b"\xa0"), (HELLO, cbor.dumps({0: -1, 1: rig.NONCE})), (REQUEST, b""), (REQUEST, b"\xff"),
                (REQUEST, b"\x84\x01"), (REQUEST, b"\xa1\x01\x18"), (REPLY, b"\xa0"), (PRESENCE, b"\xa0"), (9, b"x"),
            )  # fmt: skip
            for channel, data in nonsense:
                await client.port.send(channel, data)
            await client.result("tools/list")
            self.assertEqual(len(client.inner.logs), len(nonsense))
            self.assertEqual(client.device.rpc.counters["malformed"], len(nonsense))

        rig.run(work)

    def test_a_cancellation_that_waits_behind_a_request_comes_in_time(self):
        async def work(client):
            await client.send({"id": 50, "method": "tools/list"})
            await client.send({"id": 51, "method": "tools/list"})
            await client.send({"method": "notifications/cancelled", "params": {"requestId": 51}})
            self.assertEqual((await client.reply())["id"], 50)
            await client.result("tools/list")
            self.assertEqual(client.device.rpc.counters["cancelled"], 1)

        rig.run(work)
