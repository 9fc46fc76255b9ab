# SPDX-License-Identifier: Apache-2.0
"""The decoders of what comes from outside, each as a function of bytes that fails when the decoder does anything but refuse
in order or give what it promises; and valid bytes to begin with."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass

import pydantic_core
from mcp_types import jsonrpc_message_adapter
from mcp_types.methods import validate_client_request
from mcp_types.version import LATEST_MODERN_VERSION
from tests.support.mcp_http import modern_body, modern_headers

from motet.bus.stream import Stream, publish
from motet.fleet.registry import Registry
from motet.gateway.gatehouse import called
from motet.gateway.plain import METHOD, Plain
from motet.wire import Presence, WireError, packed
from motet_core.mqtt import packets
from motet_core.wire import blocks, hello
from motet_core.wire import packed as core

MAX_TOTAL = 4096
TOOL = "pump.math.add"


@dataclass(frozen=True)
class Target:
    """`run` takes any bytes; `seeds` are such as it takes with success."""

    run: Callable[[bytes], None]
    seeds: list[bytes]


def _outcome(decode: Callable[[bytes], object], data: bytes) -> object:
    try:
        return decode(data)
    except WireError:
        return WireError


def message(data: bytes) -> None:
    """Host and device core read the same or refuse, and what was read can be sent on."""
    fast, slow = _outcome(packed.loads, data), _outcome(core.loads, data)
    assert (fast is WireError) == (slow is WireError), (fast, slow)
    if fast is not WireError:
        told, envelope = packed.loads(data, binary=True)
        again = packed.loads(packed.dumps(told, envelope.reply_to, envelope.expires_s), binary=True)
        assert repr(again[0]) == repr(told)


def presence(data: bytes) -> None:
    """A record that is read has these very bytes, and a registry takes it or says why not."""
    registry = Registry(lambda event: None)
    record = _outcome(Presence.decode, data)
    if isinstance(record, Presence):
        assert record.encode() == data
    for device in ("pump", "other"):
        registry.receive(device, data)
    assert len(registry.devices) <= 1


def greeting(data: bytes) -> None:
    """A hello that is read has these very bytes."""
    fields = _outcome(hello.decode, data)
    if fields is not WireError:
        assert hello.encode(**{name: value for name, value in fields.items() if value is not None}) == data  # type: ignore[attr-defined]


def joined(data: bytes) -> None:
    """Blocks, cut where a byte says how long each is, never hold more than they may."""
    joiner = blocks.Joiner(MAX_TOTAL, lambda: 0)
    at = 0
    while at < len(data):
        frame = data[at + 1 : at + 1 + data[at]]
        at += 1 + data[at]
        with contextlib.suppress(WireError):
            whole = joiner.feed(frame)
            assert whole is None or len(whole) <= MAX_TOTAL


def mqtt(data: bytes) -> None:
    """What a broker sends is the same packets in one piece and byte by byte, and each body is read or refused."""
    whole, pieces = _packets([data]), _packets([data[at : at + 1] for at in range(len(data))])
    assert whole == pieces
    for kind, flags, body in whole or []:
        for read in {3: [packets.read_publish], 4: [packets.read_puback], 9: [packets.read_suback]}.get(kind, []):
            with contextlib.suppress(WireError):
                read(packets.V311, flags, body) if kind == 3 else read(packets.V311, body)


def _packets(parts: list[bytes]) -> list[tuple[int, int, bytes]] | None:
    """None for what is refused."""
    stream, found = Stream(), []
    try:
        for part in parts:
            found += list(stream.feed(part))
    except WireError:
        return None
    return found


_HEADERS = [(name.encode(), value.encode()) for name, value in modern_headers(METHOD, TOOL).items()]


def body(data: bytes) -> None:
    """A request that takes the short way is one that the SDK takes, and the same one."""
    called(data)
    plain = Plain().read({"type": "http", "headers": _HEADERS}, data)
    if plain is None:
        return
    read = jsonrpc_message_adapter.validate_python(pydantic_core.from_json(data), by_name=False)
    assert (read.id, read.method) == (plain.id, METHOD)
    assert read.params["name"] == plain.name
    assert repr(read.params.get("arguments", {})) == repr(plain.arguments)
    validate_client_request(METHOD, LATEST_MODERN_VERSION, read.params)


def _framed(*frames: bytes) -> bytes:
    return b"".join(bytes((len(frame),)) + frame for frame in frames)


_ONLINE = Presence("pump", 1, b"12345678", 1, 1, 512, 8192, b"c" * 16, "fw", "board", "power on", b"o" * 16, 0)
_CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "x", "arguments": {"a": [1, 2.5, None, "x"]}}}
_PROGRESS = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1, "progress": 1.5}}
_BODIES = [modern_body(METHOD, name=TOOL, arguments=one) for one in ({"a": 1, "b": 2}, {"a": {"x": [None, 1.5, "\u00e4"]}}, {})]

TARGETS = {
    "message": Target(message, [packed.dumps(_CALL, "gw-1", 5), packed.dumps(_PROGRESS), packed.dumps({**_CALL, "id": "x"})]),
    "presence": Target(presence, [_ONLINE.encode(), _ONLINE.gone().encode()]),
    "hello": Target(
        greeting, [hello.encode(time_ms=1, nonce=b"12345678", id="pump"), hello.encode(time_ms=1 << 50, nonce=b"12345678")]
    ),
    "blocks": Target(joined, [_framed(*blocks.split(bytes(100), 60, 7)), _framed(*blocks.split(b"x" * 70, 40, 1)[::-1])]),
    "mqtt": Target(mqtt, [publish("a/b", b"payload", 5, False) + b"\x40\x02\x00\x05\xd0\x00\x90\x03\x00\x05\x01"]),
    "body": Target(body, [json.dumps(one).encode() for one in _BODIES]),
}
