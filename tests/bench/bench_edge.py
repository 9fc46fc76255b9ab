#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The edge node: size of its binary, memory while it serves a fleet, and tool calls of a component and of a model on standard
input and output.

A call lasts from the line that asks to the line that answers. `p99_ms` is what a clock shows; `p99_own_ms` is without the time in
which node or client were ready and had no core, which is what other work on the machine costs.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

from motet.bridge import Bridge
from motet.bus import Bus, broker
from motet.cli.stack import online
from motet.components.install import install
from motet.components.packages import accept, read
from motet.fleet import Fleet
from motet.paths import data

T = TypeVar("T")
BINARY = Path("build/edge/motet-edge")
DEVICE = "edge-bench"
CALLS = 100
TIMED_CALLS = 2000
WARM_UP = 50
_PREFIX = "io.modelcontextprotocol/"
META = {_PREFIX + "protocolVersion": "2026-07-28", _PREFIX + "clientCapabilities": {}}


def resident(pid: int) -> int:
    """VmRSS in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"process {pid} is gone")


def cpu_s(pid: int) -> float:
    """User and system time in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def waited_ns(pid: int) -> int:
    """How long this process and that one were ready to run without a core."""
    return sum(int(Path(f"/proc/{one}/schedstat").read_text().split()[1]) for one in (pid, "self"))


@contextlib.contextmanager
def node(*options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([BINARY, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextlib.asynccontextmanager
async def fleet_of(url: str) -> AsyncIterator[Fleet]:
    """The node behind a bridge, at a private broker."""
    engine = broker.start("auto")
    bridge = asyncio.create_task(Bridge(url, engine.url, "bench").run())
    try:
        bus = await Bus.connect(engine.url, "bench-gateway")
        fleet = Fleet(bus, "bench")
        await fleet.start()
        await online(fleet, DEVICE, 20)
        yield fleet
        await fleet.close()
        await bus.close()
    finally:
        bridge.cancel()
        await asyncio.gather(bridge, return_exceptions=True)
        engine.stop()


async def serve(url: str, pid: int) -> int:
    """Resident memory after calls through the fleet."""
    async with fleet_of(url) as fleet:
        for _ in range(CALLS):
            await fleet.call_tool(DEVICE, "vitals.read", {})
        return resident(pid)


async def equip(url: str, _pid: int) -> None:
    """Puts a component and a model on the node."""
    async with fleet_of(url) as fleet:
        for package in (data("models") / "digits/digits.tflite", data("examples") / "vote"):
            await install(fleet, DEVICE, accept(read(package)))


def listening(work: Callable[[str, int], Coroutine[Any, Any, T]], *options: str) -> T:
    """What `work` gives of a node at a socket in the place of a serial line."""
    with node("--listen", "127.0.0.1:0", "--id", DEVICE, *options) as process:
        assert process.stdout
        address = process.stdout.readline().split()[-1]
        return asyncio.run(work(f"socket://{address}", process.pid))


def round_trips(process: subprocess.Popen[str], tool: str, arguments: list[dict[str, Any]]) -> dict[str, float]:
    """One call after the other, each with the next of `arguments`."""
    assert process.stdin and process.stdout
    times, own, before = [], [], 0.0
    for number in range(WARM_UP + TIMED_CALLS):
        if number == WARM_UP:
            before = cpu_s(process.pid)
        params = {"name": tool, "arguments": arguments[number % len(arguments)], "_meta": META}
        line = json.dumps({"jsonrpc": "2.0", "id": f"{tool}-{number}", "method": "tools/call", "params": params})
        waited, began = waited_ns(process.pid), time.perf_counter_ns()
        process.stdin.write(line + "\n")
        answer = process.stdout.readline()
        times.append(time.perf_counter_ns() - began)
        own.append(times[-1] - waited_ns(process.pid) + waited)
        result = json.loads(answer)
        if result.get("id") != f"{tool}-{number}" or result["result"]["isError"]:
            raise RuntimeError(f"{tool}: {answer[:300]}")
    used = cpu_s(process.pid) - before
    whole, alone = quantiles(times[WARM_UP:]), quantiles(own[WARM_UP:])
    shown = {"p50_ms": whole[49], "p99_ms": whole[98], "p99_own_ms": alone[98]}
    return {**shown, "cpu_ms": round(used * 1000 / TIMED_CALLS, 3), "calls": TIMED_CALLS}


def quantiles(times: list[int]) -> list[float]:
    """The 99 percentiles in milliseconds."""
    return [round(cut / 1e6, 3) for cut in statistics.quantiles(times, n=100)]


def stdio(flash: str) -> dict[str, Any]:
    """Both kinds of calls by a client that speaks MCP with the node itself."""
    chance = random.Random(7)
    images = [base64.b64encode(bytes(chance.randrange(17) for _ in range(64))).decode() for _ in range(16)]
    with node("--stdio", "--id", DEVICE, "--flash", flash) as process:
        voted = round_trips(process, "vote.push", [{"label": label} for label in range(10)])
        seen = round_trips(process, "models.predict", [{"model": "digits", "input": image} for image in images])
        return {"component": voted, "model": seen, "stdio_rss_bytes": resident(process.pid)}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        flash = str(Path(folder) / "flash")
        listening(equip, "--flash", flash)
        result = {"binary_bytes": BINARY.stat().st_size, "rss_bytes": listening(serve), "calls": CALLS, **stdio(flash)}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
