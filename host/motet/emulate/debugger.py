# SPDX-License-Identifier: Apache-2.0
"""A look into a board that an emulator of ours runs, in the shape of motet.emulate.gdb.Gdb."""

from collections.abc import Callable
from typing import Any


class Debugger:
    """Registers and memory of a board that stands still; `do` gives a command to the emulator."""

    def __init__(self, do: Callable[..., dict[str, Any]]) -> None:
        self._do = do

    def write_memory(self, address: int, data: bytes) -> None:
        self._do("write", address=address, data=data.hex())

    def write_register(self, number: int, value: int) -> None:
        """A register of 32 bits by GDB's number."""
        self._do("set_register", number=number, value=value)

    def read_register(self, number: int) -> int:
        return int(self._do("register", number=number)["value"])
