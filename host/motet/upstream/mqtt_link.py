# SPDX-License-Identifier: Apache-2.0
"""An MQTT 5 connection with the user properties of MCP over MQTT; one connection, no second try: who uses it makes a new one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from motet.bus.url import BrokerUrl

_CONNECT_S = 10.0


class Link:
    """`arrived(topic, payload)` and `lost()` are called on the loop. `will`: topic and payload. An async context manager."""

    def __init__(
        self,
        url: BrokerUrl,
        client_id: str,
        will: tuple[str, bytes] | None,
        arrived: Callable[[str, bytes], None],
        lost: Callable[[], None],
    ) -> None:
        self._url, self._arrived, self._lost = url, arrived, lost
        self._properties = _user_properties(PacketTypes.PUBLISH, ("MCP-MQTT-CLIENT-ID", client_id))
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[ReasonCode] = self._loop.create_future()
        self._subscribed: dict[int, asyncio.Future[Any]] = {}
        self._client = self._made(client_id, will)

    def _made(self, client_id: str, will: tuple[str, bytes] | None) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5, reconnect_on_failure=False
        )  # fmt: skip
        if self._url.user is not None:
            client.username_pw_set(self._url.user, self._url.password)
        if self._url.tls:
            client.tls_set()
        if will is not None:
            client.will_set(*will, qos=1)
        client.on_connect = lambda _c, _u, _f, reason, _p: self._soon(self._connected, reason)
        client.on_message = lambda _c, _u, message: self._soon(self._arrived, message.topic, bytes(message.payload))
        client.on_subscribe = lambda _c, _u, number, reasons, _p: self._soon(self._granted, number, reasons)
        client.on_disconnect = lambda *_: self._soon(self._gone)
        return client

    async def __aenter__(self) -> Self:
        connect = _user_properties(PacketTypes.CONNECT, ("MCP-COMPONENT-TYPE", "mcp-client"), ("MCP-META", "{}"))
        await asyncio.to_thread(self._client.connect, self._url.host, self._url.port, 15, properties=connect)
        self._client.loop_start()
        try:
            async with asyncio.timeout(_CONNECT_S):
                reason = await self._answer
            if reason.is_failure:
                raise ConnectionRefusedError(f"the broker at {self._url} refuses: {reason}")
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._lost = lambda: None
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    async def subscribe(self, topic: str, options: SubscribeOptions) -> None:
        """Raises ConnectionRefusedError, TimeoutError."""
        _, number = self._client.subscribe(topic, options=options)
        if number is None:
            raise ConnectionError("the connection to the broker is gone")
        self._subscribed[number] = self._loop.create_future()
        async with asyncio.timeout(_CONNECT_S):
            reasons = await self._subscribed[number]
        if any(reason.is_failure for reason in reasons):
            raise ConnectionRefusedError(f"the broker refuses the subscription to {topic}")

    def publish(self, topic: str, payload: bytes) -> None:
        """With QoS 1."""
        self._client.publish(topic, payload, qos=1, properties=self._properties)

    def _soon(self, call: Callable[..., None], *arguments: Any) -> None:
        # Where the loop has ended, so has whoever was to be told.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *arguments)

    def _connected(self, reason: ReasonCode) -> None:
        if not self._answer.done():
            self._answer.set_result(reason)

    def _granted(self, number: int, reasons: Any) -> None:
        future = self._subscribed.pop(number, None)
        if future is not None and not future.done():
            future.set_result(reasons)

    def _gone(self) -> None:
        for future in [self._answer, *self._subscribed.values()]:
            if not future.done():
                future.set_exception(ConnectionError("the broker ended the connection"))
        self._lost()


def _user_properties(kind: int, *pairs: tuple[str, str]) -> Properties:
    properties = Properties(kind)  # type: ignore[no-untyped-call]
    properties.UserProperty = list(pairs)
    return properties
