# SPDX-License-Identifier: Apache-2.0
"""Figures of a run, held against the board's budgets.toml.

A test tagged ``figure:<name>`` measures the figure of that name: the instructions that the board executed for it. Sizes come
from the image itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from motet.boards import Board
from motet.boards_budgets import exceeded
from motet.hil.model import Case, Figure, Status

_TAG = "figure:"
# Figure -> the linker script's symbol that is its value, in bytes.
_SYMBOLS = {"flash": "_flash_used", "static_ram": "_static_ram"}


def measured(board: Board, image: Path | None, tests: Iterable[Case]) -> list[Figure]:
    """Everything measured, with what budgets.toml says of it."""
    values: dict[str, float] = dict(_sizes(image)) if image else {}
    for test in tests:
        for tag in test.tags:
            if tag.startswith(_TAG) and test.instructions is not None and test.status is Status.PASS:
                values[tag.removeprefix(_TAG)] = test.instructions
    return [_figure(board, name, value) for name, value in sorted(values.items())]


def _figure(board: Board, name: str, value: float) -> Figure:
    if board.budgets is None:
        return Figure(name, value)
    budgets = board.budgets
    bound = getattr(budgets.limit, name, None) or budgets.expect.get(name) or budgets.kernels.get(name)
    return Figure(name, value, bound, "; ".join(exceeded(budgets, {name: value})))


def _sizes(image: Path) -> dict[str, int]:
    """Sizes that the linker script left in an ELF image; nothing for other images."""
    try:
        with image.open("rb") as file:
            tables = [part for part in ELFFile(file).iter_sections() if isinstance(part, SymbolTableSection)]
            symbols = {symbol.name: int(symbol["st_value"]) for table in tables for symbol in table.iter_symbols()}
    except (OSError, ELFError):
        return {}
    return {name: symbols[symbol] for name, symbol in _SYMBOLS.items() if symbol in symbols}
