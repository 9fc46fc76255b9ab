# SPDX-License-Identifier: Apache-2.0
"""Grants on the emulated boards: a component reaches what its signed grant names, and nothing else."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from client import Client
from test_artifacts_on_board import Board
from wire import Wire

from motet.components.admission import Admitted
from motet.components.errors import InstallError
from motet.components.grants import Permit
from motet.components.install import Installed, install
from motet.components.packages import accept, read
from motet.emulate import Machine
from motet.trust import PrivateKey

pytestmark = pytest.mark.board

WATCHER = Path(__file__).parents[1] / "support/watcher"
KEY, STRANGER = PrivateKey.generate(), PrivateKey.generate()


@pytest.fixture(scope="module")
def watcher() -> Admitted:
    accepted = accept(read(WATCHER))
    assert isinstance(accepted, Admitted)
    return accepted


@pytest.fixture
def board_client(product: Machine) -> Iterator[Board]:
    with Wire(product.port) as wire:
        yield Board(Client(wire))


def put(board: Board, item: Admitted, grant: bytes | None) -> Installed:
    return asyncio.run(install(board, "b1", item, key=KEY, grant=grant))


def said(client: Client, tool: str, **arguments: str) -> str:
    """The text of a tool's error."""
    answer = client.call("tools/call", name=tool, arguments=arguments)
    assert answer["isError"], answer
    return str(answer["content"][0]["text"])


def test_a_component_reads_and_logs_what_its_grant_names(board_client: Board, watcher: Admitted) -> None:
    client = board_client.client
    for wrong, why in (
        (None, "does not grant"),
        (Permit(watcher.manifest, "b2", 1).signed(KEY, watcher.digest), "for the device b2"),
        (Permit(watcher.manifest, "b1", 1).signed(STRANGER, watcher.digest), "another key"),
        (Permit(watcher.manifest, "b1", 1).signed(KEY, bytes(32)), "another digest"),
    ):
        with pytest.raises(InstallError, match=why):
            put(board_client, watcher, wrong)
    assert put(board_client, watcher, Permit(watcher.manifest, "b1", 5).signed(KEY, watcher.digest)).sent
    assert 15 < client.tool("watch.look", sensor="sea_temperature")["result"] < 35
    assert client.tool("watch.names") == {"result": "sea_temperature"}
    assert client.tool("watch.times")["result"][1] is True
    assert said(client, "watch.look", sensor="digit_camera") == "denied"
    assert client.tool("vitals.read")["components"]["watch"]["denials"] == 1
    # What is there already is not sent again, its grant is; an older one is refused.
    assert not put(board_client, watcher, Permit(watcher.manifest, "b1", 6).signed(KEY, watcher.digest)).sent
    with pytest.raises(InstallError, match="has seen 6"):
        put(board_client, watcher, Permit(watcher.manifest, "b1", 5).signed(KEY, watcher.digest))
    assert client.call("grant.list")["grants"][0]["serial"] == 6
