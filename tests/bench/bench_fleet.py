#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A gateway with 10,000 devices: memory, lists, searches, and what it does when the broker restarts or all devices boot anew.

The gateway is `motet up` in a process of its own, the broker a real mosquitto that is killed and started again, the devices are
fleet_program.py: one MQTT connection, last will and presence record each. "Settled" means that the gateway counts every device as
shown on the new connection and that 100 devices, chosen at random, answer a call rightly. Prints one JSON object.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fleet_program import BOARDS, VERBS, device_id
from processes import cpu_seconds, memory

from motet.bus import broker

ROOT = Path(__file__).resolve().parents[2]
DEVICES, SAMPLE, REALM = 10_000, 100, "bench"
REVISION = "2026-07-28"
LONGEST_S, ALTOGETHER_S = 60.0, 170
_META = {
    "io.modelcontextprotocol/protocolVersion": REVISION,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
}
SEARCHES = ("", "temperature", "start pump", "limit valve", "meter 00042", "log of the press", "nothing has this word")


class Gateway:
    """A running `motet up`."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.pid = process.pid
        note = folder / "gateway.json"

        def started() -> bool:
            if process.poll() is not None:
                raise SystemExit(f"the gateway ended: {(folder / 'log.txt').read_text()[-400:]}")
            return note.exists()

        wait_for(started, "the gateway to start")
        self._http = http.client.HTTPConnection(str(urlsplit(json.loads(note.read_text())["url"]).netloc), timeout=LONGEST_S)

    def get(self, path: str) -> bytes:
        """What the HTTP API answers."""
        self._http.request("GET", path)
        return self._http.getresponse().read()

    def metrics(self) -> dict[str, float]:
        """The figures of /metrics by name and labels."""
        lines = self.get("/metrics").decode().splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}

    def ask(self, method: str, params: dict[str, Any], path: str = "/mcp") -> tuple[dict[str, Any], int]:
        """The result of an MCP request and the bytes of its answer."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": _META}})
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": REVISION,
            "Mcp-Method": method,
            **({"Mcp-Name": params["name"]} if "name" in params else {}),
        }
        self._http.request("POST", path, body, headers)
        data = self._http.getresponse().read()
        answer = json.loads(data)
        if "result" not in answer:
            raise SystemExit(f"{method} {params}: {data[:300].decode()}")
        return answer["result"], len(data)

    def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The structured content of a tool's result."""
        return dict(self.ask("tools/call", {"name": tool, "arguments": arguments})[0].get("structuredContent", {}))

    def settled(self) -> bool:
        """Whether every device is connected, has shown itself on this connection to the broker, and has its tools."""
        found = self.metrics()
        there = found['motet_devices{state="online"}'] - found["motet_devices_awaited"]
        return bool(found["motet_bus_connected"] and there == DEVICES and found["motet_tools"] == DEVICES * len(VERBS))

    def sample(self) -> int:
        """How many of SAMPLE random devices answer a call with what only they can."""
        right = 0
        for number in random.sample(range(DEVICES), SAMPLE):
            device, value = device_id(number), random.randrange(1 << 30)
            tool = f"{device}.{BOARDS[number % len(BOARDS)]}.{random.choice(VERBS)}"
            right += self.call(tool, {"value": value}) == {"device": device, "value": value}
        return right


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Return once it is so; end the bench when that takes too long."""
    until = time.monotonic() + LONGEST_S
    while not condition():
        if time.monotonic() > until:
            raise SystemExit(f"waited {LONGEST_S:g} s for {what}")
        time.sleep(0.05)


def until_settled(gateway: Gateway, begin: Callable[[], None]) -> dict[str, Any]:
    """What it takes from `begin` until the gateway is settled."""
    cpu, start = cpu_seconds(gateway.pid), time.perf_counter()
    begin()
    wait_for(gateway.settled, "the gateway to settle")
    known = time.perf_counter() - start
    right = gateway.sample()
    figures = {
        "known_s": round(known, 2),
        "settled_s": round(time.perf_counter() - start, 2),
        "cpu_s": round(cpu_seconds(gateway.pid) - cpu, 2),
        "right_of_sample": right,
        "rss_bytes": memory(gateway.pid),
    }
    print("bench_fleet:", json.dumps(figures), file=sys.stderr, flush=True)
    return figures


def measured(gateway: Gateway, work: Callable[[], int], times: int) -> dict[str, float]:
    """One request after the other: wall time of the slowest, CPU of the gateway, size of the last answer."""
    cpu, longest, size = cpu_seconds(gateway.pid), 0.0, 0
    for _ in range(times):
        start = time.perf_counter()
        size = work()
        longest = max(longest, time.perf_counter() - start)
    cpu = cpu_seconds(gateway.pid) - cpu
    return {"cpu_ms": round(cpu / times * 1e3, 3), "longest_ms": round(longest * 1e3, 2), "bytes": size}


def lists(gateway: Gateway) -> dict[str, Any]:
    """tools/list of the fleet and of one device, a page of the fleet's resources, and what tells of all devices."""
    one = f"/mcp/device:{device_id(42)}"
    return {
        "tools_list": measured(gateway, lambda: gateway.ask("tools/list", {})[1], 20),
        "tools_list_of_one": measured(gateway, lambda: gateway.ask("tools/list", {}, one)[1], 20),
        "resources_list_page": measured(gateway, lambda: gateway.ask("resources/list", {})[1], 5),
        "api_devices": measured(gateway, lambda: len(gateway.get("/api/v1/devices")), 3),
        "metrics": measured(gateway, lambda: len(gateway.get("/metrics")), 3),
    }


def searches(gateway: Gateway) -> dict[str, Any]:
    """fleet.search for each of SEARCHES."""

    def search(query: str) -> int:
        return gateway.ask("tools/call", {"name": "fleet.search", "arguments": {"query": query}})[1]

    found = {query: measured(gateway, lambda query=query: search(query), 5) for query in SEARCHES}  # type: ignore[misc]
    return {"longest_ms": max(one["longest_ms"] for one in found.values()), "by_query": found}


@contextlib.contextmanager
def running(command: list[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that ends with the block."""
    log = folder / "log.txt"
    with log.open("w") as errors, subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


class Restarted:
    """The broker, which can be killed and started again on its port."""

    def __init__(self) -> None:
        self.engine = broker.start("mosquitto")

    def restart(self) -> None:
        port = urlsplit(self.engine.url).port
        assert port is not None
        self.engine.kill()
        self.engine.stop()
        wait_for(lambda: self._started(port), "the broker to come back")

    def _started(self, port: int) -> bool:
        try:
            self.engine = broker.start("mosquitto", port)
        except broker.BrokerError:
            # Of one that was killed the system has 10,000 connections to close before the port is free.
            return False
        return True


@contextlib.contextmanager
def serving(folder: Path, broker_url: str) -> Iterator[Gateway]:
    """A gateway with a state of its own."""
    folder.mkdir()
    config = folder / "motet.toml"
    config.write_text(f'realm = "{REALM}"\n[gateway]\nport = 0\n[broker]\nurl = "{broker_url}"\n[state]\ndir = "{folder}"\n')
    with running([sys.executable, "-m", "motet.cli", "up", "--config", str(config)], folder) as process:
        yield Gateway(process, folder)


def bench(folder: Path, engine: Restarted) -> dict[str, Any]:
    url = urlsplit(engine.engine.url)
    with serving(folder / "gateway", url.geturl()) as gateway, contextlib.ExitStack() as stack:
        alone = memory(gateway.pid)
        program = [sys.executable, "-m", "tests.bench.fleet_program", "127.0.0.1", str(url.port), REALM, str(DEVICES)]
        home = folder / "devices"
        home.mkdir()
        helper: list[subprocess.Popen[str]] = []
        arrival = until_settled(gateway, lambda: helper.append(stack.enter_context(running(program, home))))
        figures = {"arrival": arrival, "lists": lists(gateway), "search": searches(gateway)}
        storm = until_settled(gateway, engine.restart)
        reboot = until_settled(gateway, lambda: reboot_all(gateway, helper[0]))
        start = time.perf_counter()
        with serving(folder / "second", url.geturl()) as second:
            late = until_settled(second, lambda: None) | {"settled_s": round(time.perf_counter() - start, 2)}
        return {
            "devices": DEVICES,
            "mqtt_connections": DEVICES,
            "load_before": os.getloadavg()[0],
            "rss_bytes": max(one["rss_bytes"] for one in (arrival, storm, reboot)),
            "rss_peak_bytes": memory(gateway.pid, "VmHWM"),
            "rss_bytes_without_devices": alone,
            "bytes_per_device": round((arrival["rss_bytes"] - alone) / DEVICES),
            **figures,
            "storm": storm,
            "reboot": reboot,
            "second_gateway": late,
        }


def reboot_all(gateway: Gateway, helper: subprocess.Popen[str]) -> None:
    """All devices lose their connections at once, and boot."""
    assert helper.stdin is not None
    helper.stdin.write("reboot\n")
    helper.stdin.flush()
    wait_for(lambda: not gateway.settled(), "the devices to leave")


def open_many_files() -> None:
    """For the broker, which inherits it, and for the devices: one connection each."""
    most, wanted = resource.getrlimit(resource.RLIMIT_NOFILE)[1], DEVICES + 500
    if most < wanted:
        raise SystemExit(f"{DEVICES} connections need {wanted} open files, {most} are allowed: ulimit -Hn {wanted}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def give_up(*_: object) -> None:
    """Ends the bench as any failure does: with everything stopped."""
    raise SystemExit(f"the bench was ended, or took more than {ALTOGETHER_S} s")


def main() -> None:
    open_many_files()
    for reason in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(reason, give_up)
    signal.alarm(ALTOGETHER_S)
    load, engine = os.getloadavg()[0], Restarted()
    try:
        with tempfile.TemporaryDirectory(prefix="motet-bench-") as folder:
            print(json.dumps({**bench(Path(folder), engine), "load_before": round(load, 2)}))
    finally:
        engine.engine.stop()


if __name__ == "__main__":
    main()
