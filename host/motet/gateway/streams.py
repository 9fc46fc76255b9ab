# SPDX-License-Identifier: Apache-2.0
"""The SDK's event streams, for what it does not take into account: sessions that end at any time, and streams to go on with."""

from __future__ import annotations

import contextlib

import anyio
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Message, Receive, Scope, Send


async def handle(manager: StreamableHTTPSessionManager, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request by `manager`'s sessions, once."""
    # When a session ends while something of it comes in, the SDK fails after its answer, and would answer again.
    with contextlib.suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
        await manager.handle_request(_from_now_on(scope), receive, _once(send))


def _from_now_on(scope: Scope) -> Scope:
    """Without Last-Event-ID: no events are kept, and the SDK, asked to repeat some, would not answer at all."""
    # The same scope, not another like it: handlers leave in it what decides the status of their answer.
    scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"last-event-id"]
    return scope


def _once(send: Send) -> Send:
    """`send` for one answer: what comes after its end goes nowhere."""
    complete = False

    async def sent(message: Message) -> None:
        nonlocal complete
        if not complete:
            complete = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

    return sent
