# SPDX-License-Identifier: Apache-2.0
"""The first minutes with a board: install a model and a component, look through its camera, classify, vote.

Everything goes through the doors an agent and an operator use: MCP over Streamable HTTP for tools, the HTTP API to install.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from mcp import Client

from motet.cli.client import GatewayClient
from motet.cli.console import Exit, FatalError
from motet.cli.mcp_client import connected
from motet.components.errors import ComponentError
from motet.components.packages import read
from motet.components.signature import signed
from motet.paths import data
from motet.trust import PrivateKey

MODEL = "digits"
COMPONENT = "vote"
TIMEOUT_S = 30.0
Say = Callable[[str], None]


class Visitor:
    """An MCP client that uses one device.

    Args:
        client: a session with the gateway.
        device: the device's id.
    """

    def __init__(self, client: Client, device: str) -> None:
        self._client = client
        self.device = device

    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The structured content of one tool call.

        Raises:
            FatalError: the tool answered with an error.
        """
        result = await self._client.call_tool(f"{self.device}.{tool}", arguments)
        if result.is_error or result.structured_content is None:
            text = "; ".join(getattr(block, "text", "") for block in result.content)
            raise FatalError(f"{self.device}.{tool} failed: {text}", Exit.TOOL_ERROR)
        return dict(result.structured_content)

    async def tools(self) -> list[str]:
        """Names of the tools of this device."""
        listed = await self._client.list_tools(cache_mode="bypass")
        return [tool.name for tool in listed.tools if tool.name.startswith(f"{self.device}.")]


@contextlib.asynccontextmanager
async def visiting(url: str, device: str) -> AsyncIterator[Visitor]:
    """A visitor of `device` behind the gateway at `url`."""
    async with connected(url.removesuffix("/mcp"), TIMEOUT_S) as client:
        yield Visitor(client, device)


async def equip(url: str, device: str, key: PrivateKey, say: Say) -> None:
    """Sign the example model and component with `key` and install them on `device`, unless they are there.

    Raises:
        FatalError: an artifact cannot be read, is refused or does not arrive.
    """
    client = GatewayClient(url.removesuffix("/mcp"))
    for package in (data("models") / MODEL / f"{MODEL}.tflite", data("examples") / COMPONENT):
        try:
            upload = signed(await asyncio.to_thread(read, package), key).upload()
        except ComponentError as error:
            raise FatalError(str(error)) from error
        installed = await asyncio.to_thread(_install, client, device, upload, str(package))
        say(f"installed {installed['kind']} {installed['name']} on {device} ({installed['size']} bytes), without reflashing")


def _install(client: GatewayClient, device: str, upload: dict[str, Any], source: str) -> dict[str, Any]:
    *_, last = client.install(device, upload, source)
    return dict(last["installed"])


async def first_calls(url: str, device: str, say: Say) -> None:
    """Show the tools and what three of them answer.

    Raises:
        FatalError: a call failed.
    """
    async with visiting(url, device) as visitor:
        say(f"tools     {', '.join(await visitor.tools())}")
        image = await visitor.call("sensors.read", {"sensor": "digit_camera"})
        seen = await visitor.call("models.predict", {"model": MODEL, "input": image["data"]})
        say(
            f"first tool result: {device}.models.predict says {seen['class']} "
            f"(score {seen['score']:.3f}) for frame {image['frame']}"
        )
        voted = await visitor.call(f"{COMPONENT}.push", {"label": seen["class"]})
        say(f"{device}.{COMPONENT}.push answers {json.dumps(voted)}")
