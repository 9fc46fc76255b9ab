# SPDX-License-Identifier: Apache-2.0
"""Starting and stopping: ports, signals, and MCP over standard input and output."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from tests.support.mcp_http import modern_body, modern_call
from tests.support.memory_fleet import MemoryDevice, MemoryFleet, serving
from tests.support.waiting import until

from motet.gateway.server import AddressInUse, bind

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "tests.support.gateway_program"


def environment():
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}


async def spawned(*arguments):
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", PROGRAM, *arguments)
    return await asyncio.create_subprocess_exec(*command, env=environment(), stdin=pipe, stdout=pipe, stderr=pipe)


async def started(*arguments):
    child = await spawned(*arguments)
    async with asyncio.timeout(30):
        return child, (await child.stdout.readline()).decode().strip()


async def test_port_zero_takes_a_free_one_and_reports_it():
    async with serving(MemoryFleet(), port=0) as (one, _), serving(MemoryFleet(), port=0) as (two, _):
        assert one != two
        assert one.startswith("http://127.0.0.1:")
        assert one.endswith("/mcp")


async def test_a_port_in_use_is_a_clear_error():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressInUse, match=f"127.0.0.1:{port} is in use by another program"):
            async with serving(MemoryFleet(), port=port):
                pass


def test_an_address_that_is_not_ours_is_named():
    with pytest.raises(OSError, match=r"cannot listen on 192\.0\.2\.1:8765"):
        bind("192.0.2.1", 8765)


def test_small_writes_are_sent_at_once():
    with bind("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_the_port_is_free_again_at_once():
    async with serving(MemoryFleet()) as (url, _), httpx2.AsyncClient() as http:
        await http.get(url.removesuffix("/mcp") + "/healthz")
        port = int(url.split(":")[2].split("/")[0])
    async with serving(MemoryFleet(), port=port):
        pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_program_cleanly(number):
    child, url = await started("http")
    async with httpx2.AsyncClient() as http:
        answer = await http.post(url, **modern_call("pump.math.add", {"a": 1, "b": 2}))
    assert answer.json()["result"]["structuredContent"] == {"result": 3}
    child.send_signal(number)
    assert await last_words(child) == (0, "stopped\n")


async def last_words(child):
    async with asyncio.timeout(20):
        _, err = await child.communicate()
    return child.returncode, err.decode()


async def test_a_call_in_flight_is_cancelled_by_a_signal_rather_than_waited_for():
    child, url = await started("http", "waits")
    async with httpx2.AsyncClient() as http:
        call = asyncio.create_task(http.post(url, **modern_call("pump.math.add", {"a": 1, "b": 2})))
        async with asyncio.timeout(20):
            assert (await child.stderr.readline()) == b"called\n"
        child.send_signal(signal.SIGTERM)
        assert await last_words(child) == (0, "cancelled\nstopped\n")
        await asyncio.gather(call, return_exceptions=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, None])
async def test_a_signal_or_the_end_of_input_ends_stdio_and_cancels_the_call_in_flight(number):
    child = await spawned("stdio", "waits")
    child.stdin.write(json.dumps(modern_body("tools/call", name="pump.math.add", arguments={"a": 1, "b": 2})).encode() + b"\n")
    async with asyncio.timeout(30):
        assert (await child.stderr.readline()) == b"called\n"
    if number is None:
        child.stdin.close()
    else:
        child.send_signal(number)
    async with asyncio.timeout(20):
        rest, _ = await asyncio.gather(child.stderr.read(), child.wait())
    assert (child.returncode, rest.decode()) == (0, "cancelled\nstopped\n")


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_the_same_tools_over_stdio(era):
    server = StdioServerParameters(command=sys.executable, args=["-m", PROGRAM, "stdio"], env=environment())
    async with asyncio.timeout(40):
        async with Client(server, mode=era) as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == ["pump.math.add"]
            result = await client.call_tool("pump.math.add", {"a": 40, "b": 2})
            assert result.structured_content == {"result": 42}


async def test_listening_over_stdio():
    server = StdioServerParameters(command=sys.executable, args=["-m", PROGRAM, "stdio", "arrival"], env=environment())
    async with asyncio.timeout(40):
        async with Client(server) as client, client.listen(tools_list_changed=True) as events:
            await client.call_tool("pump.math.add", {"a": 40, "b": 2})
            await anext(events)
            assert [tool.name for tool in (await client.list_tools()).tools] == ["pump.math.add", "valve.math.add"]


async def test_nothing_is_left_running_after_the_server_stopped():
    async with serving(MemoryFleet(MemoryDevice("pump"))) as (url, _), Client(url) as client:
        await client.call_tool("pump.math.add", {"a": 1, "b": 2})
    await until(lambda: [task for task in asyncio.all_tasks() if "motet" in repr(task.get_coro())] == [])
