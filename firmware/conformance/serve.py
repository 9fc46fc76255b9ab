# SPDX-License-Identifier: Apache-2.0
"""The device core with the fixture, as a process: python serve.py ID prints the port of its serial line, and ends with its
standard input."""

import asyncio
import sys

from motet_conformance.provider import Conformance
from motet_native.frame import Link

from motet_core.device import Device
from motet_core.port_stream import StreamPort


async def main(name):
    port = StreamPort(Link(mtu=512), 512)
    device = Device(port, id=name, extras=(Conformance,))
    server = await asyncio.start_server(port.connected, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    running = asyncio.create_task(device.run())
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    running.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
