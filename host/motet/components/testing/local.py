# SPDX-License-Identifier: Apache-2.0
"""An admitted component in this process, in motet_core's hands, which limit fuel and memory and word errors as on a device."""

from __future__ import annotations

import functools
import importlib.util
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import motet_native

from motet.components.admission import Admitted
from motet.components.errors import ComponentError
from motet.components.testing.hosts import Host
from motet.components.wittypes import Function, World
from motet_core import component_artifact
from motet_core.errors import Later, Refused

ENGINES = ("wasmtime", "native")
Played = list[tuple[Function, Callable[..., Any]]]


class Local:
    """Raises ComponentError when the component does not begin: no memory, an error of its ``init``."""

    def __init__(self, admitted: Admitted, on: str, host: Host, world: World | None) -> None:
        self._name = admitted.manifest.component.name
        artifact = component_artifact.Artifact(admitted.artifact)
        made = _played(on, artifact.hooks is not None, list(host.bound(world.imports)) if world else [])
        try:
            self.core = made(artifact, SimpleNamespace(supervisor=None))
            if artifact.hooks is not None:
                self.core.begin()
        except Refused as error:
            raise ComponentError(error.message) from None

    def call(self, tool: str, arguments: dict[str, Any]) -> Any:
        name = f"{self._name}.{tool}"
        call = self.core.artifact.calls.get(name)
        if call is None:
            known = ", ".join(sorted(known.partition(".")[2] for known in self.core.artifact.calls))
            raise ComponentError(f"{self._name} has no tool {tool!r}: it has {known}")
        try:
            value, _ = self.core.call(name, arguments)
        except Later as later:
            value = self._worked(name, later.work)
        return value["result"] if call.form & 3 == component_artifact.WRAPPED else value

    def handle(self, message: dict[str, Any]) -> bytes:
        if not self.core.takes_messages:
            raise ComponentError(f"{self._name} exports no handler")
        return bytes(self.core.handle([message[key] for key in ("topic", "sender", "answers", "failure", "data")]))

    def tick(self, function: str) -> Any:
        rows = self.core.artifact.hooks.schedule if self.core.artifact.hooks else []
        exports = [row[0] for row in rows if row[0].rpartition("#")[2] == function]
        if not exports:
            raise ComponentError(f"{self._name}: [[schedule]] has no function {function!r}")
        return self.core.invoke(exports[0])

    def close(self) -> None:
        self.core.close()

    def _worked(self, name: str, work: Any) -> Any:
        """All steps of work that has begun."""
        while True:
            progress, done = self.core.step(name, work)
            if progress is None:
                return done[0]


def _played(on: str, served: bool, bound: Played) -> Any:
    """motet_core's class of a component, with its imports played."""
    core = _core(on)
    base: Any = core.served.Served if served else core.component.Component

    class Component(base):  # type: ignore[misc]
        def _link(self, instance: Any, known: dict[bytes, Any]) -> None:
            types = known.setdefault(self.artifact.types, core.engine.wasm.Types(self.artifact.types))
            wanted = {(module, name) for module, name, _ in instance.imports()}
            for function, work in bound:
                module = function.interface or "$root"
                if (module, function.name) in wanted:
                    instance.link_typed(module, function.name, types, work)

    return Component


@functools.cache
def _core(on: str) -> SimpleNamespace:
    """Modules of motet_core of their own for each engine: others in this process keep theirs."""
    if on == "wasmtime":
        from motet.components.jit.node import parts

        engine: Any = parts()
    else:
        engine = motet_native
    component = _copied("motet_core.component", engine)
    before = sys.modules.get("motet_core.component")
    sys.modules["motet_core.component"] = component
    try:
        served = _copied("motet_core.services.served", engine)
    finally:
        if before is None:
            del sys.modules["motet_core.component"]
        else:
            sys.modules["motet_core.component"] = before
    return SimpleNamespace(engine=engine, component=component, served=served)


def _copied(name: str, engine: Any) -> ModuleType:
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.native = lambda: engine  # type: ignore[attr-defined]
    return module
