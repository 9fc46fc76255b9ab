# SPDX-License-Identifier: Apache-2.0
"""HTTP by hand, byte by byte: a good tool call, heads and chunks, and connections that do what no client should."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from urllib.parse import urlsplit

from tests.support.mcp_http import modern_call

TOOL = "pump.math.add"
GOOD = {"a": 1, "b": 2}
CALL = modern_call(TOOL, GOOD)
BODY = json.dumps(CALL["json"]).encode()


def head(*lines, method="POST", path="/mcp", length=None, headers=CALL["headers"]):
    found = ["host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items()), *lines]
    if length is not None:
        found.append(f"content-length: {length}")
    return "\r\n".join([f"{method} {path} HTTP/1.1", *found, "", ""]).encode()


def chunked(*pieces, end=b"0\r\n\r\n"):
    return (
        head("transfer-encoding: chunked", "connection: close")
        + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
        + end
    )


@contextlib.asynccontextmanager
async def connected(url, buffer=None):
    sock = socket.socket()
    if buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, (urlsplit(url).hostname, urlsplit(url).port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=2**16)
    try:
        yield reader, writer
    finally:
        writer.close()


async def answers(url, data, until_s=20):
    """Everything that comes back until the server closes; `data` is sent as fast as it is taken."""
    async with connected(url) as (reader, writer):
        writer.write(data)
        return await rest(reader, until_s)


async def rest(reader, until_s=20):
    got = b""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(until_s):
            while piece := await reader.read(65536):
                got += piece
    return got


async def trickled(reader, writer, piece):
    """`piece` again and again, until the server has had enough: what it said."""
    closed = asyncio.create_task(rest(reader))
    with contextlib.suppress(ConnectionError):
        while not closed.done():
            writer.write(piece)
            await writer.drain()
            await asyncio.wait((closed,), timeout=0.01)
    return await closed
