# SPDX-License-Identifier: Apache-2.0
"""Devices that reach the broker by themselves, on CPython and as the edge node: real mosquitto, real gateway, real processes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import subprocess
from collections.abc import AsyncIterator

import pytest
from mcp import Client
from tests.support.brokers import crashable
from tests.support.gateway_world import REALM, world
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def device(command, url, *options, id="node-1") -> AsyncIterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*command, "--mqtt", url, "--realm", REALM, "--id", id, *options], stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        await asyncio.to_thread(process.communicate)


def online(w, id="node-1"):
    known = w.fleet.get(id)
    return known is not None and known.online and known.tools


async def test_its_tools_are_listed_and_called(command):
    async with world() as w, device(command, w.broker.url), Client(w.url) as client:
        await until(lambda: online(w))
        assert "node-1.vitals.read" in [tool.name for tool in (await client.list_tools()).tools]
        result = await client.call_tool("node-1.sensors.read", {"sensor": "digit_camera"})
        assert not result.is_error


async def test_an_answer_longer_than_a_frame_arrives_whole(command):
    async with world() as w, device(command, w.broker.url), Client(w.url) as client:
        await until(lambda: online(w))
        for _ in range(5):
            assert not (await client.call_tool("node-1.vitals.read", {})).is_error


async def test_calls_of_many_clients_all_come_back(command):
    async with world() as w, device(command, w.broker.url), Client(w.url) as client:
        await until(lambda: online(w))
        # The device lets four wait; who is turned away is told so.
        results = await asyncio.gather(*(client.call_tool("node-1.sensors.list", {}) for _ in range(4)))
        assert all(not result.is_error for result in results)


async def test_a_device_that_is_stopped_says_that_it_is_gone(command):
    async with world() as w, device(command, w.broker.url) as process:
        await until(lambda: online(w))
        process.send_signal(signal.SIGINT)
        await until(lambda: not w.fleet.get("node-1").online)
        assert await asyncio.to_thread(process.wait, 20) in (0, 1, -signal.SIGINT)


async def test_a_device_that_is_killed_is_gone_by_its_will(command):
    async with world() as w, device(command, w.broker.url) as process:
        await until(lambda: online(w))
        process.kill()
        await until(lambda: not w.fleet.get("node-1").online)


async def test_a_device_comes_back_after_the_broker_does(command):
    with crashable() as broker:
        async with device(command, broker.url):
            broker.kill()
            broker.start()
            from motet.bus import Bus
            from motet.fleet import Fleet

            bus = await Bus.connect(broker.url, "watcher")
            fleet = Fleet(bus, REALM)
            await fleet.start()
            try:
                await until(lambda: (known := fleet.get("node-1")) is not None and known.online, 30)
            finally:
                await fleet.close()
                await bus.close()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--mqtt", "http://x", "--id", "a"], "mqtt://"),
        (["--mqtt", "mqtt://x"], "--id"),
        (["--mqtt", "mqtt://x", "--id", "a/b"], "--id"),
        (["--mqtt", "mqtt://x", "--id", "a", "--realm", "#"], "--realm"),
        (["--mqtt", "mqtt://x", "--id", "a", "--stdio"], "only one"),
        (["--mqtt"], "needs a value"),
        (["--what"], "not known"),
    ],
)
def test_a_wrong_command_line_says_what_is_wrong(command, options, says):
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert says in done.stderr + done.stdout


async def test_a_peer_that_is_no_broker_is_left_and_tried_again(command):
    """Garbage, a packet of 200 MB, an end in the middle: the device says so and comes again."""
    attempts = [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\xff\xff\xff\x7f", b"\x20\x03\x00\x86\x00", b"\x20"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        async with device(command, f"mqtt://127.0.0.1:{server.getsockname()[1]}") as process:
            for attempt in attempts:
                connection, _ = await asyncio.to_thread(server.accept)
                with connection:
                    connection.settimeout(20)
                    assert (await asyncio.to_thread(connection.recv, 4096))[:1] == b"\x10"
                    connection.sendall(attempt)
            assert process.poll() is None
