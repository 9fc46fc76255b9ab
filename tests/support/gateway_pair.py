# SPDX-License-Identifier: Apache-2.0
"""Two gateways that differ in nothing but the fast path, asked the same, and devices that answer in every way they can."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections import Counter
from copy import deepcopy

from tests.support.mcp_http import modern_headers
from tests.support.memory_fleet import ADD, MemoryDevice, MemoryFleet

from motet.components.capabilities import policy_fields
from motet.config import Limits
from motet.fleet import BadAnswer, DeviceOffline, DeviceTimeout, RpcError
from motet.gateway.app import GatewayApp
from motet.gateway.options import Options
from motet.gateway.rules import Rules
from motet.observe import Metrics
from motet.policy import Audit, Policy
from motet.store import Store

TOOL, SAY = "pump.math.add", "pump.odd.say"
POLICY = """permit (principal, action == Motet::Action::"call", resource);
forbid (principal, action == Motet::Action::"call", resource) when { resource.component == "forbidden" };"""
DONE = {"resultType": "complete", "content": []}
# What a device may answer, or how it may fail.
ANSWERS = [
    {"content": [{"type": "text", "text": "é \u2028 \U0001f600 </script>"}]},
    {**DONE, "isError": True, "structuredContent": {"deep": [{"none": None, "nan": float("nan"), "big": 2**63, "f": 1e300}]}},
    {**DONE, "structuredContent": [1, None, "x"], "ttlMs": 5, "unknown": {"a": 1}},
    {**DONE, "structuredContent": None, "isError": None},
    {**DONE, "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "device", "version": "1"}, "more": 1}},
    {**DONE, "_meta": {"io.modelcontextprotocol/serverInfo": None}},
    {**DONE, "_meta": 7},
    {**DONE, "_meta": None},
    {"resultType": "complete", "content": [{"type": "resource_link", "uri": "sensor://one", "name": "one"}, {"type": "image"}]},
    {"resultType": "complete", "content": [{"type": "resource_link", "uri": "sensor://one", "name": "one", "size": None}]},
    {"resultType": "complete", "content": [{"type": "text", "text": 5}]},
    {"resultType": "complete", "content": [{"text": "of no type"}]},
    {"resultType": "complete", "content": [{"type": "audio", "data": "AAA=", "mimeType": "audio/wav", "extra": True}]},
    {"resultType": "odd", "content": []},
    {"resultType": 5, "content": []},
    {"resultType": "task", "requestState": "s", "pollIntervalMs": 10**9},
    {"resultType": "task"},
    {"resultType": "input_required"},
    {"resultType": "input_required", "requestState": "mine", "inputRequests": {}},
    {"resultType": "input_required", "inputRequests": {"a": {"method": "elicitation/create", "params": {"message": "?"}}}},
    {},
    RpcError("pump", -32602, "bad  \x1b[31m text"),
    RpcError("pump", -32601, "unknown", {"why": None}),
    RpcError("pump", -32050, "denied by the device"),
    RpcError("pump", -32052, "busy"),
    RpcError("pump", -32020, "of a code that has a status"),
    DeviceTimeout("pump", "too late"),
    DeviceOffline("pump", "gone"),
    BadAnswer("pump", "nonsense"),
    LookupError("a mistake in the gateway"),
]
SAYS = {"name": "odd.say", "inputSchema": {"type": "object", "properties": {"what": {"type": "integer", "minimum": 0}}}}
HEADED = {
    "type": "object",
    "properties": {"region": {"type": "string", "x-mcp-header": "Region"}, "zone": {"type": "string", "pattern": "^[a-z]+$"}},
}
TOOLS = [
    ADD,
    SAYS,
    {"name": "forbidden.add", "inputSchema": {"type": "object"}},
    {"name": "headed", "inputSchema": HEADED},
    {"name": "slow", "inputSchema": {"type": "object"}, "execution": {"taskSupport": "required"}},
    {"name": "asks", "inputSchema": {"type": "object"}, "_meta": {"motet/asks": True}},
]


async def say(params, _progress):
    found = ANSWERS[params["arguments"].get("what", 0) % len(ANSWERS)]
    if isinstance(found, Exception):
        raise found
    return deepcopy(found)


async def done(_params, _progress):
    return dict(DONE)


class Gateway:
    """One of the two, called as ASGI calls it."""

    def __init__(self, folder, fast):
        self.fleet = MemoryFleet(MemoryDevice("pump", TOOLS), MemoryDevice("away", online=False))
        self.fleet.answers |= {"odd.say": say, **dict.fromkeys(("forbidden.add", "headed", "slow", "asks"), done)}
        self.store = Store(f"sqlite:///{folder / f'{fast}.db'}")
        self.audit, self.metrics = Audit(self.store), Metrics()
        options = Options(fast_path=fast, max_body_bytes=4096, limits=Limits.none(), state_keys=(b"k" * 32,))
        self.app = GatewayApp(self.fleet, self.metrics, options, rules=Rules(Policy(POLICY, policy_fields()), self.audit))
        self.taken = self._counting() if fast else Counter()

    def _counting(self):
        taken, takes = Counter(), self.app.front.fast.takes

        def counted(*request):
            call = takes(*request)
            taken[call is not None] += 1
            return call

        self.app.front.fast.takes = counted
        return taken

    @contextlib.asynccontextmanager
    async def running(self):
        try:
            async with self.app._rest.router.lifespan_context(self.app._rest):
                yield
        finally:
            self.store.close()

    async def post(self, path, query, headers, body):
        """(status, headers, body) of the answer; seals and session ids, which are random, are all alike."""
        sent, pieces = [], [{"type": "http.request", "body": body, "more_body": False}]

        async def receive():
            return pieces.pop() if pieces else await asyncio.Event().wait()

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": query, "root_path": "",
            "headers": list(headers), "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8765),
        }  # fmt: skip
        await self.app(scope, receive, send)
        whole = b"".join(message.get("body", b"") for message in sent[1:])
        masked = re.sub(rb'"requestState":"[^"]*"', b'"requestState":"sealed"', whole)
        # The length of a seal depends on its time.
        lengths = {(b"content-length", str(len(whole)).encode())} & set(sent[0]["headers"])
        rest = sorted((name, b"" if name == b"mcp-session-id" else value) for name, value in set(sent[0]["headers"]) - lengths)
        return sent[0]["status"], rest, bool(lengths), len(sent[0]["headers"]), masked

    def traces(self):
        """What a call leaves behind: in the devices, the audit and the metrics."""
        entries = [
            (entry.actor, entry.action, entry.subject, entry.outcome, entry.detail) for entry in self.audit.entries(0, 10_000)
        ]
        lines = [line for line in self.metrics.text().decode().splitlines() if "_seconds_" not in line]
        return self.fleet.calls, entries, lines


class Pair:
    """Both, on a loop of their own."""

    def __init__(self, folder):
        self.fast, self.full = Gateway(folder, True), Gateway(folder, False)
        self._runner = asyncio.Runner()

    def __enter__(self):
        self._runner.run(self._start())
        return self

    async def _start(self):
        self._up, self._end = asyncio.Event(), asyncio.Event()
        self._running = asyncio.create_task(self._run())
        await self._up.wait()

    async def _run(self):
        async with self.fast.running(), self.full.running():
            self._up.set()
            await self._end.wait()

    async def _stop(self):
        self._end.set()
        await self._running

    def __exit__(self, *_):
        self._runner.run(self._stop())
        self._runner.close()

    def both(self, body, headers=None, path="/mcp", query=b""):
        """The answer of each; equal."""
        whole = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = [(b"host", b"127.0.0.1:8765"), *(headers if headers is not None else heads())]
        fast, full = (self._runner.run(one.post(path, query, given, whole)) for one in (self.fast, self.full))
        assert fast == full
        return fast


def heads(name=TOOL, **changes):
    merged = {**modern_headers("tools/call", name), **{key.replace("_", "-"): value for key, value in changes.items()}}
    return [(key.encode(), value.encode("latin-1")) for key, value in merged.items() if value is not None]
