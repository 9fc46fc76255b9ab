# SPDX-License-Identifier: Apache-2.0
"""What a component for gateways does when it is tested, by its contract; what runs it only calls functions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from motet.components.errors import ComponentError
from motet.components.manifest import Manifest
from motet.components.witpackages import is_service
from motet.components.wittypes import Function, World
from motet_core.errors import ToolError


class Contracted(ABC):
    """Tools, handler and scheduled functions of a world."""

    def __init__(self, world: World, manifest: Manifest) -> None:
        self._functions = {function.name: function for function in world.exports}
        self._steps = manifest.steps

    def call(self, tool: str, arguments: dict[str, Any]) -> Any:
        """The value of a tool; all steps of its work. Raises ToolError."""
        function = self._functions.get(tool)
        if function is None or is_service(function):
            raise ComponentError(f"there is no tool {tool!r}: there are {', '.join(sorted(self._functions))}")
        value = self._called(function, arguments)
        while tool in self._steps:
            value = self._called(self._functions[self._steps[tool].step], {})
            if value["tag"] == "done":
                return value.get("val")
        return value

    def handle(self, message: dict[str, Any]) -> bytes:
        """What its handler answers. Raises ToolError with the handler's error."""
        function = self._service("handle")
        if function is None:
            raise ComponentError("the contract exports no handler")
        return bytes(self._called(function, {"message": message}))

    def tick(self, function: str) -> Any:
        """Runs a scheduled function now."""
        return self._called(self._functions[function], {})

    def _begin(self) -> None:
        """Runs what comes before the first call. Raises ComponentError with what it says."""
        for name in ("init", "health"):
            if (function := self._service(name)) is not None:
                try:
                    self._called(function, {})
                except ToolError as error:
                    raise ComponentError(f"{name}: {error}") from None

    def _service(self, name: str) -> Function | None:
        function = self._functions.get(name)
        return function if function is not None and is_service(function) else None

    @abstractmethod
    def _called(self, function: Function, arguments: dict[str, Any]) -> Any:
        """What a function returns, the ok of a ``result``; its error is a ToolError."""
