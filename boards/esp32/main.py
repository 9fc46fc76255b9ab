# SPDX-License-Identifier: Apache-2.0
# Frozen as main.py into MicroPython's esp32 port: the device core on UART 2. Not verified, see README.md.
import asyncio
import os

import machine
from motet_native import frame

from motet_core.device import Device
from motet_core.port_stream import StreamPort

MTU = 512


async def main():
    line = asyncio.StreamReader(machine.UART(2, 115200, rxbuf=4096))
    port = StreamPort(frame.Link(mtu=MTU, epoch=int.from_bytes(os.urandom(4), "big") or 1), MTU)
    serving = asyncio.create_task(port.connected(line, line))
    await Device(port, board="esp32", max_total=4096).run()
    await serving


asyncio.run(main())
