# SPDX-License-Identifier: Apache-2.0
"""`motet model run | compare`: the same model on the engine, on the tflite-micro wheel and on a board."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from motet.cli.console import Exit, FatalError, emit, stdout, table
from motet.cli.model import File, board_called, read
from motet.cli.modelboard import BoardResult, Place, run_on_board
from motet.cli.options import Json, reporting
from motet.models import ModelError, running
from motet.models.running import Difference, Ports, Result

INPUT_SEED = 12345
InputFiles = Annotated[
    list[Path] | None,
    typer.Option("--input", "-i", metavar="FILE.npy", help="Once for each input (default: random numbers, always the same)."),
]
PLACES = "Engine, emulated board, or one that is attached, such as stm32f405=/dev/ttyACM0 or virt_rv32=socket://host:port."
Firmware = Annotated[Path | None, typer.Option(help="Image of an emulated board (default: the one that was built).")]


@dataclass(frozen=True)
class Job:
    """A model, what the engine knows of it, and one set of inputs."""

    name: str
    data: bytes
    ports: Ports
    inputs: list[bytes]


def _job(model: Path, files: list[Path] | None) -> Job:
    data = read(model)
    try:
        ports = running.ports(data, model.name)
        chosen = running.read_inputs(files, ports.inputs) if files else running.random_inputs(ports.inputs, 1, INPUT_SEED)[0]
    except ModelError as error:
        raise FatalError(str(error), Exit.USAGE if files else Exit.FAILED) from error
    return Job(model.name, data, ports, chosen)


def _run(job: Job, where: str, firmware: Path | None) -> Result | BoardResult:
    try:
        if where in ("native", "wheel"):
            return running.run(job.data, [job.inputs], "native" if where == "native" else "wheel", job.name)
        return asyncio.run(run_on_board(_place(where, firmware), job.data, job.ports, job.inputs))
    except ModelError as error:
        raise FatalError(str(error)) from error


def _place(where: str, firmware: Path | None) -> Place:
    """BOARD or BOARD=URL. Raises FatalError."""
    name, attached, url = where.partition("=")
    if attached and (not url or firmware is not None):
        reason = (
            "no serial device or URL behind the =" if not url else "--firmware is for emulated boards; `motet flash` writes it"
        )
        raise FatalError(f"{where}: {reason}", Exit.USAGE)
    return Place(board_called(name), url or None, firmware)


def _facts(job: Job, where: str, result: Result | BoardResult) -> dict[str, Any]:
    outputs = [list(running.numbers(data, one)) for data, one in zip(result.outputs[0], job.ports.outputs, strict=True)]
    facts = {"on": where, "output_sha256": result.sha256, "outputs": outputs, "load_ms": round(result.load_ns / 1e6, 3)}
    if isinstance(result, BoardResult):
        kind = {"board": "attached" if "=" in where else "emulated", "run_ms": round(result.run_ns / 1e6, 3)}
        return facts | {"arena_bytes": result.arena_bytes, "instructions": result.instructions, **kind}
    return facts | {"arena_bytes": job.ports.arena_bytes if where == "native" else None, "run_ms": round(result.run_ns / 1e6, 3)}


@reporting
def run(
    model: File,
    inputs: InputFiles = None,
    where: Annotated[str, typer.Option("--on", metavar="native|wheel|BOARD[=URL]", help=PLACES)] = "native",
    firmware: Firmware = None,
    as_json: Json = False,
) -> None:
    """Run a model once and show what comes out."""
    job = _job(model, inputs)
    facts = _facts(job, where, _run(job, where, firmware))
    emit(facts, as_json, lambda: _show(job, facts))


def _show(job: Job, facts: dict[str, Any]) -> None:
    for tensor, values in zip(job.ports.outputs, facts["outputs"], strict=True):
        shown = " ".join(str(value) for value in values[:32]) + (" ..." if len(values) > 32 else "")
        stdout.print(f"{tensor.name or 'output'}: {shown}", markup=False)
    for key in ("output_sha256", "instructions", "arena_bytes", "load_ms", "run_ms"):
        if facts.get(key) is not None:
            stdout.print(f"{key} {facts[key]}", markup=False)


@reporting
def compare(
    model: File,
    inputs: InputFiles = None,
    board: Annotated[str | None, typer.Option("--on", metavar="BOARD[=URL]", help="Also compare with this board.")] = None,
    firmware: Firmware = None,
    as_json: Json = False,
) -> None:
    """Run a model on the engine, on the tflite-micro wheel and on a board; fails with the first tensor that differs."""
    job = _job(model, inputs)
    places = ["native", "wheel", *([board] if board else [])]
    hashes = {where: _run(job, where, firmware).sha256 for where in places}
    try:
        difference = running.first_difference(job.data, [job.inputs], job.name)
    except ModelError as error:
        raise FatalError(str(error)) from error
    same = len(set(hashes.values())) == 1 and difference is None
    facts = {"same": same, "output_sha256": hashes, "first_difference": _difference(difference)}
    emit(facts, as_json, lambda: _compared(facts))
    if not same:
        raise typer.Exit(Exit.FAILED)


def _difference(found: Difference | None) -> dict[str, Any] | None:
    if found is None:
        return None
    where = {"operator": found.operator, "kind": found.kind, "tensor": found.tensor, "byte": found.byte}
    return where | {"native": found.native, "wheel": found.wheel}


def _compared(facts: dict[str, Any]) -> None:
    table(("on", "sha256 of the outputs"), facts["output_sha256"].items(), "")
    found = facts["first_difference"]
    if found is not None:
        where = f"operator {found['operator']} ({found['kind']}), {found['tensor']}, byte {found['byte']}"
        stdout.print(f"first difference: {where}: native {found['native']}, wheel {found['wheel']}", markup=False)
    elif facts["same"]:
        stdout.print("every tensor of engine and wheel is the same", markup=False)


def register(app: typer.Typer) -> None:
    """Add these commands to the group."""
    for command in (run, compare):
        app.command()(command)
