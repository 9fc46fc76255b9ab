# SPDX-License-Identifier: Apache-2.0
"""`motet model bench`: instructions of each operator on an emulated core."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from motet.cli.console import Exit, FatalError, emit, say, stdout, table
from motet.cli.model import File, read
from motet.cli.options import Json, reporting
from motet.paths import repository

TIMEOUT_S = 1200


@reporting
def bench(
    model: File,
    cpu: Annotated[str, typer.Option(help="cortex-m0plus, cortex-m3, cortex-m4, cortex-m55 or rv32imac.")] = "cortex-m4",
    as_json: Json = False,
) -> None:
    """Count the instructions of each operator on an emulated core. Needs a source tree, its cross compiler and QEMU."""
    read(model)  # says what is wrong with the file before anything is compiled
    root = repository()
    if root is None:
        raise FatalError("bench compiles the engine for that core, which needs Motet's source tree")
    say(f"compiling the engine for {cpu}")
    found = _measured(root / "tools/bench_nn.py", model, cpu)
    if "error" in found:
        raise FatalError(f"{model.name}: the device engine refuses it: {found['error']}")
    emit(found, as_json, lambda: _show(found))


def _measured(tool: Path, model: Path, cpu: str) -> dict[str, Any]:
    command = [sys.executable, str(tool), "--cpu", cpu, str(model.resolve())]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise FatalError(f"{model.name}: the emulated core did not end within {TIMEOUT_S} s", Exit.TIMEOUT) from None
    if done.returncode:
        raise FatalError((done.stderr.strip().splitlines() or ["bench_nn.py gave no reason"])[-1])
    report = json.loads(done.stdout)
    (one,) = report["models"]
    return {"cpu": report["cpu"], "engine_bytes": report["engine_bytes"], **one}


def _show(found: dict[str, Any]) -> None:
    total = sum(cost for _, cost in found["operators"]) or 1
    rows = [(str(at), kind, f"{cost:,}", f"{cost / total:.0%}") for at, (kind, cost) in enumerate(found["operators"])]
    table(("operator", "kind", "instructions", "share"), rows, "")
    arena = found["table_bytes"] + found["activation_bytes"]
    stdout.print(
        f"{found['cpu']}: {found['invoke_instructions']:,} instructions a run, {found['load_instructions']:,} to load, "
        f"arena {arena:,} bytes (tables {found['table_bytes']:,}, activations {found['activation_bytes']:,})",
        markup=False,
    )


def register(app: typer.Typer) -> None:
    """Add this command to the group."""
    app.command()(bench)
