# SPDX-License-Identifier: Apache-2.0
"""A transport of the MCP SDK to one server that speaks MCP over MQTT as EMQX specifies it: JSON-RPC on `$mcp-…` topics, MQTT 5.

`initialize` goes to the server's control topic, all else to a topic of this client and this server; each client is an MQTT
connection of its own, because its client id names the session.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import mcp_types as types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from paho.mqtt.subscribeoptions import SubscribeOptions

from motet.bus.url import BrokerUrl
from motet.upstream.mqtt_link import Link

# Messages that wait for the session.
_WAITING = 256
_DISCONNECTED = json.dumps({"jsonrpc": "2.0", "method": "notifications/disconnected"}).encode()

Received = MemoryObjectReceiveStream[SessionMessage | Exception]
Sent = MemoryObjectSendStream[SessionMessage]


@dataclass(frozen=True, slots=True)
class ServerName:
    """`id`: of the server's MQTT client; `name`: a topic of one or more levels."""

    id: str
    name: str

    @property
    def path(self) -> str:
        """Both, as topics hold them."""
        return f"{self.id}/{self.name}"


@asynccontextmanager
async def mqtt_transport(url: BrokerUrl, server: ServerName) -> AsyncIterator[tuple[Received, Sent]]:
    """Streams to and from `server`. Raises OSError when there is no broker."""
    client_id = f"motet-{secrets.token_hex(8)}"
    incoming, received = anyio.create_memory_object_stream[SessionMessage | Exception](_WAITING)
    sent, outgoing = anyio.create_memory_object_stream[SessionMessage](_WAITING)

    def arrived(topic: str, payload: bytes) -> None:
        if topic == f"$mcp-server/presence/{server.path}":
            if not payload:
                incoming.close()
            return
        try:
            incoming.send_nowait(_parsed(payload))
        except (anyio.WouldBlock, anyio.ClosedResourceError, anyio.BrokenResourceError):
            # A session that does not keep up is ended rather than fed with gaps.
            incoming.close()

    link = Link(url, client_id, (f"$mcp-client/presence/{client_id}", _DISCONNECTED), arrived, incoming.close)
    rpc = f"$mcp-rpc/{client_id}/{server.path}"
    async with link, incoming, outgoing:
        await link.subscribe(rpc, SubscribeOptions(qos=1, noLocal=True))
        await link.subscribe(f"$mcp-server/capability/{server.path}", SubscribeOptions(qos=1))
        await link.subscribe(f"$mcp-server/presence/{server.path}", SubscribeOptions(qos=1))
        sender = asyncio.create_task(_send(link, outgoing, f"$mcp-server/{server.path}", rpc))
        try:
            yield received, sent
        finally:
            sender.cancel()
            link.publish(f"$mcp-client/presence/{client_id}", _DISCONNECTED)


async def _send(link: Link, outgoing: MemoryObjectReceiveStream[SessionMessage], control: str, rpc: str) -> None:
    async for message in outgoing:
        data = message.message.model_dump_json(by_alias=True, exclude_unset=True).encode()
        link.publish(control if getattr(message.message, "method", "") == "initialize" else rpc, data)


def _parsed(payload: bytes) -> SessionMessage | Exception:
    try:
        return SessionMessage(types.jsonrpc_message_adapter.validate_json(payload, by_name=False))
    except ValueError as error:
        return error
