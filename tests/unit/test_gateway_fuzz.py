# SPDX-License-Identifier: Apache-2.0
"""Damaged requests, fixed seed: every one gets an orderly answer, and the gateway goes on."""

from __future__ import annotations

import collections
import json
import os
import random

import httpx2
import pytest
from tests.support.mcp_http import modern_body, modern_call, modern_headers
from tests.support.memory_fleet import MemoryDevice, MemoryFleet, serving

pytestmark = pytest.mark.anyio
COUNT = int(os.environ.get("MOTET_FUZZ_COUNT", "400"))
TOOL = "pump.math.add"
ODD = [None, True, 0, -1, 1.5, 2**70, "", "x" * 300, "\ud800", [], [1], {}, {"a": {}}, "io.modelcontextprotocol/protocolVersion"]


def damaged_bytes(rng, body):
    data = bytearray(json.dumps(body).encode())
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data))
        match rng.randrange(3):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + rng.randint(1, 20)]
            case _:
                data[at:at] = rng.randbytes(rng.randint(1, 8))
    return bytes(data)


def damaged_tree(rng, node):
    """The same structure with some part replaced, removed or added."""
    if not isinstance(node, dict) or not node or rng.random() < 0.2:
        return rng.choice(ODD)
    out, key = dict(node), rng.choice(sorted(node))
    match rng.randrange(4):
        case 0:
            del out[key]
        case 1:
            out[rng.choice(["id", "method", "params", "_meta", "cursor", "name", "extra"])] = rng.choice(ODD)
        case _:
            out[key] = damaged_tree(rng, out[key])
    return out


def requests(rng):
    while True:
        method = rng.choice(["tools/call", "tools/list", "server/discover", "subscriptions/listen", "ping"])
        params = {"name": TOOL, "arguments": {"a": 1, "b": 2}} if method == "tools/call" else {}
        body, headers = modern_body(method, **params), modern_headers(method, params.get("name"))
        if rng.random() < 0.2:
            body["params"]["_meta"]["progressToken"] = rng.choice(ODD)
        if rng.random() < 0.2:
            headers[rng.choice(sorted(headers))] = rng.choice(["", "x", "2025-11-25", "text/plain", "application/json"])
        content = damaged_bytes(rng, body) if rng.random() < 0.5 else json.dumps(damaged_tree(rng, body)).encode()
        yield content, headers


async def test_damaged_requests_are_answered_in_order_and_harm_nothing():
    rng, seen = random.Random(20260728), collections.Counter()
    async with serving(MemoryFleet(MemoryDevice("pump"))) as (url, _), httpx2.AsyncClient(timeout=30) as http:
        for _, (content, headers) in zip(range(COUNT), requests(rng), strict=False):
            async with http.stream("POST", url, content=content, headers=headers) as answer:
                # A stream to listen on, had the damage spared the request, would not end.
                if answer.headers.get("content-type", "").startswith("application/json"):
                    assert json.loads(await answer.aread()), content
            seen[answer.status_code] += 1
            assert answer.status_code < 500, (content, headers, answer.status_code)
        good = await http.post(url, **modern_call(TOOL, {"a": 1, "b": 2}))
        assert good.json()["result"]["structuredContent"] == {"result": 3}
    assert len(seen) > 3, seen
