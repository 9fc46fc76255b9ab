# SPDX-License-Identifier: Apache-2.0
"""A device as the install client sees it, with faults on order."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from motet.fleet import DeviceRestarted, RpcError
from motet_core import errors as codes

Json = dict[str, Any]


class Board:
    """The artifact methods of a device. ``faults``: method -> errors for its next calls, raised after the work is done
    when they are wrapped in a tuple (the answer is lost), before it otherwise."""

    board = "stm32f405"

    def __init__(self, block: int = 100, **faults: list[Any]) -> None:
        self.block = block
        self.faults = {name.replace("_", "."): list(errors) for name, errors in faults.items()}
        self.calls: list[str] = []
        self.artifacts: dict[tuple[str, str], Json] = {}
        self.open: Json | None = None
        self.buffer = b""
        self.last: Json | None = None

    def get(self, device: str) -> Board:
        return self

    async def call(self, device: str, method: str, params: Json, timeout: float) -> Any:
        self.calls.append(method)
        await asyncio.sleep(0)
        fault = self.faults.get(method) and self.faults[method].pop(0)
        if isinstance(fault, DeviceRestarted):
            self.open, self.artifacts = None, {}
        if isinstance(fault, Exception):
            raise fault
        answer = getattr(self, "_" + method.partition(".")[2])(params)
        if isinstance(fault, tuple):
            raise fault[0]
        return fault if isinstance(fault, dict) else answer

    def _begin(self, params: Json) -> Json:
        self.open, self.buffer = params, b""
        return {"transfer": 7, "block": self.block}

    def _block(self, params: Json) -> Json:
        assert params["transfer"] == 7 and len(params["data"]) <= self.block
        if self.open is None:
            raise RpcError("board1", codes.NOT_FOUND, "no such transfer")
        self.buffer = self.buffer[: params["offset"]] + params["data"]
        return {"received": len(self.buffer)}

    def _commit(self, params: Json) -> Json:
        if self.open is None:
            assert self.last is not None
            return self.last
        assert hashlib.sha256(self.buffer).digest() == self.open["digest"]
        self.artifacts[self.open["kind"], self.open["name"]] = self.last = {**self.open, "data": self.buffer}
        self.open = None
        return self.last

    def _abort(self, params: Json) -> Json:
        self.open = None
        return {}

    def _list(self, params: Json) -> Json:
        keys = ("kind", "name", "revision", "size", "digest")
        return {"artifacts": [{key: row[key] for key in keys} for row in self.artifacts.values()]}
