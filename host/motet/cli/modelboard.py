# SPDX-License-Identifier: Apache-2.0
"""One model on one emulated board: a private broker, the bridge, the ordinary installation and models.predict."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import os
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motet import models
from motet.boards import Board
from motet.bridge import Bridge
from motet.bus import Bus, BusError, broker
from motet.cli.console import Exit, FatalError
from motet.cli.stack import online
from motet.components.errors import ComponentError
from motet.components.install import install
from motet.emulate import EmulatorError, create
from motet.fleet import Fleet, FleetError
from motet.models.running import CODES, Ports
from motet.observe import setup_logging

REALM, NAME = "model-run", "model"
BOOT_S, CALL_S = 30.0, 300.0


@dataclass(frozen=True)
class BoardResult:
    """What a board made of one run. ``instructions`` counts the call of the engine, on boards that count instructions."""

    outputs: tuple[tuple[bytes, ...], ...]
    load_ns: int
    arena_bytes: int
    instructions: int | None

    @property
    def sha256(self) -> str:
        """Of all output bytes in their order."""
        return hashlib.sha256(b"".join(self.outputs[0])).hexdigest()


async def run_on_board(board: Board, firmware: Path | None, data: bytes, ports: Ports, inputs: list[bytes]) -> BoardResult:
    """Boots a board, installs a model as any client would, runs it once. Raises FatalError."""
    # A board that is switched off at the end is no news.
    setup_logging("error", "text")
    if len(inputs) != 1:
        raise FatalError(f"models.predict on a device takes one input, this model has {len(inputs)}")
    try:
        model = await asyncio.to_thread(models.inspect, data, NAME)
        async with _fleet(board, firmware) as fleet:
            await install(fleet, board.name, model)
            return await _predict(fleet, board, ports, inputs[0])
    except (broker.BrokerError, BusError, EmulatorError, OSError) as error:
        raise FatalError(str(error), Exit.UNREACHABLE) from error
    except (ComponentError, FleetError) as error:
        raise FatalError(str(error)) from error


@contextlib.asynccontextmanager
async def _fleet(board: Board, firmware: Path | None) -> AsyncIterator[Fleet]:
    async with contextlib.AsyncExitStack() as parts:
        private = parts.enter_context(await asyncio.to_thread(broker.start, "auto"))
        emulator = create(board, firmware=firmware)
        parts.callback(emulator.close)
        await asyncio.to_thread(emulator.start)
        bridge = asyncio.create_task(Bridge(emulator.url, private.url, REALM, id=board.name).run())
        parts.push_async_callback(_cancelled, bridge)
        bus = await Bus.connect(private.url, f"model-{os.urandom(4).hex()}")
        parts.push_async_callback(bus.close)
        fleet = Fleet(bus, REALM, "model", CALL_S)
        parts.push_async_callback(fleet.close)
        await fleet.start()
        await online(fleet, board.name, BOOT_S)
        yield fleet


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _predict(fleet: Fleet, board: Board, ports: Ports, data: bytes) -> BoardResult:
    arguments = {"model": NAME, "input": base64.b64encode(data).decode()}
    result = await fleet.call(board.name, "tools/call", {"name": "models.predict", "arguments": arguments}, CALL_S)
    if result.get("isError"):
        raise FatalError(f"{board.name}: {result['content'][0]['text']}", Exit.TOOL_ERROR)
    found: dict[str, Any] = result["structuredContent"]
    rows = zip(found["outputs"], ports.outputs, strict=True)
    outputs = tuple(struct.pack(f"<{len(values)}{CODES[tensor.dtype]}", *values) for values, tensor in rows)
    listed = (await fleet.call(board.name, "artifact.list", {}, CALL_S))["artifacts"]
    about = next(row for row in listed if row["name"] == NAME)
    return BoardResult((outputs,), about["load_ns"], about["arena_bytes"], _instructions(board, found))


def _instructions(board: Board, found: dict[str, Any]) -> int | None:
    if "instructions" in found:
        return int(found["instructions"])
    if board.emulate is None or board.emulate.icount_shift is None:
        return None
    return int(found["elapsed_ns"]) >> board.emulate.icount_shift
