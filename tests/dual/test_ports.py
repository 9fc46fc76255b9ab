# SPDX-License-Identifier: Apache-2.0
"""The port over the real link with a socket in place of a serial line."""

import asyncio
import unittest

import rig
from component_artifacts import CALLS, artifact
from motet_native import frame

from motet_core import platform
from motet_core.device import Device
from motet_core.port_stream import StreamPort
from motet_core.wire.cancel import cancel_key

MTU = 256


def link(epoch):
    return frame.Link(mtu=MTU, epoch=epoch)


async def run_away(device, client):
    """Starts call 900, which never ends by itself, and returns while it runs."""
    await client.hello()
    await client.install("component", "kit", artifact(fuel=0xFFFFFFFF))
    await client.send({"id": 900, "method": "tools/call", "params": {"name": "kit.spin", "arguments": {}}})
    while device.port.link.current == 0:
        await asyncio.sleep(0)


class Client(rig.Rig):
    """The rig's client, but its port is a link over TCP."""

    async def connect(self, port, epoch=7):
        self.port = StreamPort(link(epoch), MTU)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        self.tasks = [asyncio.create_task(self.port.connected(reader, writer)), asyncio.create_task(self.port.run())]
        return self

    def close(self):
        for task in self.tasks:
            task.cancel()


def run(work):
    """Runs `async work(device, port number)` with a device that listens."""

    async def main():
        stream = StreamPort(link(5), MTU)
        device = Device(stream, id="dut", max_total=8192, sensors=[])
        number = await platform.listen(stream.connected, "127.0.0.1", 0)
        task = asyncio.create_task(device.run())
        try:
            await work(device, number)
        finally:
            task.cancel()

    asyncio.run(main())


class StreamTest(unittest.TestCase):
    def test_serves_over_a_socket(self):
        async def work(device, number):
            client = await Client().connect(number)
            self.assertEqual((await client.hello())["id"], "dut")
            await client.install("component", "kit", artifact(calls=CALLS[:2]))
            self.assertEqual((await client.tool("kit.add", a=1, b=2))["structuredContent"], {"result": 3})
            vitals = (await client.tool("vitals.read"))["structuredContent"]
            self.assertGreater(vitals["link"]["frames_in"], 3)
            client.close()

        run(work)

    def test_a_client_that_restarts_is_served_again(self):
        async def work(device, number):
            first = await Client().connect(number, epoch=7)
            await first.hello()
            first.close()
            second = await Client().connect(number, epoch=8)
            self.assertEqual((await second.hello())["sequence"], 2)
            await second.result("tools/list")
            self.assertEqual(device.port.resets, 1)
            second.close()

        run(work)

    def test_a_new_connection_ends_the_one_before(self):
        async def work(device, number):
            readers = []
            for _ in range(3):
                reader, _ = await asyncio.open_connection("127.0.0.1", number)
                readers.append(reader)
            for reader in readers[:2]:
                # The device speaks first, to find its peer; then it hangs up.
                while await asyncio.wait_for(reader.read(100), 10):
                    pass
            self.assertTrue(await asyncio.wait_for(readers[2].read(1), 10))

        run(work)

    def test_what_the_device_logs_arrives(self):
        async def work(device, number):
            client = await Client().connect(number)
            await client.hello()
            await client.port.send(9, b"nonsense")
            await client.result("tools/list")
            self.assertIn("channel 9", client.port.link.take_logs()[0])
            client.close()

        run(work)

    @unittest.skipIf(platform.MICROPYTHON, "without threads or interrupts the link stands still during a call")
    def test_a_runaway_call_is_cancelled_through_the_link(self):
        async def work(device, number):
            client = await Client().connect(number)
            await run_away(device, client)
            self.assertTrue(client.port.link.cancel(cancel_key("gw", 900)))
            client.port._kick.set()
            self.assertEqual((await client.tool("kit.add", a=1, b=2))["structuredContent"], {"result": 3})
            self.assertEqual(device.rpc.counters["cancelled"], 1)
            client.close()

        run(work)

    @unittest.skipIf(platform.MICROPYTHON, "without threads or interrupts the link stands still during a call")
    def test_a_device_that_stops_takes_its_runaway_call_along(self):
        async def work(device, number):
            client = await Client().connect(number)
            await run_away(device, client)
            client.close()

        # The flag is the whole process's, and nothing of this device clears it any more.
        self.addCleanup(platform.native().cancel, False)
        # asyncio.run waits for the thread of the call: this ends only when the call does.
        run(work)

    @unittest.skipIf(platform.MICROPYTHON, "without threads or interrupts the link stands still during a call")
    def test_a_runaway_call_is_cancelled_by_the_notification(self):
        async def work(device, number):
            client = await Client().connect(number)
            await run_away(device, client)
            await client.send({"method": "notifications/cancelled", "params": {"requestId": 900}})
            await client.result("tools/list")
            self.assertEqual(device.rpc.counters["cancelled"], 1)
            client.close()

        run(work)
