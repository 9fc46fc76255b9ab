#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU and latency of one tools/call through the gateway, HTTP in to HTTP out, with the device simulated in its process.

Servers run in child processes, the load in this one. CPU per call is the server's own (all threads), so other work on the
machine disturbs it little. The same run measures a bare ASGI application (the ceiling) and a bare echo server on the MCP
SDK, for ratios, and the whole way over a private broker. Prints one JSON object.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import uvloop
from http_load import Load, drive

ROOT = Path(__file__).resolve().parents[2]
SECONDS, WARM_UP = 2.0, 0.5
IN_FLIGHT = (1, 10, 50)
TOOLS = {"mqtt": "device1.sim.echo"}
TOOL = "device1.math.add"


def cpu_seconds(pid: int) -> float:
    """CPU time of another process in nanosecond resolution (clock_getcpuclockid(3) describes the clock id)."""
    return time.clock_gettime((~pid << 3) | 2)


def quantile(values: list[float], q: float) -> float:
    return sorted(values)[min(len(values) - 1, int(q * len(values)))]


def measure(pid: int, port: int, tool: str, in_flight: int) -> dict[str, float]:
    uvloop.run(drive(port, tool, in_flight, WARM_UP))
    cpu, start = cpu_seconds(pid), time.perf_counter()
    load: Load = uvloop.run(drive(port, tool, in_flight, SECONDS))
    cpu, took = cpu_seconds(pid) - cpu, time.perf_counter() - start
    if load.failed:
        raise SystemExit(f"{load.failed} calls failed, the first: {load.first_failure.decode(errors='replace')}")
    calls = len(load.seconds)
    return {
        "cpu_us_per_call": round(cpu / calls * 1e6, 1),
        "calls_per_s": round(calls / took),
        "p50_ms": round(quantile(load.seconds, 0.5) * 1e3, 3),
        "p99_ms": round(quantile(load.seconds, 0.99) * 1e3, 3),
    }


def bench(server: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.gateway_servers", server]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        port = int(child.stdout.readline())
        try:
            return {str(n): measure(child.pid, port, TOOLS.get(server, TOOL), n) for n in IN_FLIGHT}
        finally:
            child.terminate()


def main() -> None:
    results = {server: bench(server) for server in ("asgi", "sdk_echo", "gateway", "mqtt")}
    cpu = {server: result["10"]["cpu_us_per_call"] for server, result in results.items()}
    figures = {
        "cpu_us_per_call": cpu["gateway"],
        "mqtt_cpu_us_per_call": cpu["mqtt"],
        "ratio_to_asgi": round(cpu["gateway"] / cpu["asgi"], 2),
        "ratio_to_sdk_echo": round(cpu["gateway"] / cpu["sdk_echo"], 2),
        "in_flight": results,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
