#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What components cost: typed calls on this machine and on the emulated boards, memory, admission and deployment.

Prints one JSON object as its last line. The component is tests/support/analyzer; the call takes a record with a string and a list
and returns a result of a record with a string. Instructions are counted under -icount shift=0 and equal from run to
run; seconds of this machine are the best of several rounds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests/board"), str(HERE)]

from bench_board import BOARDS, SEED, build  # noqa: E402
from client import Client  # noqa: E402
from motet_native import wasm  # noqa: E402
from wire import Wire  # noqa: E402

from motet.components import descriptor, install, packages, tools, wit  # noqa: E402
from motet.components.admission import Admitted  # noqa: E402
from motet.emulate import create  # noqa: E402
from motet.fleet import RpcError  # noqa: E402

ANALYZER = ROOT / "tests/support/analyzer"
READING = {"name": "temp", "values": [1.0, 2.0, 3.5]}
ROUNDS, CALLS = 7, 20_000
ADD = bytes.fromhex("0061736d0100000001070160027f7f017f03020100070701036164640000" + "0a09010700200020016a0b")


def best(work: Callable[[], object], calls: int) -> float:
    """Seconds of CPU for one call, in the best of some rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(calls):
            work()
        times.append((time.process_time() - start) / calls)
    return min(times)


def on_this_machine(admitted: Admitted) -> dict[str, Any]:
    world = wit.load((ANALYZER / "analyzer.wit").read_text(), "analyzer.wit")
    types, limits = wasm.Types(descriptor.encode(world.exports)), admitted.manifest.limits

    def instantiate() -> wasm.Instance:
        instance = wasm.Instance(admitted.module, memory=limits.memory, stack=limits.stack)
        instance.fuel = (1 << 32) - 1
        instance.typed("analyze", types)
        return instance

    analyze = instantiate().typed("analyze", types)
    plain = wasm.Instance(ADD)
    plain.fuel = (1 << 32) - 1
    add = plain.find("add")
    figures = {
        "instantiate_us": best(instantiate, CALLS // 20) * 1e6,
        "raw_call_us": best(lambda: add(1, 2), CALLS) * 1e6 - best(lambda: None, CALLS) * 1e6,
        "typed_calls_per_s": 1 / best(lambda: analyze(READING), CALLS),
    }
    return {name: round(value, 3 if value < 1000 else 0) for name, value in figures.items()}


def on_board(board: str, admitted: Admitted) -> dict[str, Any]:
    folder = ROOT / "build/bench/components"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.py").write_text(f"ARTIFACT = {admitted.artifact!r}\n" + (HERE / "component_program.py").read_text())
    image = Path(build(board, "--main", str(folder))["elf"])
    with create(board, firmware=image, seed=SEED) as machine, Wire(machine.port, console=machine.console_port) as wire:
        machine.reset()
        wire.until(lambda: b"BENCH {" in wire.text and wire.text.endswith(b"}\r\n"), "result of the bench")
        return dict(json.loads(bytes(wire.text).rpartition(b"BENCH ")[2]))


class _Fleet:
    def __init__(self, client: Client) -> None:
        self._client = client

    async def call(self, device: str, method: str, params: dict[str, Any], timeout: float) -> Any:
        answer = self._client.request(method, **params)
        if "error" in answer:
            raise RpcError(device, answer["error"]["code"], answer["error"]["message"])
        return answer["result"]


def deployed(board: str) -> float:
    """Seconds from a package to a tool that answers on the emulated board, over its link."""
    package = packages.read(ANALYZER)
    image = Path(build(board)["elf"])
    with create(board, firmware=image, seed=SEED) as machine, Wire(machine.port) as wire:
        client = Client(wire)
        start = time.monotonic()
        accepted = packages.accept(package)
        asyncio.run(install.install(_Fleet(client), "b1", accepted))
        assert client.tool("lab.mirror", text="x") == {"result": "x"}
        return round(time.monotonic() - start, 3)


def main() -> None:
    admitted = packages.accept(packages.read(ANALYZER))
    assert isinstance(admitted, Admitted)
    given = tools.of(admitted.manifest, (ANALYZER / "analyzer.wit").read_text())
    figures: dict[str, Any] = {"host": on_this_machine(admitted)}
    figures |= {board: on_board(board, admitted) for board in BOARDS}
    figures["stm32f405"]["deploy_s"] = deployed("stm32f405")
    figures["sizes"] = {"module": len(admitted.module), "artifact": len(admitted.artifact)}
    figures["sizes"]["descriptor"] = len(tools.describe(given))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
