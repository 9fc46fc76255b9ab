# SPDX-License-Identifier: Apache-2.0
"""A running component is stopped from the wire: interrupts serve the link while the interpreter is busy."""

import asyncio
from typing import Any

import pytest
from client import Client
from wasmtime import wat2wasm
from wire import Wire

from motet.components.admission import admit
from motet.components.install import install
from motet.components.manifest import parse
from motet.emulate import Machine
from motet_core.wire.cancel import cancel_key

pytestmark = pytest.mark.board

# Fuel for seconds of an emulated board's time.
BUSY = """[component]
name = "busy"
revision = 1
description = "d"
[limits]
fuel = 50000000
[[tool]]
name = "until"
description = "Endless from 9 on"
params = [{ name = "n", type = "u32" }]
"""
LOOP = "(loop (global.set $n (local.get 0)) (br_if 0 (i32.gt_u (global.get $n) (i32.const 8))))"
MODULE = f'(module (global $n (mut i32) (i32.const 0)) (func (export "until") (param i32) {LOOP}))'


@pytest.fixture
def busy(product: Machine) -> Any:
    """A client of a board that has a component which does not end by itself."""
    with Wire(product.port) as wire:
        client = Client(wire)

        class Gateway:
            async def call(self, device: str, method: str, params: dict[str, Any], timeout: float) -> Any:
                return client.call(method, **params)

        asyncio.run(install(Gateway(), "b1", admit(bytes(wat2wasm(MODULE)), parse(BUSY))))
        yield client


def test_a_busy_component_is_cancelled_over_the_wire(busy: Client) -> None:
    number = busy.post("tools/call", name="busy.until", arguments={"n": 9})
    assert busy.wire.link.cancel(cancel_key("test", number))
    # A cancelled request gets no answer: the next one to come belongs to the next call, so fuel has not run out before.
    assert not busy.call("tools/call", name="busy.until", arguments={"n": 1})["isError"]


@pytest.mark.qemu_only("burns a lot of fuel")
def test_a_cancel_for_another_call_does_not_stop_this_one(busy: Client) -> None:
    number = busy.post("tools/call", name="busy.until", arguments={"n": 9})
    assert busy.wire.link.cancel(cancel_key("test", number + 1))
    assert "out of fuel" in str(busy.answer(number))


def test_requests_that_come_while_a_component_runs_are_kept_and_answered(busy: Client) -> None:
    first = busy.post("tools/call", name="busy.until", arguments={"n": 9})
    second = busy.post("tools/call", name="vitals.read", arguments={})
    assert busy.wire.link.cancel(cancel_key("test", first))
    assert busy.answer(second)["result"]["structuredContent"]["board"]
