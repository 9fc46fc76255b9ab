#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the firmware costs on the emulated boards: bytes of flash and RAM, instructions of calls and inferences.

Prints one JSON object {board: {...}} as its last line. With instruction counting (-icount shift=0) all figures of an image
repeat exactly; another build moves them by a few per cent.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "host"), str(ROOT / "tests/board")]

from client import Client  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402
from figures import boot, idle, link  # noqa: E402
from wire import Wire  # noqa: E402

from motet import boards  # noqa: E402
from motet.boards_budgets import exceeded  # noqa: E402
from motet.components import packages  # noqa: E402
from motet.components.admission import Admitted  # noqa: E402
from motet.emulate import Emulator  # noqa: E402

# The boards whose engines are measured too; the others differ from one of them in the core only.
BOARDS = ("stm32f405", "virt_rv32")
SEED = 1
# Instructions of one inference of models/digits on stm32f405 by the reference engine (the first, 246-line version of
# ours, CMSIS-NN's equal on MLPerf Tiny), -O2, by digest of the model; and the hash of the outputs for the bench's input.
REFERENCE = {"b90e3947d6da466d": (98_640, "07b4c2f4")}


def build(board: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, str(ROOT / "tools/build.py"), "firmware", board, "--json", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(done.returncode)
    return dict(json.loads(done.stdout))


def program(model: bytes) -> Path:
    """A folder with the program for the boards, its data in front."""
    admitted = packages.accept(packages.read(ROOT / "examples/vote"))
    assert isinstance(admitted, Admitted)
    folder = ROOT / "build/bench/bench"
    folder.mkdir(parents=True, exist_ok=True)
    data = f"MODEL = {model!r}\nCOMPONENT = {admitted.module!r}\nMEMORY = {admitted.manifest.limits.memory}\n"
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    data += f"KEY = {key.public_key().public_bytes_raw()!r}\nSIGNATURE = {key.sign(bytes(680))!r}\n"
    text = data + (HERE / "board_program.py").read_text()
    target = folder / "main.py"
    if not target.exists() or target.read_text() != text:
        target.write_text(text)
    return folder


def on_board(board: str, image: Path) -> dict[str, Any]:
    """The object that the bench program prints."""
    with Emulator(board, firmware=image, seed=SEED) as emulator, Wire(emulator.port, console=emulator.console_port) as wire:
        # What a board prints before a client is connected is lost: start over.
        emulator.reset()
        wire.until(lambda: b"BENCH {" in wire.text and wire.text.endswith(b"}\r\n"), "result of the bench")
        return dict(json.loads(bytes(wire.text).rpartition(b"BENCH ")[2]))


def served(board: str, image: Path) -> dict[str, Any]:
    """Boot, heap, and idling of the product's image, with the link up."""
    with contextlib.closing(Emulator(board, firmware=image, seed=SEED)) as emulator:
        found: dict[str, Any] = boot(emulator)
        with Wire(emulator.port) as wire:
            vitals = Client(wire).tool("vitals.read")
            found |= {"heap_free": vitals["heap_free"], "heap_used": vitals["heap_used"]}
            found |= idle(emulator, wire)
            return found | {"idle_cpu": idle_cpu(emulator, wire)}


def linked(board: str, image: Path) -> dict[str, Any]:
    """Throughput of the link against the bare UART's."""
    with Emulator(board, firmware=image, seed=SEED) as emulator, Wire(emulator.port, console=emulator.console_port) as wire:
        wire.until(lambda: wire.link.established)
        return link(wire)


def idle_cpu(emulator: Emulator, wire: Wire, seconds: float = 2.0) -> float:
    """Share of a host CPU that the idle board takes, measured over `seconds`."""
    clock = (~(emulator.pid or 0) << 3) | 2
    start, cpu = time.monotonic(), time.clock_gettime(clock)
    while time.monotonic() < start + seconds:
        wire.turn()
    return round((time.clock_gettime(clock) - cpu) / (time.monotonic() - start), 4)


def measure(board: str, folder: Path, model: bytes) -> dict[str, Any]:
    product = build(board)
    figures = {key: product[key] for key in ("flash", "static_ram", "heap")}
    figures |= served(board, Path(product["elf"]))
    figures |= linked(board, Path(build(board, "--main", str(ROOT / "tests/board/echo"))["elf"]))
    return figures | (engines(board, folder, model) if board in BOARDS else {})


def engines(board: str, folder: Path, model: bytes) -> dict[str, Any]:
    """What the bench program measures on the board itself."""
    figures = on_board(board, Path(build(board, "--main", str(folder))["elf"]))
    reference, output = REFERENCE.get(hashlib.sha256(model).hexdigest()[:16], (None, None))
    if reference and board == "stm32f405":
        figures["digits_ratio"] = round(figures["digits"] / reference, 3)
    figures["digits_exact"] = figures["digits_hash"] == output
    return figures


def judged(board: str, figures: dict[str, Any]) -> dict[str, Any]:
    """The figures with how many of them are beyond the board's budgets, and which."""
    budgets = boards.load(board).budgets
    assert budgets
    broken = exceeded(budgets, figures)
    return figures | {"over_budget": len(broken), "over_budget_why": broken}


def main() -> None:
    model = (ROOT / "models/digits/digits.tflite").read_bytes()
    folder = program(model)
    emulated = [name for name in boards.names() if isinstance(boards.load(name).emulate, boards.Qemu)]
    print(json.dumps({board: judged(board, measure(board, folder, model)) for board in emulated}))


if __name__ == "__main__":
    main()
