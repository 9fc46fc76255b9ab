#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bytes of a tools/call request with 60 bytes of arguments, as JSON-RPC over HTTP, packed with its envelope, and on a UART."""

from __future__ import annotations

import json

from motet_native.frame import Link

from motet.wire import new_gateway_id, packed
from motet_core.port import REQUEST

META = "io.modelcontextprotocol/"
ARGUMENTS = {"channel": 3, "samples": 16, "window_ms": 250, "filter": "kaiser"}


def request() -> dict[str, object]:
    """What an MCP client of revision 2026-07-28 posts."""
    meta = {
        META + "protocolVersion": "2026-07-28",
        META + "clientCapabilities": {},
        META + "clientInfo": {"name": "bench", "version": "1.0"},
    }
    params = {"name": "board1.sensor.read", "arguments": ARGUMENTS, "_meta": meta}
    return {"jsonrpc": "2.0", "id": 17, "method": "tools/call", "params": params}


def forwarded() -> bytes:
    """What the gateway sends to the device for it: no prefix, none of the client's metadata, a route for the reply, an expiry."""
    message = {"jsonrpc": "2.0", "id": 17, "method": "tools/call", "params": {"name": "sensor.read", "arguments": ARGUMENTS}}
    return packed.dumps(message, reply_to=new_gateway_id("motet"), expires_s=30)


def framed(payload: bytes) -> int:
    """Bytes on the line for `payload` in an established session."""
    host, device = Link(), Link()
    for now in range(0, 1000, 50):
        device.feed(host.output(now), now)
        host.feed(device.output(now), now)
    assert host.established and device.established
    assert host.send(REQUEST, payload)
    return len(host.output(1000))


def main() -> None:
    as_json = len(json.dumps(request(), separators=(",", ":")).encode())
    payload = forwarded()
    on_line = framed(payload)
    figures = {
        "arguments_bytes": len(json.dumps(ARGUMENTS, separators=(",", ":"))),
        "json_bytes": as_json,
        "packed_bytes": len(payload),
        "framed_bytes": on_line,
        "packed_share": round(len(payload) / as_json, 4),
        "framed_share": round(on_line / as_json, 4),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
