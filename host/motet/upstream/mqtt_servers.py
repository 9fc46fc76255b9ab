# SPDX-License-Identifier: Apache-2.0
"""Finds servers that speak MCP over MQTT by their retained presence, and keeps each among the devices as long as it is there."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import random
import re
from collections.abc import Callable

from paho.mqtt.subscribeoptions import SubscribeOptions

from motet.bus.url import BrokerUrl
from motet.upstream.keeper import Keeper
from motet.upstream.mqtt_link import Link
from motet.upstream.mqtt_transport import ServerName

log = logging.getLogger(__name__)

_PRESENCE = "$mcp-server/presence/"
MAX_SERVERS = 1000
_DELAY_S = 5.0
_OTHER = re.compile(r"[^A-Za-z0-9_-]+")

Keep = Callable[[str, ServerName], Keeper]


class MqttServers:
    """`keep` makes the keeper of a server under a device id."""

    def __init__(self, url: str, keep: Keep) -> None:
        self._url, self._keep = BrokerUrl.parse(url), keep
        self._tasks: dict[ServerName, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled; a broker that goes is waited for."""
        try:
            while True:
                try:
                    await self._watch()
                except OSError as error:
                    log.warning("MCP over MQTT: %s; it is tried again", error)
                await self._forget_all()
                await asyncio.sleep(_DELAY_S * random.uniform(0.5, 1.0))
        finally:
            await self._forget_all()

    async def _watch(self) -> None:
        lost = asyncio.Event()
        async with Link(self._url, f"motet-watch-{random.randbytes(6).hex()}", None, self._seen, lost.set) as link:
            await link.subscribe(f"{_PRESENCE}#", SubscribeOptions(qos=1))
            await lost.wait()

    def _seen(self, topic: str, payload: bytes) -> None:
        identity, _, name = topic.removeprefix(_PRESENCE).partition("/")
        if not identity or not name:
            return
        server = ServerName(identity, name)
        if not payload:
            task = self._tasks.pop(server, None)
            if task is not None:
                task.cancel()
        elif server not in self._tasks and _is_online(payload):
            if len(self._tasks) >= MAX_SERVERS:
                log.warning("MCP over MQTT: %s is left out, there are %d servers already", server.path, MAX_SERVERS)
                return
            self._tasks[server] = asyncio.create_task(self._keep(device_id(server), server).run(), name=f"upstream {server.path}")

    async def _forget_all(self) -> None:
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def device_id(server: ServerName) -> str:
    """A device's id that says what it is, and differs from those of all other servers."""
    readable = _OTHER.sub("-", server.name).strip("-")[:23] or "mcp"
    return f"{readable}-{hashlib.sha256(server.path.encode()).hexdigest()[:8]}"


def _is_online(payload: bytes) -> bool:
    try:
        message = json.loads(payload)
    except ValueError:
        return False
    return isinstance(message, dict) and message.get("method") == "notifications/server/online"
