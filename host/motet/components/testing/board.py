# SPDX-License-Identifier: Apache-2.0
"""A component on an emulated board: the product's firmware, its link, its flash; granted and installed as by a gateway."""

from __future__ import annotations

import asyncio
import atexit
import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from motet.components.admission import Admitted
from motet.components.errors import ComponentError
from motet.components.grants import Permit
from motet.components.install import install
from motet.emulate import EmulatorError, Machine, create
from motet.emulate.keywords.errors import KeywordError
from motet.emulate.keywords.link import BoardLink
from motet.fleet import FleetError
from motet.trust import PrivateKey
from motet_core import component_artifact
from motet_core.errors import ToolError

PATIENCE_S = 60.0
_ID = "test-board"


class _Board:
    """One emulated board, which several tests share one after the other."""

    def __init__(self, name: str) -> None:
        self.key = PrivateKey.generate()
        self.serials = itertools.count(1)
        self.machine: Machine = create(name)
        try:
            self.machine.start()
            self.link = BoardLink(self.machine.port, PATIENCE_S)
            self.link.greet(_ID)
        except BaseException:
            self.machine.close()
            raise

    async def call(self, device: str, method: str, params: dict[str, Any], timeout: float) -> Any:
        """As ``motet.components.install`` wants it."""
        try:
            return await asyncio.to_thread(lambda: self.link.call(method, **params))
        except KeywordError as error:
            raise FleetError(device, str(error)) from None

    def close(self) -> None:
        self.link.close()
        self.machine.close()


_running: dict[str, _Board] = {}


def stop_boards() -> None:
    """Ends all boards that tests have used."""
    while _running:
        _running.popitem()[1].close()


atexit.register(stop_boards)


class Emulated:
    """An admitted component on a board. Raises ComponentError naming what is missing or what the board refused."""

    def __init__(self, on: str, admitted: Admitted) -> None:
        self._name = admitted.manifest.component.name
        self._artifact = component_artifact.Artifact(admitted.artifact)
        try:
            if on not in _running:
                _running[on] = _Board(on)
            self._board = _running[on]
            self._install(admitted)
        except (EmulatorError, KeywordError) as error:
            self._forget(on)
            raise ComponentError(f"{on}: {error}") from None

    def call(self, tool: str, arguments: dict[str, Any]) -> Any:
        name = f"{self._name}.{tool}"
        call = self._artifact.calls.get(name)
        if call is None:
            raise ComponentError(f"{self._name} has no tool {tool!r}")
        result = self._board.link.call("tools/call", name=name, arguments=arguments)
        if result.get("isError"):
            raise ToolError(result["content"][0]["text"])
        value = result.get("structuredContent")
        return value["result"] if value is not None and call.form & 3 == component_artifact.WRAPPED else value

    def handle(self, message: dict[str, Any]) -> bytes:
        raise ComponentError("messages reach a board through a gateway: test the handler on wasmtime and native")

    def tick(self, function: str) -> Any:
        raise ComponentError("a board has a clock of its own: test scheduled functions on wasmtime and native")

    def close(self) -> None:
        self._board.link.call("artifact.remove", kind="component", name=self._name)

    def _install(self, admitted: Admitted) -> None:
        grant = None
        if admitted.manifest.capabilities.wanted:
            permit = Permit(admitted.manifest, _ID, next(self._board.serials))
            grant = permit.signed(self._board.key, admitted.digest)
        work = install(self._board, _ID, admitted, key=self._board.key, grant=grant)
        # In a thread of its own: the caller's may run a loop.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, work).result()

    @staticmethod
    def _forget(on: str) -> None:
        board = _running.pop(on, None)
        if board is not None:
            board.close()
