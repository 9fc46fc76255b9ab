# SPDX-License-Identifier: Apache-2.0
"""The gateway's own machine as a device: the same packages, the same doors, wasmtime below."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from tests.support.waiting import until

from motet.cli import stack as stacks
from motet.cli.console import FatalError
from motet.cli.keeping import local_key
from motet.cli.quickstart import Visitor, equip, visiting
from motet.config import Config

pytestmark = pytest.mark.anyio
NODE = "gateway"


@contextlib.asynccontextmanager
async def running(folder: Path, **settings: Any) -> AsyncIterator[stacks.Running]:
    config = Config.model_validate({"node": {"id": NODE}, "gateway": {"port": 0}, "state": {"dir": folder}, **settings})
    async with stacks.stack(config, lambda text: None, announce=False) as system:
        await stacks.online(system.fleet, NODE, 30)
        yield system


async def test_a_component_is_installed_on_the_gateway_serves_and_survives_its_process(tmp_path: Path) -> None:
    async with running(tmp_path) as system:
        key = local_key(Config.model_validate({"state": {"dir": tmp_path}}))
        await equip(system.url, NODE, key, lambda text: None)
        async with visiting(system.url, NODE) as visitor:
            assert f"{NODE}.vote.push" in await visitor.tools()
            assert (await visitor.call("vote.push", {"label": 3}))["label"] == 3
        pid, engines = process(), [line.split()[-1] for line in Path(f"/proc/{process()}/maps").read_text().splitlines()]
        assert any("wasmtime" in path for path in engines)
        os.kill(pid, signal.SIGKILL)
        await until(lambda: process() not in (None, pid))
        async with visiting(system.url, NODE) as visitor:
            assert await again(visitor, "vote.push", {"label": 4}) == {"label": 4, "votes": 1, "window": 1}
    assert process() is None


async def again(visitor: Visitor, tool: str, arguments: dict[str, int]) -> dict[str, Any]:
    """The answer, once there is one: meanwhile the device may be gone, or starting."""
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(FatalError, MCPError):
                return await visitor.call(tool, arguments)
            await asyncio.sleep(0.05)


def process() -> int | None:
    """The node that this process has started."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                ours = b"motet.components.jit.node" in words and f"PPid:\t{os.getpid()}\n" in (entry / "status").read_text()
                if ours:
                    return int(entry.name)
    return None
