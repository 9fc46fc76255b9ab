# SPDX-License-Identifier: Apache-2.0
"""What is kept of a board when a test fails: QEMU's own snapshot where it has one, registers and RAM in any case."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

from motet.boards import Qemu
from motet.emulate import EmulatorError
from motet.emulate.keywords.errors import KeywordError, Unsupported
from motet.emulate.keywords.machines import EmulatedBoard

# Larger memories hold nothing of ours but copies of the image.
_LARGEST = 8 << 20
_JOB_S = 20.0
_FAILURES = (EmulatorError, KeywordError, Unsupported, OSError)


def take(board: EmulatedBoard, folder: Path, stem: str) -> list[Path]:
    """Write what can be had; returns the paths. A board that is gone leaves nothing."""
    made: list[Path] = []
    with contextlib.suppress(*_FAILURES):
        qemu = board.qemu()
        folder.mkdir(parents=True, exist_ok=True)
        board.pause()
        registers = folder / f"{stem}.registers.txt"
        registers.write_text(qemu.monitor("info registers"))
        made.append(registers)
        made += _memories(board, folder, stem)
        made.append(_saved(qemu, folder / f"{stem}.qcow2"))
    return made


def _memories(board: EmulatedBoard, folder: Path, stem: str) -> list[Path]:
    """The RAM, and what else the platform has; a memory that this emulator lacks is left out."""
    made = []
    for name, address, size in _places(board):
        with contextlib.suppress(*_FAILURES):
            path = folder / f"{stem}.{name}-{address:08x}.bin"
            path.write_bytes(board.read(address, size))
            made.append(path)
    return made


def _places(board: EmulatedBoard) -> list[tuple[str, int, int]]:
    entries = board.platform.memories if board.platform else []
    found = [(e.name, e.address, e.size) for e in entries if e.address is not None and 0 < e.size <= _LARGEST]
    part = board.board
    if part is not None and part.memory is not None and isinstance(part.emulate, Qemu) and part.emulate.seed_address:
        # The seed lies in the first page of the RAM that the image uses.
        found.append(("used", part.emulate.seed_address & ~0xFFF, part.memory.ram))
    return found


def _saved(qemu: Any, path: Path) -> Path:
    """QEMU's snapshot "failed", to be continued with ``-loadvm``. QEMU 7.2 forgets the UARTs of netduinoplus2 in it."""
    path.write_bytes(b"")
    with qemu.control("save a snapshot") as qmp:
        qmp.execute("blockdev-add", driver="file", filename=str(path), **{"node-name": "motet-file"})
        _job(qmp, "blockdev-create", options={"driver": "qcow2", "file": "motet-file", "size": 0})
        qmp.execute("blockdev-add", driver="qcow2", file="motet-file", **{"node-name": "motet-snapshot"})
        _job(qmp, "snapshot-save", tag="failed", vmstate="motet-snapshot", devices=["motet-snapshot"])
    return path


def _job(qmp: Any, command: str, **arguments: Any) -> None:
    """Start a job of QEMU and wait for its end. Raises EmulatorError."""
    qmp.execute(command, **{"job-id": "motet-job"}, **arguments)
    deadline = time.monotonic() + _JOB_S
    while time.monotonic() < deadline:
        job = next(item for item in qmp.execute("query-jobs") if item["id"] == "motet-job")
        if job["status"] == "concluded":
            qmp.execute("job-dismiss", id="motet-job")
            if "error" in job:
                raise EmulatorError(f"{command}: {job['error']}")
            return
        time.sleep(0.01)
    raise EmulatorError(f"{command} did not end within {_JOB_S:.0f} s")
