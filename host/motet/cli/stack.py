# SPDX-License-Identifier: Apache-2.0
"""Everything `motet up` runs, in one event loop: broker, emulated boards, bridges, fleet, gateway.

Parts are started in that order and stopped in the opposite one, also when a later part cannot start.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motet import __version__
from motet.bridge import Bridge
from motet.bus import Bus, BusError, broker
from motet.cli.client import RUN_FILE
from motet.cli.console import Exit, FatalError
from motet.cli.keeping import keeping, sealing_key, tasks_of
from motet.components.depot import Depot
from motet.components.gatekeeper import Gatekeeper
from motet.components.jit.keeper import PROGRAMS, Node
from motet.components.jit.programs import Programs
from motet.components.renewal import renew
from motet.config import Config, Emulated, Serial
from motet.emulate import EmulatorError, Machine, create
from motet.fleet import Fleet
from motet.gateway.app import GatewayApp
from motet.gateway.deployments import Deployments
from motet.gateway.devicelogs import DeviceLogs
from motet.gateway.inference import Inference
from motet.gateway.inventory import Inventory
from motet.gateway.options import Options
from motet.gateway.packages import Packages
from motet.gateway.server import listening
from motet.gateway.stdio import serve_stdio
from motet.gateway.views import BadView
from motet.observe import Metrics
from motet.upstream.configured import upstreams

log = logging.getLogger(__name__)
Say = Callable[[str], None]
SETTLE_S = 2.0


@dataclass
class Running:
    """What others may use of a running stack."""

    url: str
    """The MCP endpoint."""
    broker_url: str
    fleet: Fleet
    emulators: dict[str, Machine]


@contextlib.asynccontextmanager
async def stack(config: Config, say: Say, announce: bool = True) -> AsyncIterator[Running]:
    """Start everything `config` names; the block runs while it serves. With `announce`, other commands find the gateway.

    Raises:
        FatalError: a part cannot start; the sentence says which and what to do.
    """
    async with contextlib.AsyncExitStack() as parts:
        try:
            broker_url = await parts.enter_async_context(_broker(config, say))
            emulators = {one.id: await parts.enter_async_context(_emulator(one, say)) for one in config.emulate}
            nodes = [await parts.enter_async_context(_node(config, say))] if config.node.id else []
            for line in [*_lines(config, emulators), *nodes]:
                await parts.enter_async_context(_bridge(line, broker_url, config.realm, say))
            fleet = await parts.enter_async_context(_fleet(config, broker_url))
            await parts.enter_async_context(upstreams(config, broker_url))
            url = await parts.enter_async_context(_gateway(config, fleet))
        except (broker.BrokerError, BusError, EmulatorError, OSError) as error:
            raise FatalError(str(error), Exit.UNREACHABLE) from error
        except ValueError as error:
            raise FatalError(str(error), Exit.USAGE) from error
        with _announced(config.state.dir, url) if announce else contextlib.nullcontext():
            yield Running(url, broker_url, fleet, emulators)


@contextlib.asynccontextmanager
async def _broker(config: Config, say: Say) -> AsyncIterator[str]:
    if config.broker.url:
        yield config.broker.url
        return
    started = await asyncio.to_thread(broker.start, config.broker.kind)
    say(f"broker    {started.kind} at {started.url}")
    try:
        yield started.url
    finally:
        await asyncio.to_thread(started.stop)


@contextlib.asynccontextmanager
async def _emulator(emulated: Emulated, say: Say) -> AsyncIterator[Machine]:
    emulator = create(emulated.board, icount=emulated.icount)
    try:
        await asyncio.to_thread(emulator.start)
        say(f"board     {emulated.id}: {emulator.board.title}, emulated, UART at {emulator.url}")
        yield emulator
    finally:
        await asyncio.to_thread(emulator.close)


@contextlib.asynccontextmanager
async def _node(config: Config, say: Say) -> AsyncIterator[Serial]:
    node = Node(config.node.id, config.state.dir / "node")
    task = asyncio.create_task(node.run(), name="node")
    say(f"node      {config.node.id}: components on this machine, with wasmtime")
    try:
        yield Serial(url=node.url, id=config.node.id)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _lines(config: Config, emulators: dict[str, Machine]) -> list[Serial]:
    emulated = [Serial(url=emulator.url, id=device) for device, emulator in emulators.items()]
    return [*config.serial, *emulated]


@contextlib.asynccontextmanager
async def _bridge(line: Serial, broker_url: str, realm: str, say: Say) -> AsyncIterator[None]:
    bridge = Bridge(line.url, broker_url, realm, id=line.id, baud=line.baud)
    task = asyncio.create_task(bridge.run(), name=f"bridge {line.url}")
    task.add_done_callback(lambda done: _ended(done, line.url))
    say(f"bridge    {line.url} to MQTT")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _ended(task: asyncio.Task[None], url: str) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the bridge of %s ended: %s", url, error)


@contextlib.asynccontextmanager
async def _fleet(config: Config, broker_url: str) -> AsyncIterator[Fleet]:
    name = config.gateway.name
    bus = await Bus.connect(broker_url, f"{name}-{os.urandom(4).hex()}")
    fleet = Fleet(bus, config.realm, name, config.gateway.call_timeout_s)
    try:
        await fleet.start()
        yield fleet
    finally:
        await fleet.close()
        await bus.close()


def _options(config: Config, **further: Any) -> Options:
    views = {"groups": tuple(config.group), "servers": tuple(config.server)}
    more = {**views, "limits": config.limits, **further}
    return Options.of(config.gateway, __version__, state_keys=(sealing_key(config),), **more)


@contextlib.asynccontextmanager
async def _gateway(config: Config, fleet: Fleet) -> AsyncIterator[str]:
    options = _options(config, auth=config.auth)
    logs = DeviceLogs(fleet)
    with keeping(config) as (gate, rules, depot), tasks_of(config) as table:
        node = Programs(config.node.id, config.state.dir / "node" / PROGRAMS) if config.node.id else None
        installing = Deployments(fleet, gate, depot, node), Inventory(fleet, gate, depot, node)
        parts = (*installing, Packages(fleet, gate, depot), logs)
        routes = [route for part in parts for route in part.routes()]
        app = GatewayApp(fleet, Metrics(), options, extra_routes=routes, rules=rules, table=table)
        if config.inference.enabled:
            calls = app.front.calls
            Inference(config.inference, fleet, calls, depot, rules).register(calls.local)
        async with listening(app, options) as url, _renewal(fleet, node, gate, depot):
            try:
                yield url
            finally:
                logs.close()


@contextlib.asynccontextmanager
async def _renewal(fleet: Fleet, node: Programs | None, gate: Gatekeeper, depot: Depot) -> AsyncIterator[None]:
    """Compiles again, beside everything else, what another version of wasmtime has compiled."""
    if node is None:
        yield
        return
    task = asyncio.create_task(renew(fleet, node, gate, depot), name="renewal")
    task.add_done_callback(_renewal_ended)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _renewal_ended(task: asyncio.Task[int]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("what another version of wasmtime has compiled is not compiled again: %s", error)


@contextlib.contextmanager
def _announced(folder: Path, url: str) -> Iterator[None]:
    """Write down where the gateway is, so that other commands find it."""
    note = folder / RUN_FILE
    text = json.dumps({"url": url.removesuffix("/mcp"), "pid": os.getpid()})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        note.write_text(text)
    except OSError as error:
        raise FatalError(f"{note} cannot be written: {error.strerror}; set state.dir in motet.toml", Exit.USAGE) from error
    try:
        yield
    finally:
        # A system that started here later has written down its own.
        with contextlib.suppress(OSError):
            if note.read_text() == text:
                note.unlink()


async def stdio(config: Config, view: str = "") -> None:
    """Serve one MCP client on standard input and output, over the configured broker, until it leaves; it sees one view.

    Raises:
        FatalError: no broker is configured or it cannot be reached, or there is no such view.
    """
    if not config.broker.url:
        raise FatalError("an MCP server on stdio needs a running broker: set broker.url in motet.toml", Exit.USAGE)
    try:
        async with _fleet(config, config.broker.url) as fleet:
            options = _options(config)
            # A client asks for the tools at once: give the devices that are there the time to show them.
            await came_true(fleet, lambda: _known(fleet), SETTLE_S)
            with keeping(config) as (_gate, rules, _depot):
                # Tasks of a gateway that runs beside are its own.
                await serve_stdio(GatewayApp(fleet, Metrics(), options, rules=rules).front, view)
    except BusError as error:
        raise FatalError(str(error), Exit.UNREACHABLE) from error
    except BadView as error:
        raise FatalError(str(error), Exit.USAGE) from error


def _known(fleet: Fleet) -> bool:
    there = [device for device in fleet.devices() if device.online]
    return bool(there) and all(device.tools for device in there)


async def online(fleet: Fleet, device: str, timeout_s: float) -> None:
    """Return once `device` is online and its tools are known.

    Raises:
        FatalError: it did not get there within `timeout_s` seconds.
    """

    def there() -> bool:
        found = fleet.get(device)
        return found is not None and found.online and bool(found.tools)

    if not await came_true(fleet, there, timeout_s):
        raise FatalError(f"device {device} did not come online within {timeout_s:g} s", Exit.TIMEOUT)


async def came_true(fleet: Fleet, condition: Callable[[], bool], timeout_s: float) -> bool:
    """Whether `condition` was met within `timeout_s` seconds; it is asked again after each event of the fleet."""
    changed = asyncio.Event()
    forget = fleet.add_listener(lambda _event: changed.set())
    try:
        async with asyncio.timeout(timeout_s):
            while not condition():
                changed.clear()
                await changed.wait()
    except TimeoutError:
        return False
    finally:
        forget()
    return True
