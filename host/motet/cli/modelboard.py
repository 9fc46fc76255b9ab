# SPDX-License-Identifier: Apache-2.0
"""One model on one board, emulated or attached: a private broker, the bridge, the ordinary installation and models.predict."""

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
from motet.cli.stack import came_true
from motet.components.errors import ComponentError
from motet.components.install import install
from motet.emulate import EmulatorError, create
from motet.fleet import Fleet, FleetError
from motet.models.running import CODES, Ports
from motet.observe import setup_logging

REALM, NAME = "model-run", "model"
BOOT_S, CALL_S = 30.0, 300.0


@dataclass(frozen=True)
class Place:
    """A board, and the serial device or URL where one is attached; without, it is emulated, with this image."""

    board: Board
    url: str | None = None
    firmware: Path | None = None


@dataclass(frozen=True)
class BoardResult:
    """What a board made of one run. ``instructions`` counts the call of the engine, on boards that count instructions."""

    outputs: tuple[tuple[bytes, ...], ...]
    load_ns: int
    run_ns: int
    arena_bytes: int
    instructions: int | None

    @property
    def sha256(self) -> str:
        """Of all output bytes in their order."""
        return hashlib.sha256(b"".join(self.outputs[0])).hexdigest()


async def run_on_board(place: Place, data: bytes, ports: Ports, inputs: list[bytes]) -> BoardResult:
    """Boots a board, or takes the attached one, installs a model as any client would, runs it once. Raises FatalError."""
    # A board that is switched off at the end is no news.
    setup_logging("error", "text")
    try:
        model = await asyncio.to_thread(models.inspect, data, NAME)
        async with _fleet(place) as (fleet, device):
            await install(fleet, device, model)
            return await _predict(fleet, device, place, ports, inputs)
    except (broker.BrokerError, BusError, EmulatorError, OSError, ValueError) as error:
        raise FatalError(str(error), Exit.UNREACHABLE) from error
    except (ComponentError, FleetError) as error:
        raise FatalError(str(error)) from error


@contextlib.asynccontextmanager
async def _fleet(place: Place) -> AsyncIterator[tuple[Fleet, str]]:
    """A fleet with nothing but this board in it, and the board's id."""
    async with contextlib.AsyncExitStack() as parts:
        private = parts.enter_context(await asyncio.to_thread(broker.start, "auto"))
        url = place.url or await _emulated(place, parts)
        bridge = asyncio.create_task(Bridge(url, private.url, REALM, id=place.board.name).run())
        parts.push_async_callback(_cancelled, bridge)
        bus = await Bus.connect(private.url, f"model-{os.urandom(4).hex()}")
        parts.push_async_callback(bus.close)
        fleet = Fleet(bus, REALM, "model", CALL_S)
        parts.push_async_callback(fleet.close)
        await fleet.start()
        yield fleet, await _only(fleet, place, url)


async def _emulated(place: Place, parts: contextlib.AsyncExitStack) -> str:
    emulator = create(place.board, firmware=place.firmware)
    parts.callback(emulator.close)
    await asyncio.to_thread(emulator.start)
    return emulator.url


async def _only(fleet: Fleet, place: Place, url: str) -> str:
    """The id of the one device, once it is there; an attached one may have an id of its own. Raises FatalError."""
    if not await came_true(fleet, lambda: any(one.online and one.tools for one in fleet.devices()), BOOT_S):
        raise FatalError(f"no Motet device answers at {url} within {BOOT_S:g} s", Exit.TIMEOUT)
    device = next(one for one in fleet.devices() if one.online)
    if device.board not in ("", place.board.name):
        raise FatalError(f"the board at {url} is {device.board}, not {place.board.name}", Exit.USAGE)
    return device.id


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _predict(fleet: Fleet, device: str, place: Place, ports: Ports, inputs: list[bytes]) -> BoardResult:
    given: list[str] = [base64.b64encode(data).decode() for data in inputs]
    arguments = {"model": NAME, **({"input": given[0]} if len(given) == 1 else {"inputs": given})}
    result = await fleet.call(device, "tools/call", {"name": "models.predict", "arguments": arguments}, CALL_S)
    if result.get("isError"):
        raise FatalError(f"{device}: {result['content'][0]['text']}", Exit.TOOL_ERROR)
    found: dict[str, Any] = result["structuredContent"]
    rows = zip(found["outputs"], ports.outputs, strict=True)
    outputs = tuple(struct.pack(f"<{len(values)}{CODES[tensor.dtype]}", *values) for values, tensor in rows)
    listed = (await fleet.call(device, "artifact.list", {}, CALL_S))["artifacts"]
    about = next(row for row in listed if row["name"] == NAME)
    return BoardResult((outputs,), about["load_ns"], found["elapsed_ns"], about["arena_bytes"], _instructions(place, found))


def _instructions(place: Place, found: dict[str, Any]) -> int | None:
    if "instructions" in found:
        return int(found["instructions"])
    shift = None if place.url or place.board.emulate is None else place.board.emulate.icount_shift
    return None if shift is None else int(found["elapsed_ns"]) >> shift
