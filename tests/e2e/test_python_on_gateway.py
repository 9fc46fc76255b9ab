# SPDX-License-Identifier: Apache-2.0
"""A component in Python on the node of a gateway: its life, its messages, its clock, its work in steps, and WASI."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.test_gateway_components import motet
from tests.e2e.test_node import NODE, again, running

from motet.cli.client import GatewayClient
from motet.cli.console import FatalError
from motet.cli.keeping import LOCAL, local_key
from motet.cli.quickstart import visiting
from motet.config import Config
from motet.policy.engine import DEFAULT

pytestmark = pytest.mark.anyio
SUPPORT = Path(__file__).resolve().parents[1] / "support"
ALLOWED = 'permit(principal, action in [Motet::Action::"messaging", Motet::Action::"sensors"], resource);'


async def test_it_lives_hears_ticks_works_in_steps_and_sees_nothing_of_the_machine(tmp_path: Path) -> None:
    policy = tmp_path / "mine.cedar"
    policy.write_text(DEFAULT.read_text() + ALLOWED)
    local_key(Config.model_validate({"state": {"dir": tmp_path}}))
    key = ("--on", NODE, "--key", tmp_path / "keys" / f"{LOCAL}.pem")
    async with running(tmp_path, policy={"files": [policy]}) as system:
        client = GatewayClient(system.url.removesuffix("/mcp"))
        for name in ("mirror", "courier"):
            await motet(system.url, "install", SUPPORT / name, *key)
        async with visiting(system.url, NODE) as visitor:

            async def result(tool: str, **given: Any) -> Any:
                return (await visitor.call(tool, given))["result"]

            seen = await result("mirror.look")
            assert seen == ["True", "True", "0 []", "FileNotFoundError", "FileNotFoundError", "PermissionError", "''"]
            # Messages: one that is answered, one that is published.
            assert await result("courier.call", to="mirror", text="abc") == "cba"
            with pytest.raises(FatalError, match="done"):
                await visitor.call("courier.publish", {"topic": "news/today", "text": "x"})
            async with asyncio.timeout(15):
                while await result("mirror.heard") < 2 or await result("mirror.ticks") < 1:
                    await asyncio.sleep(0.02)
            assert await result("mirror.last") == "news/today"
            # Work in steps, and an error before it begins.
            assert await result("mirror.sum", to=100) == 5050
            with pytest.raises(FatalError, match="at most 1000"):
                await visitor.call("mirror.sum", {"to": 1001})
            # After a trap `init` runs again, and the traceback is in the log.
            with pytest.raises(FatalError, match="unreachable"):
                await visitor.call("mirror.crash", {})
            assert await again(visitor, "mirror.heard", {}) == {"result": 2}
        await motet(system.url, "uninstall", "mirror", "--on", NODE)
        said = "\n".join([line["text"] for line in await asyncio.to_thread(lambda: list(client.logs(NODE, False)))])
    for words in ("looking", "RuntimeError: what a pity", "shut down"):
        assert words in said, said
