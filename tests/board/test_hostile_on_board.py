# SPDX-License-Identifier: Apache-2.0
"""A board that is fed nonsense: it drops, counts and says it, answers the next call, and keeps its heap."""

import random
from typing import Any

import pytest
from client import Client
from wire import Wire

from motet.emulate import Machine
from motet_core.wire import packed

pytestmark = pytest.mark.board

ROUNDS = 200
DEEP = {"a": [[[[[[[1]]]]]]], "b": {"c": {"d": {"e": {}}}}}
CALL = {"jsonrpc": "2.0", "id": 5000, "method": "tools/call", "params": {"name": "sensors.read", "arguments": DEEP}}


def feed(wire: Wire, data: bytes, channel: int) -> None:
    """Sends a message and takes in whatever comes back meanwhile."""
    wire.send(data, channel)
    wire.turn(0)


def vitals_after_all_else(client: Client) -> dict[str, Any]:
    """Vital signs, asked for behind everything that was sent: other answers are passed over, a full queue is tried again."""
    for _ in range(ROUNDS):
        number = client.post("tools/call", name="vitals.read", arguments={})
        answer: dict[str, Any] = {"id": None}
        while answer["id"] != number:
            answer, _envelope = packed.loads(client._reply())
        if "result" in answer:
            return dict(answer["result"]["structuredContent"])
    raise AssertionError(f"never an answer but {answer}")


@pytest.mark.qemu_only("hundreds of messages")
def test_random_and_damaged_messages_cost_no_answer_and_no_memory(product: Machine) -> None:
    chance = random.Random(7)
    with Wire(product.port) as wire:
        client = Client(wire)
        before = [client.tool("vitals.read") for _ in range(10)][-1]
        whole = packed.dumps(CALL, "test")
        for _ in range(ROUNDS):
            feed(wire, chance.randbytes(chance.randrange(1, 200)), chance.choice((0, 1, 1, 5)))
            damaged = bytearray(whole)
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
            feed(wire, bytes(damaged), 1)
        after = vitals_after_all_else(client)
    assert after["requests"]["malformed"] > ROUNDS
    assert after["heap_free"] >= before["heap_free"] - 2048
    assert after["uptime_ms"] >= before["uptime_ms"], "the board restarted"
    assert any("dropped a message: CBOR" in line for line in wire.logs)
