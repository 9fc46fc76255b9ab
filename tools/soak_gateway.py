#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A million calls HTTP -> gateway -> MQTT -> virtual devices, a hundred of whose processes restart meanwhile.

Gateway, broker and devices are processes of their own. Every answer is looked at. A call may fail because its device went
away, with an error that says so. Prints one JSON object and exits with 1 when an answer was wrong, a call failed otherwise, the
log holds a failure, or the gateway's memory grew by more than 5 % after the warm-up.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2
import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.echo_load import Load
from tests.support.gateway_process import GatewayProcess
from tests.support.virtual_fleet import VirtualFleet

from motet.gateway.errors import DEVICE_OFFLINE, DEVICE_RESTARTED

PROCESSES, DEVICES_EACH = 5, 4
CONNECTIONS = 8
WARM_UP = 0.05
MOST_GROWTH = 0.05
START_S = 60
REALM = "motet"
# What a call may fail with whose device was killed or restarted.
EXPECTED = {str(DEVICE_OFFLINE), str(DEVICE_RESTARTED)}


class Restarts:
    """Kills and restarts one process of devices after the other, every `each` calls, until there were `count`."""

    def __init__(self, fleets: list[VirtualFleet], count: int, each: int) -> None:
        self.done, self._fleets, self._count, self._each = 0, fleets, count, each
        self._due = asyncio.Semaphore(0)
        self._wanted = 0

    def called(self, done: int) -> None:
        """So many calls are over."""
        if self._wanted < self._count and done >= (self._wanted + 1) * self._each:
            self._wanted += 1
            self._due.release()

    async def run(self) -> None:
        while self.done < self._count:
            await self._due.acquire()
            fleet = self._fleets[self.done % len(self._fleets)]
            # Every second one is a new boot behind a connection that stays, as of a device behind a bridge.
            if self.done % 2:
                fleet.reboot()
            else:
                fleet.kill()
                await fleet.start()
            self.done += 1


async def known(gateway: GatewayProcess, devices: int) -> None:
    """Return when the gateway knows the tools of that many devices."""
    async with httpx2.AsyncClient(base_url=gateway.base) as http, asyncio.timeout(START_S):
        while True:
            listed = (await http.get("/api/v1/devices")).json()["devices"]
            if sum(bool(device["online"] and device["tools"]) for device in listed) == devices:
                return
            await asyncio.sleep(0.1)


async def soak(gateway: GatewayProcess, calls: int, restarts: int, minutes: float) -> dict[str, Any]:
    fleets = [
        VirtualFleet(gateway.broker, REALM, [f"device{number}-{one}" for one in range(DEVICES_EACH)])
        for number in range(PROCESSES)
    ]
    memory: list[int] = []
    warm = max(1, int(calls * WARM_UP))
    chaos = Restarts(fleets, restarts, max(1, (calls - warm) // (restarts + 1)))

    def called(done: int) -> None:
        if done == warm:
            memory.append(gateway.rss())
        chaos.called(done - warm)

    load = Load(calls, [device for fleet in fleets for device in fleet.ids], called)
    with contextlib.ExitStack() as stack:
        for fleet in fleets:
            stack.callback(fleet.kill)
            await fleet.start()
        await known(gateway, len(load.devices))
        start, cpu = time.monotonic(), gateway.cpu_s()
        restarting = asyncio.create_task(chaos.run())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(minutes * 60):
                await load.run(gateway.port, CONNECTIONS)
                await restarting
        restarting.cancel()
        seconds = time.monotonic() - start
        return {
            "calls": load.done, "wanted": calls, "right": load.right, "wrong": load.wrong, "first_wrong": load.first_wrong,
            "failed": dict(load.failed), "restarts": chaos.done, "seconds": round(seconds, 1),
            "gateway_cpu_ms_per_call": round((gateway.cpu_s() - cpu) * 1000 / max(1, load.done), 3),
            "rss_mb": [round(one / 1e6, 1) for one in (*memory, gateway.rss())],
            "rss_growth": round(gateway.rss() / memory[0] - 1, 4) if memory else None,
            "log_failures": gateway.failures()[:5],
        }  # fmt: skip


def good(result: dict[str, Any], restarts: int) -> bool:
    complete = result["calls"] == result["wanted"] and result["restarts"] == restarts
    right = result["wrong"] == 0 and set(result["failed"]) <= EXPECTED and not result["log_failures"]
    return complete and right and result["rss_growth"] is not None and result["rss_growth"] <= MOST_GROWTH


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--restarts", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=90, help="give up after this long")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="motet-soak-") as folder, GatewayProcess(Path(folder)) as gateway:
        result = uvloop.run(soak(gateway, options.calls, options.restarts, options.minutes))
    print(json.dumps(result))
    return int(not good(result, options.restarts))


if __name__ == "__main__":
    sys.exit(main())
