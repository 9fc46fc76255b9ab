# SPDX-License-Identifier: Apache-2.0
"""Which boards and which suites: the words of the command line, checked before anything starts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from motet import boards
from motet.boards import Board, BoardError
from motet.emulate.keywords.targets import suites as own_suites
from motet.emulate.machine import EmulatorError, default_firmware
from motet.hil.model import HilError


@dataclass(frozen=True)
class Target:
    """A board to run on: emulated, or `attached` at a serial port (a pyserial URL). `label` is its own in the run."""

    label: str
    board: Board
    firmware: Path | None
    attached: str | None = None

    @property
    def elf(self) -> Path | None:
        """The image with symbols and line numbers, where it was built."""
        beside = self.firmware.with_suffix(".elf") if self.firmware else None
        return beside if beside is not None and beside.is_file() else None

    @property
    def how(self) -> str:
        if self.attached:
            return f"attached at {self.attached}"
        assert self.board.emulate
        return f"emulated by {self.board.emulate.kind}"


def targets(words: Sequence[str], folder: Path | None = None) -> list[Target]:
    """From "stm32f405" (emulated) and "esp32c3=/dev/ttyUSB0" (attached). Raises HilError."""
    if find_spec("robot") is None:
        raise HilError("Robot Framework is missing; install it with: pip install 'motet[robot]'")
    if not words:
        raise HilError("name the boards: --board stm32f405 --board esp32c3=/dev/ttyUSB0")
    found: list[Target] = []
    seen: Counter[str] = Counter()
    for word in words:
        name, _, port = word.partition("=")
        if "=" in word and not port:
            raise HilError(f"{word}: after = comes the port, e.g. {name}=/dev/ttyUSB0")
        if port and port in [target.attached for target in found]:
            raise HilError(f"two boards cannot be at the same port {port}")
        seen[name] += 1
        label = name if seen[name] == 1 else f"{name}-{seen[name]}"
        found.append(_target(label, name, port or None, folder))
    return found


def _target(label: str, name: str, port: str | None, folder: Path | None) -> Target:
    try:
        board = boards.load(name, folder)
    except BoardError as error:
        raise HilError(str(error)) from error
    if port:
        return Target(label, board, None, port)
    if board.emulate is None:
        raise HilError(f"{name} cannot be emulated; say where it is attached: --board {name}=/dev/ttyUSB0")
    return Target(label, board, _firmware(name, board.emulate.kind))


def _firmware(name: str, kind: str) -> Path:
    """The image that was built; QEMU wants the ELF file, the others what would be flashed."""
    if kind == "process":
        raise HilError(f"{name} is a process of this machine, with no UART to run suites on")
    try:
        firmware = default_firmware(name, "firmware.elf" if kind == "qemu" else "firmware.bin")
    except EmulatorError as error:
        raise HilError(str(error)) from error
    if not firmware.is_file():
        raise HilError(f"no firmware at {firmware}; build it with: tools/build.py firmware {name}")
    return firmware


def suites(words: Sequence[str]) -> list[Path]:
    """Files from paths and names ("boot"); none means all of Motet's. Raises HilError."""
    known = {path.stem: path for path in own_suites()}
    return [_suite(word, known) for word in words] or list(known.values())


def _suite(word: str, known: Mapping[str, Path]) -> Path:
    if word in known:
        return known[word]
    path = Path(word)
    if path.is_file():
        return path.resolve()
    raise HilError(f"no suite is called {word!r}, and no file is; there are: {', '.join(known)}")
