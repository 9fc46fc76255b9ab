# SPDX-License-Identifier: Apache-2.0
"""MCP on standard input and output, for a client that starts the gateway itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TextIO

import anyio
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp_types import ErrorData, JSONRPCError

from motet.gateway.front import Front
from motet.gateway.longlines import LongLines
from motet.gateway.server import on_signals
from motet.gateway.views import VIEW
from motet_core.errors import TOO_LARGE


async def serve_stdio(front: Front, view: str = "") -> None:
    """Serve one client until it closes standard input, or SIGINT or SIGTERM comes; calls in flight are cancelled then.

    Raises BadView when the configuration has no such view.
    """
    VIEW.set(front.views.named(view))
    loop = asyncio.get_running_loop()
    answers: asyncio.Queue[int | str | None] = asyncio.Queue()

    def too_long(request_id: int | str | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(answers.put_nowait, request_id)

    with _standard_input(LongLines(front.max_body_bytes, too_long)) as (stdin, end), on_signals(end):
        async with front.running(), stdio_server(stdin=anyio.wrap_file(stdin)) as (reader, writer):
            refusing = asyncio.create_task(_refuse(answers, writer, front.max_body_bytes))
            try:
                await front.server.run(reader, writer, front.server.create_initialization_options())
            finally:
                refusing.cancel()
                await asyncio.wait((refusing,))


async def _refuse(ids: asyncio.Queue[int | str | None], writer: Any, most: int) -> None:
    error = ErrorData(code=TOO_LARGE, message=f"a message larger than {most} bytes")
    while True:
        await writer.send(SessionMessage(JSONRPCError(jsonrpc="2.0", id=await ids.get(), error=error)))


@contextlib.contextmanager
def _standard_input(lines: LongLines) -> Iterator[tuple[TextIO, Callable[[], None]]]:
    """Standard input as a text stream, and what ends it from our side.

    The SDK reads in a thread that nothing can interrupt, so a signal would have to wait for the client's next line.
    Through a pipe of our own the stream can be ended.
    """
    inner, outer = os.pipe()
    sink = open(outer, "wb", buffering=0)  # noqa: SIM115 - closed by the thread or by the caller, whoever is first
    threading.Thread(target=_pump, args=(0, sink, lines), name="stdin", daemon=True).start()
    # The SDK's reader closes its end with the stream.
    with open(inner, encoding="utf-8", errors="replace") as stdin:
        try:
            yield stdin, sink.close
        finally:
            sink.close()


def _pump(source: int, sink: BinaryIO, lines: LongLines) -> None:
    # OSError: the reader is gone; ValueError: `sink` was closed meanwhile.
    with contextlib.suppress(OSError, ValueError), sink:
        while piece := os.read(source, 1 << 16):
            _write(sink, lines.feed(piece))
        _write(sink, lines.rest())


def _write(sink: BinaryIO, piece: bytes) -> None:
    while piece:
        piece = piece[sink.write(piece) :]
