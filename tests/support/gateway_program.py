# SPDX-License-Identifier: Apache-2.0
"""A gateway as a program of its own, in front of a fleet in memory.

python -m tests.support.gateway_program http|stdio [waits|arrival|limited]
"""

from __future__ import annotations

import asyncio
import sys

from tests.support.memory_fleet import MemoryDevice, MemoryFleet, add

from motet.config import Limits
from motet.gateway.app import GatewayApp
from motet.gateway.front import Front
from motet.gateway.options import Options
from motet.gateway.server import run, serve
from motet.gateway.stdio import serve_stdio
from motet.observe import Metrics, setup_logging


async def waits(_params, _progress):
    print("called", file=sys.stderr, flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        print("cancelled", file=sys.stderr, flush=True)


async def main(transport, scene=""):
    setup_logging("error")
    fleet = MemoryFleet(MemoryDevice("pump"))
    limits = Limits(caller_per_s=0.001, caller_burst=6) if scene == "limited" else Limits()
    options = Options(port=0, drain_s=1, limits=limits)
    if scene == "waits":
        fleet.answers["math.add"] = waits
    if transport == "http":
        await serve(GatewayApp(fleet, Metrics(), options), options, lambda url: print(url, flush=True))
        print("stopped", file=sys.stderr, flush=True)
        return
    front = Front(fleet, Metrics(), options)
    if scene == "arrival":

        async def arrival(params, progress):
            fleet.put(MemoryDevice("valve"))
            return await add(params, progress)

        fleet.answers["math.add"] = arrival
    await serve_stdio(front)
    print("stopped", file=sys.stderr, flush=True)


if __name__ == "__main__":
    run(main(*sys.argv[1:]))
