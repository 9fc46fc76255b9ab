# SPDX-License-Identifier: Apache-2.0
"""A component from a file of this gateway, with the part of ``Instance`` that the device core uses."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import cbor2
import wasmtime
from wasmtime import component as wc

from motet.components import wit
from motet.components.errors import ComponentError
from motet.components.jit.code import engine
from motet.components.jit.errors import Error, one_line
from motet.components.jit.programs import ProgramError, Programs
from motet.components.jit.typed import Types
from motet.components.jit.whole import Compiled, Whole
from motet.components.wittypes import Function, World
from motet_core.canonical_lower import Mismatch

_KEPT = 4


class Placed:
    """What ``module``, a marker, names. Raises Error. Memory and stack are those of ``Whole``, not those of the artifact."""

    def __init__(self, programs: Programs, module: bytes) -> None:
        self._compiled, self._world = _loaded(programs, module)
        self._linked: dict[str, Callable[..., Any]] = {}
        self._whole: Whole | None = None
        # Why the last call was ended, also by what an import raised; None when it was not.
        self.trap: str | None = None
        self._fuel = 0

    def imports(self) -> list[tuple[str, str, str]]:
        """What it needs: (interface, name, nothing), as there is no core signature."""
        return [(row[0], row[1], "") for row in self._compiled.told["imports"]]

    def link_typed(self, module: str, name: str, _types: Types, function: Callable[..., Any]) -> None:
        """Let ``function`` be an import. Raises Error when there is no such import."""
        if (module, name, "") not in self.imports():
            raise Error(f"{module}.{name}: no such import")
        self._linked[f"{module}#{name}"] = function

    def typed(self, name: str, _types: Types, *, json: bool = False) -> Typed:
        """An exported function by its core name. The first one starts the component. Raises Error."""
        found = next((function for function in self._world.exports if function.core_name == name), None)
        if found is None:
            raise Error(f"{name}: no such export")
        if self._whole is None:
            self._whole = Whole(self._compiled, self._world, self._linked, self._fuel)
        return Typed(self, found, json)

    def run(self, function: Function, given: dict[str, Any], json: bool) -> Any:
        """Calls it. Raises TypeError before it runs, ValueError, Trap, or what an import raises."""
        if self._whole is None:
            raise Error("the instance is closed")
        self.trap = None
        try:
            return self._whole.call(function, given, json=json)
        except Mismatch as error:
            raise TypeError(str(error)) from None
        except MemoryError:
            # What wasmtime holds of a result that did not fit stays: only the end of the process gives it back.
            os.write(2, b"a result of %s does not fit into this process, which ends\n" % function.name.encode())
            os._exit(1)
        except Exception as error:
            self.trap = None if self._whole is None or self._whole.running else str(error)
            raise

    @property
    def fuel(self) -> int:
        """Units left."""
        return self._fuel if self._whole is None else self._whole.fuel

    @fuel.setter
    def fuel(self, units: int) -> None:
        self._fuel = units
        if self._whole is not None:
            self._whole.fuel = units

    def close(self) -> None:
        """Frees what runs; may be repeated."""
        if self._whole is not None:
            self._whole.close()
        self._whole = None


class Typed:
    """An exported function with its WIT types."""

    def __init__(self, placed: Placed, function: Function, json: bool) -> None:
        self._placed, self._function, self._json = placed, function, json

    def __call__(self, *values: Any) -> Any:
        """With the arguments in their order."""
        names = [param.name for param in self._function.params]
        if len(values) != len(names):
            raise TypeError(f"expected {len(names)} arguments, got {len(values)}")
        return self.apply(dict(zip(names, values, strict=True)))

    def apply(self, arguments: dict[str, Any]) -> Any:
        """With the arguments by name."""
        return self._placed.run(self._function, arguments, self._json)


@lru_cache(maxsize=_KEPT)
def _loaded(programs: Programs, module: bytes) -> tuple[Compiled, World]:
    """Only what this gateway has compiled itself gets here: the digest stands in an artifact that it has signed."""
    try:
        found = cbor2.loads(programs.get(module))
    except ProgramError as error:
        raise Error(str(error)) from None
    if found["wasmtime"] != version("wasmtime"):
        other, own = found["wasmtime"], version("wasmtime")
        raise Error(
            f"wasmtime {other} has compiled it, this is {own}: restart the gateway, which does it anew, or install it again"
        )
    try:
        world = wit.load(found["contract"], "its contract", found["world"])
        return Compiled(wc.Component.deserialize(engine(), found["code"])), world
    except wasmtime.WasmtimeError as error:
        raise Error(f"{one_line(error)}: install it again") from None
    except ComponentError as error:
        raise Error(str(error)) from None
