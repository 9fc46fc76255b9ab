# SPDX-License-Identifier: Apache-2.0
"""Components that use the device's services, on emulated boards: messages, state, work in steps, ticks, supervision."""

import asyncio
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from client import Client
from test_artifacts_on_board import Board
from wire import Wire

from motet.components.admission import Admitted
from motet.components.grants import Permit
from motet.components.install import install
from motet.components.packages import Package, accept, read
from motet.emulate import Machine
from motet.trust import PrivateKey

pytestmark = [pytest.mark.board, pytest.mark.only_on("virt_rv32", "mps2_an385")]

COURIER = read(Path(__file__).parents[1] / "support/courier")
KEY = PrivateKey.generate()


@cache
def courier(name: str) -> Admitted:
    text = COURIER.manifest.replace('name = "courier"', f'name = "{name}"').replace('every = "1h"', 'every = "20ms"', 1)
    accepted = accept(Package("component", name, 1, COURIER.content, text))
    assert isinstance(accepted, Admitted)
    return accepted


def put(client: Client, name: str, serial: int) -> None:
    item = courier(name)
    grant = Permit(item.manifest, "b1", serial).signed(KEY, item.digest)
    asyncio.run(install(Board(client), "b1", item, key=KEY, grant=grant))


def test_components_talk_keep_values_and_work_in_steps(product: Machine) -> None:
    with Wire(product.port) as wire:
        client = Client(wire)
        put(client, "courier", 1)
        put(client, "mirror", 2)
        assert client.tool("courier.call", to="mirror", text="stressed") == {"result": "desserts"}
        client.call("tools/call", name="courier.publish", arguments={"topic": "news/now", "text": "rain"})
        assert client.tool("mirror.received") == {"result": 2}
        # A long call in steps, and a short one that has its turn in between.
        long = client.post("tools/call", name="courier.count-to", arguments={"n": 3000})
        assert client.tool("mirror.received") == {"result": 2}
        assert client.answer(long)["result"]["structuredContent"] == {"result": 3000}
        client.call("tools/call", name="courier.keep", arguments={"key": "log/a", "text": "kept"})
        assert client.tool("courier.kept", key="log/a") == {"result": "kept"}
        rows = {row["function"]: row for row in client.call("schedule.list")["schedule"] if row["component"] == "courier"}
        assert rows["tick"]["runs"] > 0 and rows["warm"]["runs"] == 0
        # One that fails too often is quarantined; the other one never notices.
        while "quarantined" not in (row := _row(client, "courier")).get("reason", ""):
            client.request("tools/call", name="courier.crash", arguments={})
        assert "quarantined: 4 failures" in row["reason"]
        assert client.tool("mirror.received") == {"result": 2}


def _row(client: Client, name: str) -> dict[str, Any]:
    return next(row for row in client.call("artifact.list")["artifacts"] if row["name"] == name)
