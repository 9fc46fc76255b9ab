# SPDX-License-Identifier: Apache-2.0
"""Damaged MCP requests over HTTP: messages of every method and revision as the schema has them, then changed in their structure
or in their bytes. One seed, one sequence."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mcp_types.methods import CLIENT_NOTIFICATIONS, CLIENT_REQUESTS
from tests.support.fuzz_damage import ODD, changed, damaged
from tests.support.mcp_http import META, MODERN
from tests.support.schema_values import values

Json = dict[str, Any]
EXTENSIONS = ("tasks/get", "tasks/update", "tasks/cancel")
# Names that hostile devices have, in the view of the fleet and in their own.
NAMED = {
    "resources/read": ("uri", ["motet://evil0/test/x", "motet://evil1/gateway/twin", "motet://good/gateway/twin", "test://x"]),
    "resources/subscribe": ("uri", ["motet://evil0/test/x", "motet://good/gateway/twin"]),
    "prompts/get": ("name", ["evil0.p", "evil1.p", "p"]),
}
IDS: list[Any] = [1, 0, -1, "1", "", "x" * 200, 2**63, 2**70, 1.5, True, None, [1], {"a": 1}]
DEEP = [200, 2000, 100_000]
_HEADERS = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
QUIET = settings(derandomize=True, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


@dataclass(frozen=True)
class Request:
    """One HTTP request; `headers` without those of the connection and the caller."""

    body: bytes
    headers: dict[str, str]
    verb: str = "POST"
    path: str = "/mcp"


@dataclass
class Known:
    """Names that make a request get far: of tools, of the caller's and other callers' sessions, tasks and states."""

    tools: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    views: list[str] = field(default_factory=list)


@cache
def _schemas() -> list[tuple[str, str, st.SearchStrategy[Any]]]:
    found = []
    for (method, version), model in {**CLIENT_REQUESTS, **CLIENT_NOTIFICATIONS}.items():
        schema = model.model_json_schema()
        params = schema.get("properties", {}).get("params", {})
        found.append((method, version, values(params, schema.get("$defs", {}))))
    return found


@cache
def bases(count: int) -> list[tuple[str, str, Any]]:
    """(method, revision, params) of `count` messages that the schemas of all revisions allow; always the same ones."""
    made: list[tuple[str, str, Any]] = []
    one = st.sampled_from(_schemas()).flatmap(lambda row: st.tuples(st.just(row[0]), st.just(row[1]), row[2]))

    @settings(QUIET, max_examples=count)
    @given(one)
    def collect(message: tuple[str, str, Any]) -> None:
        made.append(message)

    collect()
    return made


class Fuzzer:
    """Endless requests; `known` may grow meanwhile."""

    def __init__(self, seed: int, made: list[tuple[str, str, Any]], known: Known) -> None:
        self._rng, self._bases, self._known = random.Random(seed), made, known

    def __iter__(self) -> Iterator[Request]:
        while True:
            yield self.one()

    def one(self) -> Request:
        """The next request: half of them damaged in their structure, half in their bytes."""
        rng = self._rng
        message, headers = self._message()
        whole = rng.random() < 0.5
        body = self._text(self._structured(message)) if whole else damaged(rng, json.dumps(message).encode())
        verb = "POST" if rng.random() < 0.98 else rng.choice(["GET", "GET", "DELETE", "PUT", "HEAD", "OPTIONS", "TRACE"])
        return Request(body, self._headers(headers), verb, self._path())

    def _message(self) -> tuple[Json, dict[str, str]]:
        """A message that is nearly right, with the headers that belong to it."""
        rng = self._rng
        method, version, params = rng.choice(self._bases)
        params = dict(params) if isinstance(params, dict) else {}
        if rng.random() < 0.3:
            method, version = rng.choice(["tools/call", *EXTENSIONS]), MODERN
        if method == "tools/call" and self._known.tools and rng.random() < 0.8:
            params |= {
                "name": rng.choice(self._known.tools),
                "arguments": rng.choice([{"text": "hi"}, {}, params.get("arguments", {})]),
            }
        if method in NAMED and rng.random() < 0.7:
            params |= {NAMED[method][0]: rng.choice(NAMED[method][1])}
        if method in EXTENSIONS:
            params = {"taskId": rng.choice([*self._known.secrets, "x"])}
        headers = {
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": version,
        }
        if version == MODERN:
            params["_meta"] = {**META, **self._meta()}
            headers["mcp-method"] = method
            named = params.get("name", params.get("uri", params.get("taskId")))
            if isinstance(named, str):
                headers["mcp-name"] = named
        elif method != "initialize" and self._known.sessions and rng.random() < 0.8:
            headers["mcp-session-id"] = rng.choice(self._known.sessions)
        message = {"jsonrpc": "2.0", "id": rng.choice(IDS[:3]), "method": method, "params": params}
        if method.startswith("notifications/"):
            del message["id"]
        return message, headers

    def _meta(self) -> Json:
        rng, more = self._rng, {}
        if rng.random() < 0.2:
            more["io.modelcontextprotocol/clientCapabilities"] = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
        if rng.random() < 0.1:
            more["progressToken"] = rng.choice(ODD)
        if rng.random() < 0.05:
            more["io.modelcontextprotocol/logLevel"] = rng.choice(["debug", "nonsense", 3])
        return more

    def _structured(self, message: Json) -> Any:
        rng = self._rng
        kind = rng.random()
        if kind < 0.1:
            return message
        if kind < 0.2:
            return {**message, "id": rng.choice(IDS)}
        if kind < 0.25:
            return [message] * rng.choice([0, 1, 2, 50])
        if kind < 0.3:
            return rng.choice(ODD)
        odd, params = [*ODD, *self._known.secrets], message.get("params")
        if kind < 0.75 and isinstance(params, dict):
            # What is around it stays, so that it gets further.
            meta = {name: value for name, value in params.items() if name == "_meta"}
            inner = changed(rng, {name: value for name, value in params.items() if name != "_meta"}, odd)
            return {**message, "params": {**inner, **meta} if isinstance(inner, dict) else inner}
        for _ in range(rng.randint(1, 3)):
            message = changed(rng, message, odd)
        return message

    def _text(self, value: Any) -> bytes:
        rng = self._rng
        text = json.dumps(value)
        if text.startswith("{") and rng.random() < 0.1:
            # A name given twice.
            name = rng.choice(["id", "method", "params", "jsonrpc", "_meta"])
            text = f'{{"{name}": {json.dumps(rng.choice(ODD))}, {text[1:]}' if len(text) > 2 else text
        elif rng.random() < 0.02:
            depth = rng.choice(DEEP)
            text = text.replace("{}", "[" * depth + "]" * depth, 1)
        return text.encode()

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        rng = self._rng
        if rng.random() < 0.2:
            name = rng.choice([*headers, "mcp-session-id", "last-event-id", "mcp-param-text", "origin", "content-encoding"])
            junk = ["", "x", "*/*", "text/plain", "gzip", "null", MODERN, "2025-11-25", "\xff\xfe", "a" * 3000, "=?base64?!!?="]
            value = rng.choice([None, *junk, *self._known.secrets, *self._known.sessions])
            headers = {key: one for key, one in headers.items() if key != name} | ({} if value is None else {name: value})
        return {name: value for name, value in headers.items() if _sendable(value)}

    def _path(self) -> str:
        rng = self._rng
        views = [f"/mcp?view={one}" for one in ["", "x", "device:%00", *self._known.views]]
        odd = ["/mcp/", "/mcp/../mcp", "/mcp/group:x", "/mcp/%ff", *(f"/mcp/{one}" for one in self._known.views), *views]
        return "/mcp" if rng.random() < 0.9 else rng.choice(odd)


def _sendable(value: str) -> bool:
    return all(ord(char) < 256 and char not in "\r\n\0" for char in value)
