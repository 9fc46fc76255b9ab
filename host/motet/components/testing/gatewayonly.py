# SPDX-License-Identifier: Apache-2.0
"""A component for gateways as it was built: the whole binary on wasmtime, with what the test plays and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from motet.components import wit
from motet.components.build import module_bytes
from motet.components.errors import ComponentError
from motet.components.jit.errors import OUT_OF_FUEL, Error, Trap
from motet.components.jit.whole import Whole, compiled_component
from motet.components.manifest import Manifest
from motet.components.testing import wasi
from motet.components.testing.contracted import Contracted
from motet.components.testing.hosts import Host
from motet.components.wittypes import Function, Result
from motet_core.canonical_lower import Mismatch
from motet_core.component import unwrapped
from motet_core.errors import ToolError


class Built(Contracted):
    """Raises ComponentError when it cannot be built, is not what its contract says or does not begin."""

    def __init__(self, folder: Path, manifest: Manifest, host: Host) -> None:
        world = wit.load((folder / manifest.component.wit).read_text("utf-8"), manifest.component.wit, manifest.component.world)
        super().__init__(world, manifest)
        self._fuel = manifest.limits.fuel
        imports = {function.core_name: work for function, work in host.bound(world.imports)}
        try:
            compiled = compiled_component(module_bytes(folder, manifest))
            given = wasi.works(compiled.told, manifest, lambda level, text: host.log.append((level, text)))
            self._whole = Whole(compiled, world, imports | given, self._fuel)
        except Error as error:
            raise ComponentError(f"{manifest.component.name}: {error}") from None
        self._begin()

    def close(self) -> None:
        """Ends it."""
        self._whole.close()

    def _called(self, function: Function, arguments: dict[str, Any]) -> Any:
        try:
            value = self._whole.call(function, arguments, json=True)
            return unwrapped(value) if isinstance(function.result, Result) else value
        except Mismatch as error:
            raise ToolError(str(error), "arguments") from None
        except ValueError as error:
            raise ToolError(str(error)) from None
        except Trap as error:
            if str(error) == OUT_OF_FUEL:
                reason = f"{function.name}: stopped, out of fuel after {self._fuel} units"
                raise ToolError(reason, "out_of_fuel") from None
            raise ToolError(f"{function.name}: trapped: {error}", "trap") from None
