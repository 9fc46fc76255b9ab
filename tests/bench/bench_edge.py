#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The edge node: size of its binary, and its resident memory after serving the list of tools and a hundred calls."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

from motet.bridge import Bridge
from motet.bus import Bus, broker
from motet.cli.stack import online
from motet.fleet import Fleet

BINARY = Path("build/edge/motet-edge")
DEVICE = "edge-bench"
CALLS = 100


def resident(pid: int) -> int:
    """VmRSS in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"process {pid} is gone")


async def serve_and_measure(url: str, pid: int) -> int:
    """Connect the node to a private broker, use it, and read its memory."""
    engine = broker.start("auto")
    bridge = asyncio.create_task(Bridge(url, engine.url, "bench").run())
    try:
        bus = await Bus.connect(engine.url, "bench-gateway")
        fleet = Fleet(bus, "bench")
        await fleet.start()
        await online(fleet, DEVICE, 20)
        for _ in range(CALLS):
            await fleet.call_tool(DEVICE, "vitals.read", {})
        memory = resident(pid)
        await fleet.close()
        await bus.close()
        return memory
    finally:
        bridge.cancel()
        await asyncio.gather(bridge, return_exceptions=True)
        engine.stop()


def main() -> None:
    node = subprocess.Popen([BINARY, "--listen", "127.0.0.1:0", "--id", DEVICE], stdout=subprocess.PIPE, text=True)
    assert node.stdout
    try:
        address = node.stdout.readline().split()[-1]
        memory = asyncio.run(serve_and_measure(f"socket://{address}", node.pid))
    finally:
        node.kill()
        node.wait()
    print(json.dumps({"binary_bytes": BINARY.stat().st_size, "rss_bytes": memory, "calls": CALLS}))


if __name__ == "__main__":
    main()
