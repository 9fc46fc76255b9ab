# SPDX-License-Identifier: Apache-2.0
"""Components and models on an emulated board: installed, called, run away with and replaced many times."""

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest
from client import Client
from motet_native import nn
from wasmtime import wat2wasm
from wire import Wire

from motet import paths
from motet.components.admission import Admitted, admit
from motet.components.install import Installed, install
from motet.components.manifest import parse
from motet.components.packages import Artifact, Package, accept, read
from motet.emulate import Machine
from motet.fleet import RpcError

pytestmark = pytest.mark.board

VOTE = paths.data("examples") / "vote"
DIGITS = paths.data("models") / "digits" / "digits.tflite"
UPDATES = 8

SPIN = """[component]
name = "spin"
revision = 1
description = "d"
[limits]
fuel = 20000
[[tool]]
name = "until"
description = "Endless from 9 on"
params = [{ name = "n", type = "u32" }]
"""


class Board:
    """A client of one board in the shape the install client wants."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def call(self, device: str, method: str, params: dict[str, Any], timeout: float) -> Any:
        answer = self.client.request(method, **params)
        if "error" in answer:
            raise RpcError(device, answer["error"]["code"], answer["error"]["message"])
        return answer["result"]

    def install(self, item: Artifact) -> Installed:
        return asyncio.run(install(self, "b1", item))


@pytest.fixture
def board_client(product: Machine) -> Iterator[Board]:
    with Wire(product.port) as wire:
        yield Board(Client(wire))


def spinning() -> Admitted:
    """A tool that never ends for 9 and more, which the small arguments of admission do not find out."""
    loop = "(loop (global.set $n (local.get 0)) (br_if 0 (i32.gt_u (global.get $n) (i32.const 8))))"
    module = f'(module (global $n (mut i32) (i32.const 0)) (func (export "until") (param i32) {loop}))'
    return admit(bytes(wat2wasm(module)), parse(SPIN))


@pytest.mark.on_twins
def test_the_vote_component_appears_and_votes_without_reflashing(board_client: Board) -> None:
    assert board_client.install(accept(read(VOTE))).sent
    tally = [board_client.client.tool("vote.push", label=label) for label in (7, 7, 1, 7, 2)][-1]
    assert tally == {"label": 7, "votes": 3, "window": 5}
    assert board_client.client.tool("vote.configure", window=3) == {"result": 3}


@pytest.mark.on_twins
def test_the_digits_model_gives_the_hosts_bytes(board_client: Board) -> None:
    board_client.install(accept(read(DIGITS)))
    chance, model = random.Random(1), nn.Model(DIGITS.read_bytes())
    for _ in range(3):
        pixels = [chance.randrange(-128, 128) for _ in range(64)]
        expected = model.predict([bytes(pixel & 0xFF for pixel in pixels)])[0]
        answer = board_client.client.tool("models.predict", model="digits", input=pixels)
        assert bytes(value & 0xFF for value in answer["outputs"][0]) == expected


def test_a_runaway_component_is_stopped_and_the_next_call_is_answered(board_client: Board) -> None:
    board_client.install(spinning())
    answer = board_client.client.call("tools/call", name="spin.until", arguments={"n": 9})
    assert answer["isError"] and "out of fuel" in answer["content"][0]["text"]
    assert not board_client.client.call("tools/call", name="spin.until", arguments={"n": 0})["isError"]


@pytest.mark.qemu_only("many installs")
def test_many_updates_of_a_component_and_a_model_leave_the_heap_usable(board_client: Board) -> None:
    package, model = read(VOTE), read(DIGITS)
    free = []
    for revision in range(2, 2 + UPDATES):
        text = package.manifest.replace("revision = 1", f"revision = {revision}")
        assert board_client.install(accept(Package(package.kind, package.name, revision, package.content, text))).sent
        assert board_client.install(accept(Package(model.kind, model.name, revision, model.content))).sent
        board_client.client.tool("vote.push", label=revision)
        board_client.client.tool("models.predict", model="digits", input=[0] * 64)
        free.append(board_client.client.tool("vitals.read")["heap_free"])
    assert free[-1] >= free[0] - 1024
