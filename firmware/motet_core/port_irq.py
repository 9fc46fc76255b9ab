# SPDX-License-Identifier: Apache-2.0
"""The port of a microcontroller: UART and tick interrupts feed and drain the link, the core only waits for it."""

import asyncio

import motet_port

from motet_core.port import LinkPort


class IrqPort(LinkPort):
    """`link`: a motet_native.frame.Link; from here on the board's interrupts own both ends of it."""

    def __init__(self, link, mtu):
        super().__init__(link, mtu)
        motet_port.attach(link)

    # These two are generators, MicroPython's awaitables: the event loop polls the link itself, and sleeps between interrupts.
    def wait_readable(self):
        yield asyncio.core._io_queue.queue_read(self.link)

    def wait_writable(self):
        yield asyncio.core._io_queue.queue_write(self.link)

    async def run(self):
        """Nothing to pump."""
