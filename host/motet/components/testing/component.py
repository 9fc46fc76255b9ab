# SPDX-License-Identifier: Apache-2.0
"""A component of a folder, built, admitted and running: on wasmtime, on the device engine or on an emulated board."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, Self

import motet_native

from motet import boards
from motet.components import manifest as manifests
from motet.components import staging, wit
from motet.components.admission import Admitted
from motet.components.errors import ComponentError
from motet.components.packages import accept, read
from motet.components.testing.hosts import Host
from motet.components.wittypes import World
from motet_core import component_artifact

ENGINES = ("wasmtime", "native")
PYTHON = "python"


class Runs(Protocol):
    """Where a component runs."""

    def call(self, tool: str, arguments: dict[str, Any]) -> Any:
        """The value of a tool of the component, by its name without the component's. Raises ToolError."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...


class Component:
    """``on``: "wasmtime", "native" or the name of an emulated board; "python" for a component in Python."""

    def __init__(self, folder: Path, on: str = "native", host: Host | None = None) -> None:
        """Raises ComponentError when it cannot be built, is refused, or ``on`` is nothing to run it on."""
        self.on, self.host = on, host or Host()
        self.manifest = manifests.load(folder if folder.is_dir() else folder.parent)
        if on == PYTHON:
            from motet.components.testing.python import Interpreted

            self._runs: Runs = Interpreted(folder, self.manifest, self.host)
            return
        if self.manifest.build is not None and self.manifest.build.language == PYTHON:
            raise ComponentError(f"{folder}: a component in Python is for gateways: it runs on {PYTHON} here, not on {on}")
        admitted = _admitted(folder, _seen(folder))
        self._runs = _Local(admitted, on, self.host, _world(folder, admitted)) if on in ENGINES else _board(on, admitted, host)

    def call(self, tool: str, arguments: dict[str, Any] | None = None, **more: Any) -> Any:
        """What a tool returns, as JSON would show it: the record, or the value itself; None when it returns nothing.

        Raises ToolError with the text that an agent sees: the error of the function's ``result``, a trap, wrong arguments.
        """
        return self._runs.call(tool, (arguments or {}) | more)

    def close(self) -> None:
        """Ends it."""
        self._runs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_component(folder: Path | str, on: str = "native", host: Host | None = None) -> Component:
    """The component of a folder; see Component."""
    return Component(Path(folder), on, host)


class _Local:
    """In this process, in motet_core's own hands, which limit fuel and memory and word the errors as on a device."""

    def __init__(self, admitted: Admitted, on: str, host: Host, world: World | None) -> None:
        core = _core(on)
        bound = list(host.bound(world.imports)) if world else []

        class Played(core.Component):  # type: ignore[name-defined, misc]
            def _link(self, instance: Any, known: dict[bytes, Any]) -> None:
                types = known.setdefault(self.artifact.types, core.native().wasm.Types(self.artifact.types))
                wanted = {(module, name) for module, name, _ in instance.imports()}
                for function, work in bound:
                    if (function.interface or "$root", function.name) in wanted:
                        instance.link_typed(function.interface or "$root", function.name, types, work)

        self._name = admitted.manifest.component.name
        self.core = Played(admitted.artifact)

    def call(self, tool: str, arguments: dict[str, Any]) -> Any:
        name = f"{self._name}.{tool}"
        if name not in self.core.artifact.calls:
            known = ", ".join(sorted(known.partition(".")[2] for known in self.core.artifact.calls))
            raise ComponentError(f"{self._name} has no tool {tool!r}: it has {known}")
        value, _ = self.core.call(name, arguments)
        form = self.core.artifact.calls[name].form & 3
        return value["result"] if form == component_artifact.WRAPPED else value

    def close(self) -> None:
        self.core.close()


@functools.cache
def _core(on: str) -> ModuleType:
    """A ``motet_core.component`` of its own for each engine: others in this process keep theirs."""
    spec = importlib.util.find_spec("motet_core.component")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if on == "wasmtime":
        from motet.components.jit.node import parts

        engine: Any = parts()
    else:
        engine = motet_native
    module.native = lambda: engine  # type: ignore[attr-defined]
    return module


def _seen(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Changes when a file of the folder does."""
    files = [(path, path.stat()) for path in staging.walk(folder) if path.is_file()]
    return tuple((str(path), state.st_mtime_ns, state.st_size) for path, state in files)


@functools.lru_cache(maxsize=32)
def _admitted(folder: Path, seen: object) -> Admitted:
    """Built and admitted once for all tests."""
    admitted = accept(read(folder))
    if not isinstance(admitted, Admitted):
        raise ComponentError(f"{folder} is no component")
    return admitted


def _world(folder: Path, admitted: Admitted) -> World | None:
    header = admitted.manifest.component
    if not header.wit:
        return None
    base = folder if folder.is_dir() else folder.parent
    return wit.load((base / header.wit).read_text("utf-8"), header.wit, header.world)


def _board(on: str, admitted: Admitted, host: Host | None) -> Runs:
    if on not in boards.names():
        raise ComponentError(f"{on!r} is nothing to run on: there are {', '.join((*ENGINES, *boards.names()))}")
    if host is not None:
        raise ComponentError(f"{on} has sensors, clock and log of its own: a test with `host` runs on {' and '.join(ENGINES)}")
    from motet.components.testing.board import Emulated

    return Emulated(on, admitted)


def folder_of(test: Path) -> Path:
    """The nearest folder above a file with a Component.toml. Raises ComponentError."""
    for folder in test.resolve().parents:
        if (folder / manifests.FILE_NAME).is_file():
            return folder
    raise ComponentError(f"{test}: no folder above it has a {manifests.FILE_NAME}")
