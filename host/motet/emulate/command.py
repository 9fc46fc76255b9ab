# SPDX-License-Identifier: Apache-2.0
"""The command line that runs a board in QEMU."""

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from motet.boards import Board, Qemu
from motet.emulate.machine import EmulatorError


def recipe_of(board: Board) -> Qemu:
    """How QEMU runs the board. Raises EmulatorError when it does not."""
    if board.emulate is None:
        raise EmulatorError(f"{board.name}: board.toml has no [emulate]: this board cannot be emulated")
    if not isinstance(board.emulate, Qemu):
        raise EmulatorError(f"{board.name} is not emulated by QEMU but by {board.emulate.kind}")
    return board.emulate


def command(recipe: Qemu, files: Mapping[str, Path | None], control: Path, uarts: Mapping[int, int]) -> list[str]:
    """QEMU's arguments.

    files: what the placeholders "firmware" and "flash" stand for. control: path of QMP's socket.
    uarts: number of a UART -> file descriptor of its listening socket.
    """
    return [
        recipe.program,
        *(_filled(argument, files) for argument in recipe.arguments),
        *("-nodefaults", "-display", "none", "-qmp", f"unix:{control},server=on,wait=off"),
        *_wires(uarts),
    ]


def options(recipe: Qemu, icount: bool, seed: int | None) -> Iterator[str]:
    """How time passes, and what RAM holds at power-on."""
    if icount and recipe.icount_shift is not None:
        yield from ("-icount", f"shift={recipe.icount_shift}")
    if recipe.seed_address is not None:
        word = secrets.randbits(32) if seed is None else seed
        yield from ("-device", f"loader,addr={recipe.seed_address:#x},data={word:#x},data-len=4")


def _filled(argument: str, files: Mapping[str, Path | None]) -> str:
    for name, path in files.items():
        argument = argument.replace(f"{{{name}}}", str(path))
    return argument


def _wires(uarts: Mapping[int, int]) -> Iterator[str]:
    """The part's UARTs from the first on: the n-th -serial is the n-th UART."""
    for number in range(max(uarts) + 1):
        if number in uarts:
            yield from ("-chardev", f"socket,id=uart{number},fd={uarts[number]},server=on,wait=off,nodelay=on")
        yield from ("-serial", f"chardev:uart{number}" if number in uarts else "null")
