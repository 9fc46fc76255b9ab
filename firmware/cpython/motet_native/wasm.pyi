# SPDX-License-Identifier: Apache-2.0
"""Sandboxed WebAssembly (Core 1.0 plus sign extension and saturating conversions) on wasm3.

Give this engine only modules that passed admission: it bounds time, memory and C stack, but does not validate.
"""

from collections.abc import Callable
from typing import final

from typing_extensions import Buffer

class Error(Exception):
    """A module could not be loaded or linked, or an instance was used wrongly."""

class Trap(Error):
    """A call was ended: "out of fuel", "cancelled", "out of bounds memory access", "stack overflow", ..."""

@final
class Function:
    """An exported function of an instance, compiled."""

    @property
    def signature(self) -> str:
        """Result and arguments, as in "i(iI)": v none, i i32, I i64, f f32, F f64."""

    def __call__(self, *args: int | float) -> int | float | None:
        """Call it with exactly the arguments of its signature.

        Integers are taken modulo 2**32 or 2**64 and returned signed. The GIL is free meanwhile. An exception raised by an
        import ends the call and arrives here unchanged.
        Raises TypeError (wrong arguments), Trap, Error (the instance is closed or runs in another thread), MemoryError.
        """

@final
class Instance:
    """A module with its memory and its stack. Freed by close() or with the last reference."""

    def __init__(self, code: Buffer, memory: int = 4096, stack: int = 2048) -> None:
        """Load `code`, at most 1 MiB, which is kept and read in place: it must not change.

        memory: limit of the linear memory in bytes, whatever the module asks for; accesses beyond it trap.
        stack: size of the wasm stack in bytes, 256 to 1 MiB.
        Raises Error (not a module, cut off, too large, unsupported, data outside the memory), MemoryError.
        """

    def imports(self) -> list[tuple[str, str, str]]:
        """What the module needs: (module, name, signature)."""

    def exports(self) -> list[tuple[str, str]]:
        """What find() finds: (name, signature)."""

    def link(self, module: str, name: str, function: Callable[..., object]) -> None:
        """Let `function` be the import `module`.`name`. Raises Error when there is no such import."""

    def find(self, name: str) -> Function:
        """Compile an exported function. The first time this runs the module's start function, which takes fuel.

        Raises Error (no such export, an import is not linked, the code is unsupported), Trap, MemoryError.
        """

    @property
    def fuel(self) -> int:
        """Units left, 0 to 2**32 - 1: one is one call or one iteration of a loop. Zero at first; set it before each call."""

    @fuel.setter
    def fuel(self, units: int) -> None: ...
    @property
    def trap(self) -> str | None:
        """Why the last call was ended, None when it was not."""

    @property
    def memory_bytes(self) -> int:
        """Size of the linear memory now."""

    def read(self, offset: int, length: int) -> bytes:
        """Copy bytes out of the linear memory. Raises IndexError outside of it."""

    def write(self, offset: int, data: Buffer) -> None:
        """Copy bytes into the linear memory. Raises IndexError outside of it."""

    def close(self) -> None:
        """Free everything; may be repeated. Afterwards every other use raises Error. Raises Error while a call runs."""
