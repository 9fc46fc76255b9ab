# SPDX-License-Identifier: Apache-2.0
"""Typed tools on the emulated boards: the bytes their guests see are those that the host's Canonical ABI writes."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from client import Client
from motet_native import wasm
from test_artifacts_on_board import Board
from tests.support import abi_guests, abi_random
from wire import Wire

from motet.components import artifact, descriptor
from motet.components.manifest import parse
from motet.components.packages import accept, read
from motet.components.tools import Tool
from motet.components.wittypes import Primitive, Tuple, Type, parts
from motet.emulate import Machine
from motet_core.canonical_types import Types

pytestmark = pytest.mark.board

ANALYZER = Path(__file__).parents[1] / "support/analyzer"
MANIFEST = """[component]
name = "abi"
revision = {revision}
description = "d"
wit = "abi.wit"
[limits]
fuel = 5000
memory = 8192
stack = 1024
"""
TYPES, VALUES = 16, 3


@pytest.fixture
def board_client(product: Machine) -> Iterator[Board]:
    with Wire(product.port) as wire:
        yield Board(Client(wire))


def test_a_component_with_text_lists_and_results_answers_by_its_schema(board_client: Board) -> None:
    board_client.install(accept(read(ANALYZER)))
    client = board_client.client
    entries = {tool["name"]: tool for tool in client.call("tools/list")["tools"] if tool["name"].startswith("lab.")}
    arguments = {"reading": {"name": "temp", "values": [1, 2.5, -4], "unit": "kelvin"}}
    jsonschema.validate(arguments, entries["lab.analyze"]["inputSchema"])
    value = client.tool("lab.analyze", **arguments)
    jsonschema.validate(value, entries["lab.analyze"]["outputSchema"])
    assert (value["label"], value["count"], value["min"], value["max"]) == ("temp", 3, -4, 2.5)
    assert client.tool("lab.mirror", text="größer 日本") == {"result": "größer 日本"}
    answer = client.call("tools/call", name="lab.analyze", arguments={"reading": {"name": "x", "values": []}})
    assert answer["isError"] and answer["content"][0]["text"] == '{"tag":"empty"}'
    answer = client.call("tools/call", name="lab.analyze", arguments={"reading": {"name": "x", "values": [1, "a"]}})
    assert answer["isError"] and answer["content"][0]["text"].startswith("reading.values[1]: expected")


def sample(kind: Type, revision: int) -> tuple[bytes, bytes]:
    """The device artifact of a guest for one type, and its descriptor."""
    functions = abi_guests.functions(kind)[1:4]
    data = descriptor.encode(functions)
    shape = Types(data).functions["flat"].params
    manifest = parse(MANIFEST.format(revision=revision))
    tools = [Tool(f"abi.{function.name}", function, "d") for function in functions]
    module = abi_guests.core_module(shape.core, shape.size, echo=False)
    return artifact.encode(manifest, tools, [function.name for function in functions], module), data


def install(client: Client, data: bytes, revision: int) -> None:
    params = {
        "kind": "component",
        "name": "abi",
        "revision": revision,
        "size": len(data),
        "digest": hashlib.sha256(data).digest(),
    }
    begun = client.call("artifact.begin", **params)
    for offset in range(0, len(data), begun["block"]):
        block = data[offset : offset + begun["block"]]
        client.call("artifact.block", transfer=begun["transfer"], offset=offset, data=block)
    client.call("artifact.commit", transfer=begun["transfer"])


def suits_the_board(kind: Type) -> bool:
    """Whether its values are the same on a board, whose floats have 32 bits; and a board's messages hold them."""
    if kind == Primitive("f64") or not all(suits_the_board(part) for part in parts(kind)):
        return False
    return len(descriptor.encode(abi_guests.functions(kind))) < 500


def as_json(value: Any) -> Any:
    """A value in the form of JSON, which has no infinity, no NaN, no bytes and no tuples."""
    if isinstance(value, float):
        return value if value - value == 0 else 0.5
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, list | tuple | bytes) else value


def host(data: bytes, kind: Type) -> dict[str, wasm.Typed]:
    """The same guest on this machine, in a fresh instance."""
    shape = Types(data).functions["flat"].params
    instance = wasm.Instance(abi_guests.core_module(shape.core, shape.size, echo=False), memory=8192, stack=1024)
    instance.fuel = 100000
    types = wasm.Types(data)
    return {name: instance.typed(name, types, json=True) for name in ("flat", "stored", "parse")}


def result(client: Client, name: str, **arguments: Any) -> Any:
    answer = client.call("tools/call", name=name, arguments=arguments)
    assert not answer["isError"], answer
    return answer["structuredContent"]["result"] if "result" in answer["structuredContent"] else answer["structuredContent"]


@pytest.mark.qemu_only("many installs")
def test_random_types_are_lowered_and_lifted_to_the_hosts_bytes(board_client: Board) -> None:
    client, chosen, number = board_client.client, 0, 0
    padding = {param.name: 0 for param in abi_guests.PADDING}
    while chosen < TYPES:
        number += 1
        rng = random.Random(f"board {number}")
        # Inside a tuple no result is a record or a WIT result, which tools give in other forms.
        kind = Tuple((abi_random.random_type(rng, 3), Primitive("u8")))
        if not suits_the_board(kind):
            continue
        chosen += 1
        data, types = sample(kind, chosen)
        install(client, data, chosen)
        same = host(types, kind)
        for _ in range(VALUES):
            value = as_json(abi_random.random_value(rng, kind))
            assert result(client, "abi.flat", x=value) == same["flat"](value), (kind, value)
            stored = result(client, "abi.stored", x=value, **padding)
            assert stored == same["stored"](value, *padding.values()), (kind, value)
            assert result(client, "abi.parse", data=stored) == same["parse"](stored) == value, (kind, value)
        # Not replaced but removed: two guests with their memories are more than some heaps hold.
        client.call("artifact.remove", kind="component", name="abi")
