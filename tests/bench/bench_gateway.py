#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a tools/call costs the gateway, HTTP to broker to virtual device and back; what a list of five tools costs the line.

Gateway, broker, virtual devices and load are processes of their own. CPU per call is the gateway's own (all threads); the same
run measures a bare echo server on the MCP SDK, for ratios, and a bare ASGI application, the ceiling. All of them are measured in
turns, and the round with the least CPU time counts, of each alike: other work on the machine can only add to it. Calls a second
are what came through with everything on this machine's cores; `cpu_limited_calls_per_s` is what the gateway's process would carry
with a core to itself. Prints one JSON object; `run_all.py bench_gateway` holds it against its targets.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(HERE)]

import uvloop  # noqa: E402
from http_load import Load, drive  # noqa: E402
from processes import cpu_seconds  # noqa: E402
from tests.support.loopback import tools_known  # noqa: E402
from tests.support.virtual_devices import TOOLS, VirtualDevice  # noqa: E402

from motet.bus import BrokerUrl, Bus, broker  # noqa: E402
from motet.fleet import Fleet  # noqa: E402

SECONDS, WARM_UP, ROUNDS = 0.5, 0.5, 12
DEVICES, IN_FLIGHT, FLEET_ROUNDS = 1000, 50, 10


def quantile(values: list[float], q: float) -> float:
    return sorted(values)[min(len(values) - 1, int(q * len(values)))]


class Server:
    """One of gateway_servers.py in a process of its own, with `count` devices where it has any."""

    def __init__(self, kind: str, count: int = 100) -> None:
        command = [sys.executable, "-m", "tests.bench.gateway_servers", kind, str(count)]
        self._child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._child.stdout is not None
        self.said = json.loads(self._child.stdout.readline())
        self.pid, self.tools = self._child.pid, [f"device{number}.{TOOLS[0]['name']}" for number in range(count)]
        self.measure(10, WARM_UP)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.terminate()
        self._child.wait(30)
        assert self._child.stdout is not None
        self._child.stdout.close()

    def measure(self, in_flight: int, seconds: float = SECONDS) -> dict[str, float]:
        """One run. CPU times are microseconds a call."""
        processes = {"cpu_us": self.pid, "load_cpu_us": os.getpid()}
        if "devices" in self.said:
            processes["devices_cpu_us"] = self.said["devices"]
        before, start = {name: cpu_seconds(pid) for name, pid in processes.items()}, time.perf_counter()
        load: Load = uvloop.run(drive(self.said["port"], self.tools, in_flight, seconds))
        took = time.perf_counter() - start
        if load.failed or not load.seconds:
            raise SystemExit(f"{load.failed} calls failed, the first: {load.first_failure.decode(errors='replace')}")
        calls = len(load.seconds)
        cpu = {name: round((cpu_seconds(pid) - before[name]) / calls * 1e6, 1) for name, pid in processes.items()}
        times = {f"p{q}_ms": round(quantile(load.seconds, q / 100) * 1e3, 3) for q in (50, 99)}
        return {**cpu, "calls_per_s": round(calls / took), **times}


def side_by_side() -> dict[str, dict[str, Any]]:
    """Each server with 10 calls in flight, in turns, so that what else the machine does meets all of them alike."""
    kinds = ("asgi", "sdk_echo", "fast", "full", "loopback")
    servers = {kind: Server(kind) for kind in kinds}
    try:
        rounds = [{kind: server.measure(10) for kind, server in servers.items()} for _ in range(ROUNDS)]
        alone = {kind: server.measure(1) for kind, server in servers.items()}
    finally:
        for server in servers.values():
            server.__exit__()
    found = {kind: [one[kind] for one in rounds] for kind in kinds}
    return {
        kind: {
            "10_in_flight": min(found[kind], key=lambda one: one["cpu_us"]),
            "median_cpu_us": median(one["cpu_us"] for one in found[kind]),
            "1_in_flight": alone[kind],
        }
        for kind in kinds
    }


def fleet_of(devices: int) -> dict[str, Any]:
    """The fast path with many devices, each called in turn; the best of a few rounds."""
    with Server("fast", devices) as server:
        rounds = [server.measure(IN_FLIGHT, 1.0) for _ in range(FLEET_ROUNDS)]
        best = max(rounds, key=lambda one: one["calls_per_s"])
        limited = round(1e6 / min(one["cpu_us"] for one in rounds))
        return {"devices": devices, "broker": server.said["broker"], **best, "cpu_limited_calls_per_s": limited}


async def list_on_the_wire() -> dict[str, Any]:
    """Bytes of requests and answers until the gateway knows the five tools of a device, and of one more such device."""
    with broker.start() as engine:
        bus = await Bus.connect(engine.url, "bench-list")
        fleet, at, bytes_so_far = Fleet(bus, "bench"), BrokerUrl.parse(engine.url), [0]
        await fleet.start()
        for number in range(2):
            await asyncio.get_running_loop().create_connection(
                lambda number=number: VirtualDevice("bench", f"device{number}"),
                at.host,
                at.port,  # type: ignore[misc]
            )
            await tools_known(fleet, number + 1)
            bytes_so_far.append(sum(fleet.traffic().values()))
        await fleet.close()
        await bus.close()
    as_json = len(json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"resultType": "complete", "tools": TOOLS}}))
    return {
        "tools": len(TOOLS),
        "json_bytes": as_json,
        "first_bytes": bytes_so_far[1],
        "known_bytes": bytes_so_far[2] - bytes_so_far[1],
    }


def main() -> None:
    load_before = os.getloadavg()[0]
    servers = side_by_side()
    cpu = {kind: found["10_in_flight"]["cpu_us"] for kind, found in servers.items()}
    figures = {
        "load_average_before": round(load_before, 2),
        "fast": {"cpu_ms": round(cpu["fast"] / 1e3, 3), "ratio_to_sdk_echo": round(cpu["fast"] / cpu["sdk_echo"], 2)},
        "full": {"cpu_ms": round(cpu["full"] / 1e3, 3), "ratio_to_sdk_echo": round(cpu["full"] / cpu["sdk_echo"], 2)},
        "sdk_echo_cpu_ms": round(cpu["sdk_echo"] / 1e3, 3),
        "asgi_cpu_ms": round(cpu["asgi"] / 1e3, 3),
        "fleet": fleet_of(DEVICES),
        "list": asyncio.run(list_on_the_wire()),
        "servers": servers,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
