# SPDX-License-Identifier: Apache-2.0
"""Serial lines of every kind carry bytes both ways and say when they are gone."""

import asyncio
import contextlib
import os
import tty

import pytest
from tests.support.waiting import until

from motet.bridge.limiter import Limiter
from motet.bridge.ports import SocketPort, TerminalPort, ThreadPort, open_port

pytestmark = pytest.mark.anyio


class Ear:
    def __init__(self):
        self.heard, self.lost = b"", []

    def data(self, data):
        self.heard += data


@pytest.fixture
def ear():
    return Ear()


@pytest.fixture
def terminal():
    master, slave = os.openpty()
    tty.setraw(master)
    yield master, os.ttyname(slave)
    for fd in (master, slave):
        with contextlib.suppress(OSError):  # a test may have closed it
            os.close(fd)


async def test_a_terminal_carries_bytes_both_ways(terminal, ear):
    master, name = terminal
    port = await open_port(name, 115200, ear.data, ear.lost.append)
    assert isinstance(port, TerminalPort)
    os.write(master, b"from the device\x00\xff")
    await until(lambda: ear.heard == b"from the device\x00\xff", "the bytes")
    port.write(b"to the device\x00\xff\n\r")
    assert await asyncio.to_thread(os.read, master, 100) == b"to the device\x00\xff\n\r"
    port.close()
    port.close()
    port.write(b"into nothing")
    assert ear.lost == []


async def test_a_terminal_takes_more_than_it_holds(terminal, ear):
    master, name = terminal
    port = await open_port(name, 115200, ear.data, ear.lost.append)
    data = bytes(range(256)) * 200
    port.write(data[:30_000])
    port.write(data[30_000:])

    def read():
        got = b""
        while len(got) < len(data):
            got += os.read(master, 65536)
        return got

    assert await asyncio.to_thread(read) == data
    port.close()


async def test_a_terminal_that_takes_nothing_holds_bounded_memory(terminal, ear):
    port = await open_port(terminal[1], 115200, ear.data, ear.lost.append)
    for _ in range(100):
        port.write(bytes(10_000))
    assert len(port._rest) < 80_000
    port.close()


async def test_an_unplugged_terminal_is_told_once(terminal, ear):
    master, name = terminal
    port = await open_port(name, 115200, ear.data, ear.lost.append)
    os.close(master)
    await until(lambda: len(ear.lost) == 1, "the loss")
    port.write(b"x")
    port.close()
    assert len(ear.lost) == 1


async def test_a_terminal_belongs_to_one_bridge_only(terminal, ear):
    port = await open_port(terminal[1], 115200, ear.data, ear.lost.append)
    with pytest.raises(OSError, match=r"(?i)lock"):
        await open_port(terminal[1], 115200, ear.data, ear.lost.append)
    port.close()


async def test_a_socket_carries_bytes_and_tells_its_end(ear):
    async def echo(reader, writer):
        writer.write(await reader.readexactly(4))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = await open_port(f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}", 0, ear.data, ear.lost.append)
    assert isinstance(port, SocketPort)
    port.write(b"ping")
    await until(lambda: ear.lost == ["the other side closed the connection"], "the end")
    assert ear.heard == b"ping"
    port.write(b"late")
    port.close()
    server.close()


async def test_any_other_pyserial_url_works_through_threads(ear):
    port = await open_port("loop://", 115200, ear.data, ear.lost.append)
    assert isinstance(port, ThreadPort)
    for piece in (b"one ", b"two ", b"three"):
        port.write(piece)
    await until(lambda: ear.heard == b"one two three", "the echo")
    port.close()
    port.write(b"x")
    assert ear.lost == []


@pytest.mark.parametrize("url", ["/dev/no-such-tty", "socket://127.0.0.1", "socket://", "nonsense://x", ""])
async def test_what_cannot_be_opened_is_an_error_that_says_so(url, ear):
    with pytest.raises((OSError, ValueError)):
        await open_port(url, 115200, ear.data, ear.lost.append)


async def test_the_limiter_lets_a_burst_through_and_then_its_rate():
    limiter = Limiter(3, 2.0)
    assert [limiter.allows(0.0) for _ in range(5)] == [True, True, True, False, False]
    assert [limiter.allows(1.0) for _ in range(3)] == [True, True, False]
    assert sum(limiter.allows(1000.0) for _ in range(10)) == 3
