# SPDX-License-Identifier: Apache-2.0
"""A component of a folder, built, admitted and running: on wasmtime, on the device engine or on an emulated board."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Protocol, Self

from motet import boards
from motet.components import manifest as manifests
from motet.components import staging, wit
from motet.components.admission import Admitted
from motet.components.errors import ComponentError
from motet.components.packages import accept, read
from motet.components.testing.hosts import Host
from motet.components.testing.local import ENGINES, Local
from motet.components.wittypes import World

PYTHON, WASMTIME = "python", "wasmtime"


class Runs(Protocol):
    """Where a component runs. What it cannot do there is a ComponentError."""

    def call(self, tool: str, arguments: dict[str, Any]) -> Any:
        """The value of a tool of the component, by its name without the component's; all steps of its work. Raises ToolError."""
        ...

    def handle(self, message: dict[str, Any]) -> bytes:
        """What its handler answers. Raises ToolError with the handler's error."""
        ...

    def tick(self, function: str) -> Any:
        """Runs a scheduled function now."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...


class Component:
    """``on``: "wasmtime", "native" or the name of an emulated board; for one that is for gateways see ``gateway_places``."""

    def __init__(self, folder: Path, on: str = "native", host: Host | None = None) -> None:
        """Raises ComponentError when it cannot be built, is refused, or ``on`` is nothing to run it on."""
        self.on, self.host = on, host or Host()
        home = folder if folder.is_dir() else folder.parent
        self.manifest = manifests.load(home)
        if on == PYTHON:
            from motet.components.testing.python import Interpreted

            self._runs: Runs = Interpreted(home, self.manifest, self.host)
            return
        if places := gateway_places(self.manifest):
            if on not in places:
                raise ComponentError(f"{folder}: it is for gateways: it runs on {' or '.join(places)}, not on {on}")
            from motet.components.testing.gatewayonly import Built

            self._runs = Built(home, self.manifest, self.host)
            return
        admitted = _admitted(folder, _seen(folder))
        if on in ENGINES:
            self._runs = Local(admitted, on, self.host, _world(folder, admitted))
        else:
            self._runs = _board(on, admitted, host)

    def call(self, tool: str, arguments: dict[str, Any] | None = None, **more: Any) -> Any:
        """What a tool returns, as JSON would show it: the record, or the value itself; None when it returns nothing.

        Raises ToolError with the text that an agent sees: the error of the function's ``result``, a trap, wrong arguments.
        """
        return self._runs.call(tool, (arguments or {}) | more)

    def handle(self, topic: str = "", data: bytes = b"", sender: str = "test", **more: Any) -> bytes:
        """What its handler answers to a message; ``answers`` and ``failure`` may be given, too. Not on boards.

        Raises ToolError with the error that the handler returns.
        """
        message = {"topic": topic, "sender": sender, "answers": None, "failure": None, "data": data}
        return self._runs.handle(message | more)

    def tick(self, function: str) -> Any:
        """Runs a function of ``[[schedule]]`` now, whatever the time. Not on boards. Raises ToolError."""
        return self._runs.tick(function)

    def close(self) -> None:
        """Ends it."""
        self._runs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def gateway_places(manifest: manifests.Manifest) -> tuple[str, ...]:
    """What a component for gateways runs on in tests, the usual one first; nothing for others.

    One in Python runs in this interpreter, and as it was built only when somebody asks for it: that takes half a minute.
    """
    if manifest.build is not None and manifest.build.language == PYTHON:
        return (PYTHON, WASMTIME)
    return (WASMTIME,) if manifest.gateway_only else ()


def open_component(folder: Path | str, on: str = "native", host: Host | None = None) -> Component:
    """The component of a folder; see Component."""
    return Component(Path(folder), on, host)


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
