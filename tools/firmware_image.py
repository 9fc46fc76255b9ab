# SPDX-License-Identifier: Apache-2.0
"""What a linked firmware image says of itself, held against its board.toml."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from build_steps import BuildError

if TYPE_CHECKING:
    from motet.boards import Board


class Toolchain(NamedTuple):
    """`prefix` of its programs, a file of its C `library`, the Debian and Ubuntu `packages` that bring both."""

    prefix: str
    library: str
    packages: str


_ARM = Toolchain("arm-none-eabi-", "nano.specs", "gcc-arm-none-eabi libnewlib-arm-none-eabi")
_RISCV = Toolchain("riscv64-unknown-elf-", "picolibc.specs", "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf")
TOOLCHAINS = {
    **dict.fromkeys(("armv6m", "armv7m", "armv7em", "armv8_1m"), _ARM),
    **dict.fromkeys(("rv32imac", "rv32imc"), _RISCV),
}
SYMBOLS = ("_flash_used", "_flash_length", "_ram_length", "_static_ram", "_heap_start", "_heap_end", "boot_seed")


def symbols(board: Board, elf: Path) -> dict[str, int]:
    """Values of the symbols that tell how an image is laid out."""
    return named_symbols(board, elf, SYMBOLS)


def named_symbols(board: Board, elf: Path, names: tuple[str, ...]) -> dict[str, int]:
    """Values of symbols of an image, all of which it has."""
    listing = subprocess.run([TOOLCHAINS[board.arch].prefix + "nm", str(elf)], capture_output=True, text=True, check=True).stdout
    found = {name: int(value, 16) for value, _, name in (line.split() for line in listing.splitlines() if line.count(" ") == 2)}
    return {name: found[name] for name in names}


def check_layout(board: Board, at: dict[str, int]) -> None:
    """board.toml and link.ld both tell of the memory: they must tell the same."""
    assert board.memory
    claims = [("memory.flash", board.memory.flash, "_flash_length"), ("memory.ram", board.memory.ram, "_ram_length")]
    if board.emulate and board.emulate.seed_address is not None:
        claims.append(("emulate.seed_address", board.emulate.seed_address, "boot_seed"))
    for key, claim, symbol in claims:
        if at[symbol] != claim:
            raise BuildError(f"{board.name}: board.toml says {key} = {claim:#x}, the image laid out by link.ld {at[symbol]:#x}")


def sizes(at: dict[str, int]) -> dict[str, int]:
    """Bytes of flash, static RAM (data and stacks) and GC heap of a linked image."""
    return {"flash": at["_flash_used"], "static_ram": at["_static_ram"], "heap": at["_heap_end"] - at["_heap_start"]}


def check_limits(board: Board, size: dict[str, int]) -> None:
    """Raises BuildError for an image beyond the limits of budgets.toml."""
    from motet.boards_budgets import Budgets, exceeded

    assert board.budget
    # The heap of an image is at least as much as will be free of it.
    if broken := exceeded(Budgets(limit=board.budget), {**size, "heap_free": size["heap"]}):
        raise BuildError(f"{board.name}: " + "; ".join(broken))
