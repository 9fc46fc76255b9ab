# SPDX-License-Identifier: Apache-2.0
"""A component in Python as it is: its own modules in this interpreter, with the dataclasses of its bindings."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from motet.components import staging, wit
from motet.components.errors import ComponentError
from motet.components.manifest import Manifest
from motet.components.sdk.names import described, owner, pascal, snake, upper
from motet.components.sdk.python import case_name, members
from motet.components.testing.contracted import Contracted
from motet.components.testing.hosts import Host
from motet.components.wittypes import (
    Enum,
    Flags,
    Function,
    ListOf,
    Option,
    Primitive,
    Record,
    Result,
    Tuple,
    Type,
    Variant,
    nullable,
)
from motet_core.errors import ToolError


class Interpreted(Contracted):
    """Raises ComponentError when a module cannot be imported or the class does not keep to the contract."""

    def __init__(self, folder: Path, manifest: Manifest, host: Host) -> None:
        if manifest.build is None or manifest.build.language != "python":
            raise ComponentError(f'{folder}: only components with build.language = "python" run on python')
        files = staging.stage(folder, manifest, manifest.build)
        world = wit.load((folder / manifest.component.wit).read_text("utf-8"), manifest.component.wit, manifest.component.world)
        super().__init__(world, manifest)
        self._bindings = _imported(files, manifest.build.sources[0])
        self._values = _Values(self._bindings)
        for function, work in host.bound(world.imports):
            self._play(function, work)
        self._begin()

    def _called(self, function: Function, arguments: dict[str, Any]) -> Any:
        given = [self._values.given(param.type, arguments.get(param.name)) for param in function.params]
        try:
            value = self._bindings.call(_key(function), *given)
        except self._bindings.Err as error:
            kind = function.result.err if isinstance(function.result, Result) else None
            raise ToolError(str(self._values.got(kind, error.value)) if kind is not None else "failed") from None
        kind = function.result.ok if isinstance(function.result, Result) else function.result
        return self._values.got(kind, value)

    def close(self) -> None:
        """Nothing to end."""

    def _play(self, function: Function, work: Callable[..., Any]) -> None:
        name = snake(owner(function.interface))
        place = self._bindings.IMPORTS[name]
        if not isinstance(place, SimpleNamespace):
            place = self._bindings.IMPORTS[name] = SimpleNamespace()

        def call(*arguments: Any) -> Any:
            given = [self._values.got(param.type, value) for param, value in zip(function.params, arguments, strict=True)]
            answer = work(*given)
            if not isinstance(function.result, Result):
                return self._values.given(function.result, answer)
            kind = function.result.ok if answer["tag"] == "ok" else function.result.err
            value = None if kind is None else self._values.given(kind, answer["val"])
            if answer["tag"] == "err":
                raise self._bindings.Err(value)
            return value

        setattr(place, snake(function.name), call)


class _Values:
    """Values as JSON shows them to and from those of the bindings."""

    def __init__(self, bindings: ModuleType) -> None:
        self._bindings = bindings

    def given(self, kind: Type | None, value: Any) -> Any:
        """From JSON."""
        match kind:
            case ListOf(Primitive("u8")):
                return bytes(value)
            case ListOf(element):
                return [self.given(element, item) for item in value]
            case Tuple(items):
                return tuple(map(self.given, items, value))
            case Record(parts):
                values = [self.given(part.type, value.get(part.name)) for part in parts]
                return self._class(kind)(**dict(zip(members(parts), values, strict=True)))
            case Enum():
                return self._class(kind)[upper(value)]
            case Flags(names):
                return self._class(kind)(sum(1 << at for at, name in enumerate(names) if name.name in value))
            case Option(some):
                if nullable(kind):
                    return None if value is None else self.given(some, value)
                return None if value["tag"] == "none" else self._bindings.Some(self.given(some, value["val"]))
            case Result(ok, err):
                part = ok if value["tag"] == "ok" else err
                made = self._bindings.Ok if value["tag"] == "ok" else self._bindings.Err
                return made(None if part is None else self.given(part, value["val"]))
            case Variant(cases):
                case = next(case for case in cases if case.name == value["tag"])
                made = self._class(kind, f"_{case_name(case)}")
                return made() if case.type is None else made(self.given(case.type, value["val"]))
            case Primitive("f32" | "f64"):
                return float(value)
        return value

    def got(self, kind: Type | None, value: Any) -> Any:
        """To JSON."""
        match kind:
            case ListOf(element):
                return value if isinstance(value, bytes) else [self.got(element, item) for item in value]
            case Tuple(items):
                return list(map(self.got, items, value))
            case Record(parts):
                values = [getattr(value, field.name) for field in fields(value)]
                return {part.name: self.got(part.type, item) for part, item in zip(parts, values, strict=True)}
            case Enum(cases):
                return cases[value.value].name
            case Flags(names):
                return [name.name for at, name in enumerate(names) if value.value >> at & 1]
            case Option(some):
                if nullable(kind):
                    return None if value is None else self.got(some, value)
                return {"tag": "none"} if value is None else {"tag": "some", "val": self.got(some, value.value)}
            case Result(ok, err):
                tag, part = ("ok", ok) if isinstance(value, self._bindings.Ok) else ("err", err)
                return {"tag": tag} if part is None else {"tag": tag, "val": self.got(part, value.value)}
            case Variant(cases):
                case = next(case for case in cases if isinstance(value, self._class(kind, f"_{case_name(case)}")))
                return {"tag": case.name} if case.type is None else {"tag": case.name, "val": self.got(case.type, value.value)}
        return value

    def _class(self, kind: Type, more: str = "") -> Any:
        return getattr(self._bindings, pascal(described(kind)) + more)


def _key(function: Function) -> str:
    return ".".join(snake(part) for part in (owner(function.interface), function.name) if part)


def _imported(files: staging.Files, source: str) -> ModuleType:
    """The bindings, with the author's module imported beside them; both leave no trace in this interpreter."""
    local = {Path(name).parts[0].removesuffix(".py") for name in files if name.endswith(".py")}
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in local}
    with tempfile.TemporaryDirectory(prefix="motet-python-") as scratch:
        staging.write(files, Path(scratch))
        sys.path.insert(0, scratch)
        try:
            bindings = importlib.import_module(staging.BINDINGS)
            importlib.import_module(source.removesuffix(".py").replace("/", "."))
        except Exception as error:
            raise ComponentError(f"{source}: {type(error).__name__}: {error}") from error
        finally:
            sys.path.remove(scratch)
            for name in [name for name in sys.modules if name.partition(".")[0] in local]:
                del sys.modules[name]
            sys.modules.update(before)
    return bindings
