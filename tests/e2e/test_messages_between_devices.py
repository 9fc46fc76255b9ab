# SPDX-License-Identifier: Apache-2.0
"""Components of two devices that talk: real mosquitto, real gateway, device cores as processes on both interpreters."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from tests.support.gateway_world import REALM, world
from tests.support.waiting import until

from motet.components.admission import Admitted
from motet.components.grants import Permit
from motet.components.install import install
from motet.components.packages import Package, accept, read
from motet.trust import PrivateKey

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).resolve().parents[2]
EDGE = Path(os.environ.get("MOTET_EDGE", ROOT / "build/edge/motet-edge"))
KEY = PrivateKey.generate()


@cache
def courier(name):
    package = read(ROOT / "tests/support/courier")
    text = package.manifest.replace('name = "courier"', f'name = "{name}"')
    accepted = accept(Package("component", name, 1, package.content, text))
    assert isinstance(accepted, Admitted)
    return accepted


@contextlib.asynccontextmanager
async def device(w, command, name, component):
    """A device process with a component on it."""
    process = subprocess.Popen(
        [*command, "--mqtt", w.broker.url, "--realm", REALM, "--id", name], stderr=subprocess.PIPE, text=True
    )
    try:
        await until(lambda: (known := w.fleet.get(name)) is not None and known.online and known.tools, name)
        item = courier(component)
        await install(w.fleet, name, item, key=KEY, grant=Permit(item.manifest, name, 1).signed(KEY, item.digest))
        yield
    finally:
        process.kill()
        await asyncio.to_thread(process.communicate)


async def test_messages_requests_and_publications_cross_devices():
    if not EDGE.exists() and not os.environ.get("MOTET_CI"):
        pytest.skip(f"{EDGE} is missing: make -C firmware/edge")
    core = [sys.executable, "-m", "motet_core"]
    async with world() as w, device(w, core, "n1", "courier"), device(w, [str(EDGE)], "n2", "mirror"):

        async def tool(where, name, **arguments):
            answer = await w.fleet.call_tool(where, name, arguments, 20)
            assert not answer["isError"], answer
            return (answer.get("structuredContent") or {}).get("result")

        async def hears(where, name, wanted):
            async with asyncio.timeout(20):
                while await tool(where, name) != wanted:
                    await asyncio.sleep(0)

        await tool("n1", "courier.send", to="n2/mirror", text="hello")
        await hears("n2", "mirror.last", "n1/courier  hello")
        # Longer than a frame, there and back.
        number = await tool("n1", "courier.request", to="n2/mirror", text="ab" * 220, timeout=20000)
        await hears("n1", "courier.last", (f"n2/mirror #{number} " + "ba" * 220)[:160])
        number = await tool("n1", "courier.request", to="n2/courier", text="x", timeout=20000)
        await hears("n1", "courier.last", f"n2/courier #{number}not-found ")
        number = await tool("n2", "mirror.request", to="gone/mirror", text="x", timeout=20000)
        await hears("n2", "mirror.last", f"gone/mirror #{number}unavailable ")
        # What nobody wants stays on its device; each is told what the other one wants.
        before = await tool("n2", "mirror.received")
        async with asyncio.timeout(20):
            while await tool("n2", "mirror.received") == before:
                await tool("n1", "courier.publish", topic="news/today", text="rain")
        assert await tool("n2", "mirror.last") == "n1/courier news/today rain"
        assert await tool("n1", "courier.received") == 2
