# SPDX-License-Identifier: Apache-2.0
"""The SDK's MCP client on a gateway's endpoint, with its errors turned into sentences."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import REQUEST_TIMEOUT

from motet.cli.client import bearer
from motet.cli.console import Exit, FatalError
from motet.gateway.errors import BUS_DOWN, DEVICE_OFFLINE, DEVICE_TIMEOUT, STOPPING

# How errors of the gateway end a command; any other one is a failure.
_EXITS = {
    DEVICE_TIMEOUT: Exit.TIMEOUT,
    REQUEST_TIMEOUT: Exit.TIMEOUT,
    DEVICE_OFFLINE: Exit.UNREACHABLE,
    BUS_DOWN: Exit.UNREACHABLE,
    STOPPING: Exit.UNREACHABLE,
}


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _explain(error: BaseException, url: str) -> FatalError | None:
    if isinstance(error, FatalError):
        return error
    if isinstance(error, MCPError):
        return FatalError(error.error.message, _EXITS.get(error.error.code, Exit.FAILED))
    if isinstance(error, httpx2.TimeoutException | TimeoutError):
        return FatalError(f"the gateway at {url} did not answer in time", Exit.TIMEOUT)
    if isinstance(error, httpx2.HTTPError | OSError):
        return FatalError(f"no gateway answers at {url}; start one with `motet up`", Exit.UNREACHABLE)
    return None


@asynccontextmanager
async def connected(url: str, timeout_s: float, view: str = "") -> AsyncIterator[Client]:
    """A client session on `url`/mcp, or on a view of it.

    Raises:
        FatalError: the gateway is not there, did not answer in time, or refused the request.
    """
    try:
        async with create_mcp_http_client(headers=bearer()) as http:
            transport = streamable_http_client(f"{url}/mcp/{quote(view)}".rstrip("/"), http_client=http)
            async with Client(transport, read_timeout_seconds=timeout_s) as client:
                yield client
    except BaseException as error:
        if explained := _explain(_first(error), url):
            raise explained from error
        raise
