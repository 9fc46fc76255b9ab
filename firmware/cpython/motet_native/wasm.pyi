# SPDX-License-Identifier: Apache-2.0
"""Sandboxed WebAssembly (Core 1.0 plus sign extension and saturating conversions) on wasm3.

Give this engine only modules that passed admission: it bounds time, memory and C stack, but does not validate.
"""

from collections.abc import Callable, Mapping
from typing import Any, final

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
class Types:
    """A type descriptor (docs/components.md) made ready: the types of functions under their core names."""

    def __init__(self, descriptor: bytes) -> None:
        """Raises Error (not a descriptor of version 1, cut off, types nested deeper than 12 or larger than 65535 bytes)."""

    def functions(self) -> list[str]:
        """Names of the functions it describes; an import's is "module#name"."""

@final
class Typed:
    """An exported function with its WIT types, by the Canonical ABI.

    Numbers, bool and str are themselves; a list is a list (list<u8> bytes), a tuple a tuple, a record a dict, an enum and each
    flag a name, an option the value or None. A variant or result is {"tag": case, "val": payload}; so is an option around an
    option, with the tags "none" and "some". Only built-in types are taken: also tuples for lists, lists for tuples, floats
    without fraction for integers.
    """

    def __call__(self, *args: Any) -> Any:
        """Call it with one value for each parameter. The GIL is free while wasm code runs.

        Raises TypeError (a value does not fit: the text names its place), Trap (also when the guest breaks the ABI: the instance
        must not be used again), Error (closed, or running in another thread), MemoryError, ValueError (json: see typed()).
        """

    def apply(self, arguments: Mapping[str, Any]) -> Any:
        """Call it with a dict of arguments by parameter name; one for an option may be missing. Raises as a call."""

class Guard:
    """The callable behind an import that a grant covers: at each call `imports.grant` must count at this moment on
    `imports.device`, then `check(capability, ...)` must raise nothing unless `capability.free`, then `work(capability, ...)`
    runs.

    What either raises becomes what `imports.failed(path, capability, kind, error)` gives. Around a value stands {"tag": "ok"},
    unless `kind` is PLAIN (motet_core.capability).
    """

    def __init__(
        self, imports: Any, path: str, capability: Any, check: Callable[..., object], work: Callable[..., object], kind: int, /
    ) -> None: ...
    def __call__(self, *args: Any) -> Any: ...
    def route(
        self,
        to: str,
        sender: str,
        target: Any,
        handler: Any,
        fuel: int,
        bucket: Any,
        rows: Any,
        service: Any,
        failed: Callable[[BaseException | None], object],
        most: tuple[int, int, int],
        /,
    ) -> bool:
        """Let messages of this import (`call` of motet:device/messaging) go from guest to guest when they are for `to`.

        That they do only while all is as it is now, which is looked at for each: the grant counts, `capability.rows` is `rows`,
        `bucket` (None without a rate) has one to take, `service.find(to)` is `target`, which is not busy and runs the instance of
        `handler`; `most`: bytes, messages inside of each other, hands. Any other message takes the way over values.
        `failed` gets what ended the handler, None when it refused, and raises what its sender is told. False, and no route, when
        `handler` is not a Typed function with the types of motet:component/handler. Raises TypeError.
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

    @classmethod
    def elsewhere(
        cls, functions: list[tuple[str, str, int]], limit: int, context: int, memory: int, call: int, data: int, size: int, /
    ) -> Instance:
        """An instance whose functions wasmtime runs: each (name, signature, address of its wasmtime_func_t).

        limit: bytes that arguments may take. context: wasmtime_context_t. memory: wasmtime_memory_t, 0 when there is none.
        call, data, size: wasmtime_func_call_unchecked, wasmtime_memory_data and wasmtime_memory_data_size. All addresses must
        stay good until close(); fuel is wasmtime's. A call that fails raises Trap("elsewhere"), and failure() has the reason.
        """

    def failure(self) -> tuple[int, int]:
        """Addresses of the wasmtime_error_t and the wasm_trap_t that the last call ended with, 0 for none. The caller frees."""

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

    def typed(self, name: str, types: Types, *, json: bool = False) -> Typed:
        """Bind the exported function `name` to its types. The first find() or typed() runs the module's start function.

        With `json`, values are as JSON has them: list<u8> and tuples are lists, and what is not finite raises ValueError.
        Raises as find(), and Error when its core type is not what the types flatten to or it needs a realloc and has none.
        """

    def link_typed(self, module: str, name: str, types: Types, function: Callable[..., object]) -> None:
        """Let `function` be the import `module`.`name`, described as "module#name": it gets and returns typed values.

        A value it returns that does not fit raises TypeError from the call that led here. Raises Error as link() and typed().
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
