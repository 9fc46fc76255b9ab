# SPDX-License-Identifier: Apache-2.0
"""The port of a microcontroller: interrupts pump the link, the event loop polls it."""

import asyncio
import sys
import unittest

import rig
from component_artifacts import CALLS, artifact
from motet_native import frame

from motet_core import platform
from motet_core.device import Device
from motet_core.port import REPLY
from motet_core.wire import blocks

MTU = 256


def link(epoch):
    return frame.Link(mtu=MTU, epoch=epoch)


class Board:
    """Stands for motet_port: `attach` remembers the link that interrupts would pump."""

    def __init__(self):
        self.link = None

    def attach(self, link):
        self.link = link


async def wire(one, other):
    """Stands for the interrupts at both ends."""
    while True:
        for source, target in ((one, other), (other, one)):
            data = source.output(platform.clock_ms())
            if data:
                target.feed(data, platform.clock_ms())
        await asyncio.sleep_ms(1)


# CPython cannot poll a link, and has no board either.
BoardTest = unittest.TestCase if platform.MICROPYTHON else object


class IrqTest(BoardTest):
    def setUp(self):
        self.board = sys.modules["motet_port"] = Board()
        self.addCleanup(sys.modules.pop, "motet_port")

    def run_pair(self, work):
        from motet_core.port_irq import IrqPort

        async def main():
            device = self.device = Device(IrqPort(link(5), MTU), id="dut", max_total=8192, sensors=[])
            client = rig.Rig()
            client.port = IrqPort(link(7), MTU)
            tasks = [asyncio.create_task(device.run()), asyncio.create_task(wire(device.port.link, client.port.link))]
            await client.hello()
            await work(client)
            for task in tasks:
                task.cancel()

        asyncio.run(main())

    def test_serves_through_a_polled_link(self):
        async def work(client):
            self.assertIs(self.board.link, client.port.link)
            await client.install("component", "kit", artifact(calls=CALLS[:2]))
            self.assertEqual((await client.tool("kit.add", a=1, b=2))["structuredContent"], {"result": 3})

        self.run_pair(work)

    def test_two_long_messages_at_once_both_arrive(self):
        """Only one task may wait for room in a polled link: the other one must wait for its turn."""

        async def work(client):
            send = self.device._send
            both = asyncio.create_task(asyncio.gather(send(REPLY, b"\xa1" * 3000), send(REPLY, b"\xa2" * 3000)))
            joiner, got = blocks.Joiner(4096, platform.clock_ms), []
            while len(got) < 2:
                payload = joiner.feed((await asyncio.wait_for(client.port.recv(), 10))[1])
                if payload is not None:
                    got.append((payload[0], len(payload)))
            await both
            self.assertEqual(got, [(0xA1, 3000), (0xA2, 3000)])

        self.run_pair(work)
