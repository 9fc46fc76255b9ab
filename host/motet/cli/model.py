# SPDX-License-Identifier: Apache-2.0
"""`motet model`: look at a TensorFlow Lite model, pack it, run it here or on an emulated board, compare, train."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from motet import boards, models
from motet.boards import Board, BoardError
from motet.cli.console import Exit, FatalError, emit, say, stdout, table
from motet.cli.options import DryRun, Json, reporting
from motet.models import ModelError, checking, packing
from motet.models.checking import Fit, Report
from motet.paths import data

app = typer.Typer(help="Work on TensorFlow Lite models before and after they are on a device.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(metavar="MODEL", help="A .tflite file.")]
OnBoards = Annotated[
    list[str] | None, typer.Option("--board", "-b", metavar="BOARD", help="Board to check against (default: all).")
]


def read(file: Path) -> bytes:
    """The file's bytes. Raises FatalError."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise FatalError(f"{file}: {error.strerror or error}", Exit.USAGE) from error


def board_called(name: str) -> Board:
    """A board of Motet. Raises FatalError."""
    try:
        return boards.load(name)
    except BoardError as error:
        raise FatalError(str(error), Exit.USAGE) from error


@app.command()
@reporting
def check(model: File, board: OnBoards = None, as_json: Json = False) -> None:
    """What a model needs and which boards can run it. Fails when the engine refuses it or it does not fit a named board."""
    named = [board_called(name) for name in board or boards.names()]
    try:
        report = checking.check(read(model), named, model.name)
    except ModelError as error:
        raise FatalError(str(error)) from error
    emit(_checked(report), as_json, lambda: _show(model.name, report))
    if report.refused is not None or (board and not all(fit.fits_ram for fit in report.fits)):
        raise typer.Exit(Exit.FAILED)


def _checked(report: Report) -> dict[str, Any]:
    rows = [{"index": one.index, "name": one.name, "refused": one.refused} for one in report.operators]
    facts: dict[str, Any] = {"supported": report.refused is None, "refused": report.refused, "file_bytes": report.file_bytes}
    facts |= {"arena_bytes": report.arena_bytes, "arena_exact": report.arena_exact, "operators": rows}
    ports = report.ports
    facts["inputs"] = [_port(one) for one in ports.inputs] if ports else []
    facts["outputs"] = [_port(one) for one in ports.outputs] if ports else []
    return facts | {"boards": [_fit(fit) for fit in report.fits]}


def _port(tensor: models.Tensor) -> dict[str, Any]:
    shape = list(tensor.shape)
    return {"name": tensor.name, "shape": shape, "dtype": tensor.dtype, "scale": tensor.scale, "zero_point": tensor.zero_point}


def _fit(fit: Fit) -> dict[str, Any]:
    ram = {"fits": fit.fits_ram, "needed": fit.ram_needed, "available": fit.ram_available}
    flash = {"fits": fit.fits_flash, "needed": fit.flash_needed, "available": fit.flash_available}
    return {"board": fit.board, "fits": fit.fits_ram, "ram": ram, "flash": flash}


def _show(name: str, report: Report) -> None:
    if report.refused is not None:
        stdout.print(f"{name}: {report.refused}", markup=False)
        refused = [(str(one.index), one.name, one.refused or "") for one in report.unsupported]
        table(("operator", "kind", "refused because"), refused, "")
        return
    about = "" if report.arena_exact else " at most (this installation was built without clang and cannot count exactly)"
    counts: dict[str, int] = {}
    for one in report.operators:
        counts[one.name] = counts.get(one.name, 0) + 1
    kinds = ", ".join(f"{kind} x{count}" if count > 1 else kind for kind, count in counts.items())
    stdout.print(f"{name}: {len(report.operators)} operators: {kinds}", markup=False)
    stdout.print(f"file {report.file_bytes:,} bytes, arena on a 32-bit board {report.arena_bytes:,} bytes{about}", markup=False)
    rows = [
        (one.board, "fits" if one.fits_ram else "does not fit", f"{one.ram_needed:,} of {one.ram_available:,}",
         f"{one.flash_needed:,} of {one.flash_available:,}")
        for one in report.fits
    ]  # fmt: skip
    table(("board", "", "RAM: file + arena + reserve", "flash: file"), rows, "")


@app.command()
@reporting
def pack(
    model: File,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="File to write.")],
    plan: Annotated[bool, typer.Option(help="Plan memory and factors now: bytes in the file for RAM and a quick start.")] = True,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make a model lighter. The file stays a .tflite, and its results stay the same bytes: that is checked first."""
    try:
        packed = packing.pack(read(model), model.name, plan)
    except ModelError as error:
        raise FatalError(str(error)) from error
    try:
        if not dry_run:
            output.write_bytes(packed.data)
    except OSError as error:
        raise FatalError(f"{output}: {error.strerror or error}") from error
    facts = {"output": str(output), "bytes": len(packed.data), "saved_bytes": packed.saved_bytes, "rules": packed.rules}
    facts |= {"operators": list(packed.operators), "arena_bytes": list(packed.arena), "checked": list(packed.checked)}
    facts |= {"planned": packed.unplanned is None, "unplanned": packed.unplanned}
    emit(facts, as_json, lambda: stdout.print(_packed(output, packed), markup=False))


def _packed(output: Path, packed: packing.Packed) -> str:
    before, after = packed.arena
    arena = "" if before is None or after is None else f", arena here {before:,} -> {after:,} bytes"
    operators = f"{packed.operators[0]} -> {packed.operators[1]} operators"
    size = f"{packed.original_bytes:,} -> {len(packed.data):,} bytes ({packed.saved_bytes:,} saved)"
    plan = "planned" if packed.unplanned is None else f"no plan: {packed.unplanned}"
    return f"{output}: {size}, {operators}{arena}, {plan}; same bytes out on {' and '.join(packed.checked)}"


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
@reporting
def train(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A folder of models/ with a train.py.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write (default: here, called as the model of that folder).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Train one of Motet's own models from its data, without network. Prints what its trainer reports.

    Other options go to the trainer: `motet model train digits --network mlp`.
    """
    script = data("models") / name / "train.py"
    if Path(name).name != name or not script.is_file():
        trained = sorted(path.parent.name for path in data("models").glob("*/train.py"))
        raise FatalError(f"no trainer is called {name!r}; there are: {', '.join(trained)}", Exit.USAGE)
    target = (output or Path(_model_name(script.parent, context.args))).resolve()
    say(f"training {name}")
    done = subprocess.run([sys.executable, str(script), *context.args, "--output", str(target)], capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise FatalError(f"{script} failed: {reason}")
    report = done.stdout.strip().splitlines()[-1:] or [""]
    emit(_trained(report[0], target), as_json, lambda: stdout.print(f"{target}: {report[0]}", markup=False))


def _model_name(folder: Path, options: list[str]) -> str:
    """The file that a trainer with these options makes anew: the folder's only model, or one that carries an option's value."""
    there = {path.stem for path in folder.glob("*.tflite")}
    chosen = [f"{folder.name}_{option.rpartition('=')[2]}" for option in options]
    return next((one for one in chosen if one in there), next(iter(there)) if len(there) == 1 else folder.name) + ".tflite"


def _trained(report: str, target: Path) -> dict[str, Any]:
    try:
        facts = json.loads(report)
    except ValueError:
        facts = {"report": report}
    return {"output": str(target), **(facts if isinstance(facts, dict) else {"report": facts})}


def register(parent: typer.Typer) -> None:
    """Add this group to `parent`."""
    from motet.cli import modelbench, modelrun  # they use what is above

    modelrun.register(app)
    modelbench.register(app)
    parent.add_typer(app, name="model")
