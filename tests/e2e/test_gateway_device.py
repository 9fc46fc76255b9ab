# SPDX-License-Identifier: Apache-2.0
"""The whole way without an emulator: MCP client, gateway, broker, serial bridge, and the device core as a process."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import pytest
from mcp import Client
from mcp.client.subscriptions import ToolsListChanged
from mcp.shared.exceptions import MCPError
from tests.support.memory_fleet import serving
from tests.support.waiting import until

from motet.bridge import Bridge
from motet.bus import Bus, broker
from motet.fleet import Fleet

pytestmark = pytest.mark.anyio
FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"


class DeviceProcess:
    """`python -m motet_core` on a TCP port that stays the same over restarts."""

    def __init__(self):
        self.process, self.port = None, 0

    async def start(self):
        command = (sys.executable, "-m", "motet_core", "--listen", f"127.0.0.1:{self.port}", "--id", "board")
        self.process = await asyncio.create_subprocess_exec(*command, cwd=FIRMWARE, stdout=asyncio.subprocess.PIPE)
        async with asyncio.timeout(20):
            self.port = int((await self.process.stdout.readline()).rsplit(b":", 1)[1])

    async def kill(self):
        self.process.kill()
        await self.process.wait()


@contextlib.asynccontextmanager
async def world(**settings):
    """(MCP URL, fleet, device), the device online with its tools known."""
    with broker.start() as engine:
        async with contextlib.AsyncExitStack() as stack:
            device = DeviceProcess()
            await device.start()
            stack.push_async_callback(device.kill)
            bridge = asyncio.create_task(Bridge(f"socket://127.0.0.1:{device.port}", engine.url, "test").run())
            stack.push_async_callback(_cancelled, bridge)
            bus = await Bus.connect(engine.url, "gateway-test")
            stack.push_async_callback(bus.close)
            fleet = Fleet(bus, "test")
            await fleet.start()
            stack.push_async_callback(fleet.close)
            url, _ = await stack.enter_async_context(serving(fleet, **settings))
            await until(lambda: online(fleet) and fleet.get("board").tools)
            yield url, fleet, device


async def _cancelled(task):
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def online(fleet):
    return (found := fleet.get("board")) is not None and found.online


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_an_agent_reads_a_sensor(era):
    async with world() as (url, _, _), Client(url, mode=era) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert {"board.sensors.list", "board.sensors.read", "board.vitals.read"} <= set(names)
        result = await client.call_tool("board.sensors.list", {})
        assert not result.is_error
        assert result.structured_content["sensors"]


async def test_wrong_arguments_are_named_by_gateway_or_device():
    async with world() as (url, _, _), Client(url) as client:
        by_gateway = await client.call_tool("board.sensors.read", {"sensor": 7})
        assert by_gateway.is_error
        assert "sensor" in by_gateway.content[0].text
        by_device = await client.call_tool("board.sensors.read", {"sensor": "no such sensor"})
        assert by_device.is_error
        assert "no such sensor" in by_device.content[0].text


async def test_a_device_that_is_killed_and_started_again_serves_on():
    async with world() as (url, fleet, device), Client(url) as client, client.listen(tools_list_changed=True) as events:
        await device.kill()
        await until(lambda: not online(fleet))
        assert isinstance(await anext(events), ToolsListChanged)
        with pytest.raises(MCPError) as caught:
            await client.call_tool("board.vitals.read", {})
        assert caught.value.code == -32060
        await device.start()
        await until(lambda: online(fleet))
        assert isinstance(await anext(events), ToolsListChanged)
        assert not (await client.call_tool("board.vitals.read", {})).is_error


async def test_more_calls_at_once_than_the_device_can_remember_are_all_answered():
    async with world() as (url, _, _), Client(url) as client:
        results = await asyncio.gather(*(client.call_tool("board.vitals.read", {}) for _ in range(30)))
        assert not any(result.is_error for result in results)
