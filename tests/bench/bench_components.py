#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What components cost: typed calls on this machine and on the emulated boards, memory, admission and deployment.

Prints one JSON object as its last line; `run_all.py bench_components` holds it against its targets. The component is
tests/support/analyzer; the call takes a record with a string and a list and returns a result of a record with a string.
Instructions are counted under -icount shift=0 and equal from run to run; seconds of this machine are the best of several rounds.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests/board"), str(ROOT / "tests/dual"), str(HERE)]

import bench_admission  # noqa: E402
import served_guest  # noqa: E402
from bench_board import BOARDS, SEED, build  # noqa: E402
from client import Client  # noqa: E402
from motet_native import wasm  # noqa: E402
from wire import Wire  # noqa: E402

from motet.components import descriptor, install, jit, packages, tools, wit  # noqa: E402
from motet.components.admission import Admitted  # noqa: E402
from motet.components.build import build as build_module  # noqa: E402
from motet.components.sdk import templates  # noqa: E402
from motet.emulate import create  # noqa: E402
from motet.fleet import RpcError  # noqa: E402
from motet_core import cbor  # noqa: E402

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


def on_this_machine(engine: Any, admitted: Admitted) -> dict[str, float]:
    """One of the engines: that of devices, or the gateway's. A call is given its fuel anew each time, as the core does."""
    world = wit.load((ANALYZER / "analyzer.wit").read_text(), "analyzer.wit")
    types, limits = engine.Types(descriptor.encode(world.exports)), admitted.manifest.limits

    def instantiate() -> Any:
        instance = engine.Instance(admitted.module, memory=limits.memory, stack=limits.stack)
        instance.fuel = limits.fuel
        return instance, instance.typed("analyze", types)

    instance, analyze = instantiate()
    plain = engine.Instance(ADD)
    plain.fuel = 1 << 31
    add = plain.find("add")

    def call() -> None:
        instance.fuel = limits.fuel
        analyze(READING)

    figures = {
        "instantiate_us": best(instantiate, CALLS // 20) * 1e6,
        "raw_call_us": best(lambda: add(1, 2), CALLS) * 1e6 - best(lambda: None, CALLS) * 1e6,
        "typed_calls_per_s": 1 / best(call, CALLS // 4),
    }
    return {name: round(value, 3 if value < 1000 else 0) for name, value in figures.items()}


def messages(board: str) -> dict[str, Any]:
    """Instructions of a message from one component to another on the board, and of the answer's way back."""
    asker = packages.accept(packages.read(HERE / "asker"))
    assert isinstance(asker, Admitted)
    header, limits = asker.manifest.component, asker.manifest.capabilities.limits()
    # The fields of motet_core.grant, which counts a grant's signature as checked.
    grant = cbor.dumps({1: header.name, 2: header.revision, 3: asker.digest, 6: limits, 7: 1})
    data = {"ASKER": asker.artifact, "ANSWERER": served_guest.artifact(fuel=10_000), "GRANT": grant}
    return program(board, "messages", data, "message_program.py", "--boards", str(roomy(board)))


def checks(board: str) -> dict[str, Any]:
    """Instructions that asking the grant takes at each call of an import, and those of a denial."""
    watcher = packages.accept(packages.read(HERE.parent / "support/watcher"))
    assert isinstance(watcher, Admitted)
    header, limits = watcher.manifest.component, watcher.manifest.capabilities.limits()
    grant = cbor.dumps({1: header.name, 2: header.revision, 3: watcher.digest, 6: limits, 7: 1})
    data = {"WATCHER": watcher.artifact, "GRANT": grant}
    return program(board, "imports", data, "import_program.py", "--boards", str(roomy(board)))


def roomy(board: str) -> Path:
    """A folder with the board, but with more room for its image: the product's own limit leaves a program hardly any."""
    folder = ROOT / "build/bench/boards"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "boards" / board, folder / board)
    budgets = folder / board / "budgets.toml"
    budgets.write_text(re.sub(r"(?m)^flash = .*$", "flash = 450_000", budgets.read_text()))
    return folder


def on_board(board: str, admitted: Admitted) -> dict[str, Any]:
    return program(board, "components", {"ARTIFACT": admitted.artifact}, "component_program.py")


def program(board: str, name: str, data: dict[str, bytes], source: str, *options: str) -> dict[str, Any]:
    """What a program prints that runs on the board instead of the core, with some data in front of it."""
    folder = ROOT / "build/bench" / name
    folder.mkdir(parents=True, exist_ok=True)
    given = "".join(f"{key} = {value!r}\n" for key, value in data.items())
    (folder / "main.py").write_text(given + (HERE / source).read_text())
    image = Path(build(board, "--main", str(folder), *options)["elf"])
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


def deployed(board: str) -> dict[str, Any]:
    """Seconds from a package of some 5 KB to a tool that answers on the emulated board, over its link; the best of three."""
    package = packages.Package(packages.COMPONENT, "large", 1, bench_admission.large_module(), bench_admission.LARGE)
    # The gateway has its children ready.
    size = len(packages.accept(package).artifact)
    image = Path(build(board)["elf"])
    with create(board, firmware=image, seed=SEED) as machine, Wire(machine.port) as wire:
        client = Client(wire)
        return {"deploy_s": min(_deploy(client, package) for _ in range(3)), "deployed_bytes": size}


def _deploy(client: Client, package: packages.Package) -> float:
    start = time.monotonic()
    accepted = packages.accept(package)
    asyncio.run(install.install(_Fleet(client), "b1", accepted))
    assert "result" in client.tool("large.t0", a=1)
    taken = time.monotonic() - start
    client.request("artifact.remove", kind="component", name="large")
    return round(taken, 3)


def c_template() -> int:
    """Bytes of the module of a new component in C, as it comes from the compiler, stripped."""
    with tempfile.TemporaryDirectory() as folder:
        made = templates.create(Path(folder), "fresh", "c", "basic")
        return len(build_module(made.folder).module)


def main() -> None:
    admitted = packages.accept(packages.read(ANALYZER))
    assert isinstance(admitted, Admitted)
    given = tools.of(admitted.manifest, (ANALYZER / "analyzer.wit").read_text())
    figures: dict[str, Any] = {"host": on_this_machine(wasm, admitted), "gateway": on_this_machine(jit, admitted)}
    figures |= {board: on_board(board, admitted) for board in BOARDS}
    figures["stm32f405"] |= {**deployed("stm32f405"), "message": messages("stm32f405")["message"], "grant": checks("stm32f405")}
    figures["sizes"] = {"c_template": c_template()}
    figures["sizes"] |= {"module": len(admitted.module), "artifact": len(admitted.artifact)}
    figures["sizes"]["descriptor"] = len(tools.describe(given))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
