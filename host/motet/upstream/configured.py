# SPDX-License-Identifier: Apache-2.0
"""The upstream servers that motet.toml names."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

from mcp import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from motet.bus.url import BrokerUrl
from motet.config import Config
from motet.config.beyond import Upstream
from motet.upstream.keeper import Keeper
from motet.upstream.mqtt_servers import MqttServers
from motet.upstream.mqtt_transport import ServerName, mqtt_transport
from motet.upstream.server import Target


@contextlib.asynccontextmanager
async def upstreams(config: Config, broker_url: str) -> AsyncIterator[None]:
    """Keeps them among the devices while the block runs. Raises ValueError for a token that is not in the environment."""
    work = [_keeper(config, broker_url, one).run() for one in config.upstream]
    if config.mcp_over_mqtt.enabled:
        work.append(_mqtt_servers(config, broker_url).run())
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _keeper(config: Config, broker_url: str, one: Upstream) -> Keeper:
    return Keeper(
        broker_url, config.realm, one.id, _target(one), call_timeout_s=one.call_timeout_s, refresh_s=one.refresh_s
    )  # fmt: skip


def _target(one: Upstream) -> Callable[[], Target]:
    if one.command:
        return lambda: Target(StdioServerParameters(command=one.command[0], args=one.command[1:]))
    if not one.token_env:
        return lambda: Target(one.url)
    token = os.environ.get(one.token_env)
    if not token:
        raise ValueError(f"upstream {one.id}: the environment variable {one.token_env} is not set")
    return lambda: Target(_with_token(one.url, token))


@contextlib.asynccontextmanager
async def _with_token(url: str, token: str) -> AsyncIterator[Any]:
    """Streams to and from an endpoint that wants a token, with the SDK's patience: its calls may take longer than a page."""
    async with (
        create_mcp_http_client({"Authorization": f"Bearer {token}"}) as client,
        streamable_http_client(url, http_client=client) as streams,
    ):
        yield streams


def _mqtt_servers(config: Config, broker_url: str) -> MqttServers:
    where = config.mcp_over_mqtt.broker or broker_url

    def keep(device_id: str, server: ServerName) -> Keeper:
        return Keeper(
            broker_url, config.realm, device_id, lambda: Target(mqtt_transport(BrokerUrl.parse(where), server), handshake=True)
        )

    return MqttServers(where, keep)
