# SPDX-License-Identifier: Apache-2.0
"""MCP on standard input and output, for a client that starts the gateway itself."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO, TextIO

import anyio
from mcp.server.stdio import stdio_server

from motet.gateway.front import Front
from motet.gateway.server import on_signals


async def serve_stdio(front: Front) -> None:
    """Serve one client until it closes standard input, or SIGINT or SIGTERM comes; calls in flight are cancelled then."""
    with _standard_input() as (stdin, end), on_signals(end):
        async with front.running(), stdio_server(stdin=anyio.wrap_file(stdin)) as (reader, writer):
            await front.server.run(reader, writer, front.server.create_initialization_options())


@contextlib.contextmanager
def _standard_input() -> Iterator[tuple[TextIO, Callable[[], None]]]:
    """Standard input as a text stream, and what ends it from our side.

    The SDK reads in a thread that nothing can interrupt, so a signal would have to wait for the client's next line.
    Through a pipe of our own the stream can be ended.
    """
    inner, outer = os.pipe()
    sink = open(outer, "wb", buffering=0)  # noqa: SIM115 - closed by the thread or by the caller, whoever is first
    threading.Thread(target=_pump, args=(0, sink), name="stdin", daemon=True).start()
    # The SDK's reader closes its end with the stream.
    with open(inner, encoding="utf-8", errors="replace") as stdin:
        try:
            yield stdin, sink.close
        finally:
            sink.close()


def _pump(source: int, sink: BinaryIO) -> None:
    # OSError: the reader is gone; ValueError: `sink` was closed meanwhile.
    with contextlib.suppress(OSError, ValueError), sink:
        while chunk := os.read(source, 1 << 16):
            while chunk:
                chunk = chunk[sink.write(chunk) :]
