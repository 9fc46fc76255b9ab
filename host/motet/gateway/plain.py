# SPDX-License-Identifier: Apache-2.0
"""Recognises the plain tool call: one whose every header and member has the form that nearly all have.

What is refused here is not wrong: it goes the way through the SDK, which knows every form and every error. So this looks
only for certainty, and whoever adds a check to the way through the SDK needs none here as long as plain calls pass it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from mcp.server.connection import Connection
from mcp.server.streamable_http import check_accept_headers
from mcp_types import (
    CLIENT_CAPABILITIES_META_KEY,
    CLIENT_INFO_META_KEY,
    LOG_LEVEL_META_KEY,
    PROTOCOL_VERSION_META_KEY,
    CallToolRequestParams,
    ClientCapabilities,
    methods,
)
from mcp_types.version import LATEST_MODERN_VERSION
from pydantic import ValidationError
from pydantic_core import from_json
from starlette.requests import Request
from starlette.types import Scope

from motet.wire import Json

METHOD = "tools/call"
_VERSION, _METHOD = LATEST_MODERN_VERSION.encode(), METHOD.encode()
_ENVELOPE, _PARAMS = {"jsonrpc", "id", "method", "params"}, {"name", "arguments", "_meta"}
# Not checked by the SDK, and another one in each call.
_TRACE = "traceparent"
# Who wants notifications before the answer; the endpoint's look at the bytes does not know what is written with escapes.
_NOTIFIED = ("progressToken", LOG_LEVEL_META_KEY)
_LONGEST_ID, _LARGEST_ID = 128, 1 << 53
_CLIENTS, _LONGEST_META = 512, 2048


@dataclass(frozen=True, slots=True)
class PlainCall:
    """A tool call of MCP 2026-07-28 whose form is right; whether there is such a tool is not known."""

    id: int | str
    name: str
    params: Json
    arguments: Json
    capabilities: ClientCapabilities


class Plain:
    """Reads requests; remembers what clients say of themselves, which is the same in each of their calls."""

    def __init__(self) -> None:
        self._clients: dict[str, ClientCapabilities | None] = {}

    def read(self, scope: Scope, body: bytes) -> PlainCall | None:
        """The call that a POST with this body makes, when it is a plain one."""
        headers = dict(scope["headers"])
        # Names that come twice would hide each other.
        if len(headers) != len(scope["headers"]) or not _headers_fit(headers):
            return None
        try:
            # As the SDK reads it: the json module takes more, such as other encodings, half characters and endless nesting.
            message = from_json(body)
        except ValueError:
            return None
        if type(message) is not dict or message.keys() != _ENVELOPE or not _envelope_fits(message):
            return None
        return self._call(message["id"], message["params"], headers)

    def _call(self, number: int | str, params: Json, headers: Mapping[bytes, bytes]) -> PlainCall | None:
        name, arguments, meta = params.get("name"), params.get("arguments", {}), params.get("_meta")
        if type(name) is not str or not name.isascii() or headers.get(b"mcp-name") != name.encode():
            return None
        if type(arguments) is not dict or not all(map(str.isascii, arguments)) or type(meta) is not dict:
            return None
        capabilities = self._client(meta)
        return None if capabilities is None else PlainCall(number, name, params, arguments, capabilities)

    def _client(self, meta: Json) -> ClientCapabilities | None:
        """What the client can do, when it says so in a valid way and wants neither tasks nor another extension."""
        told = meta
        if type(trace := meta.get(_TRACE)) is str and trace.isascii():
            told = {key: value for key, value in meta.items() if key != _TRACE}
        key = repr(told)
        if len(key) > _LONGEST_META:
            return None
        if key not in self._clients:
            if len(self._clients) >= _CLIENTS:
                self._clients.clear()
            self._clients[key] = _capabilities(told)
        return self._clients[key]


def _headers_fit(headers: Mapping[bytes, bytes]) -> bool:
    return (
        headers.get(b"mcp-protocol-version") == _VERSION
        and headers.get(b"mcp-method") == _METHOD
        and headers.get(b"content-type") == b"application/json"
        and _takes_json(headers.get(b"accept", b""))
    )


@lru_cache(maxsize=256)
def _takes_json(accept: bytes) -> bool:
    return check_accept_headers(Request({"type": "http", "headers": [(b"accept", accept)]}))[0]


def _envelope_fits(message: Json) -> bool:
    number = message["id"]
    if type(number) is str:
        known = number.isascii() and len(number) <= _LONGEST_ID
    else:
        known = type(number) is int and -_LARGEST_ID < number < _LARGEST_ID
    return (
        known
        and message["jsonrpc"] == "2.0"
        and message["method"] == METHOD
        and type(message["params"]) is dict
        and message["params"].keys() <= _PARAMS
    )


def _capabilities(meta: Json) -> ClientCapabilities | None:
    """As the SDK reads them from a request with this `_meta`; None when it would refuse the request."""
    if meta.get(PROTOCOL_VERSION_META_KEY) != LATEST_MODERN_VERSION or CLIENT_CAPABILITIES_META_KEY not in meta:
        return None
    if not meta.keys().isdisjoint(_NOTIFIED):
        return None
    try:
        methods.validate_client_request(METHOD, LATEST_MODERN_VERSION, {"name": "x", "_meta": meta})
        CallToolRequestParams.model_validate({"name": "x", "_meta": meta}, by_name=False)
    except ValidationError:
        return None
    known = Connection.from_envelope(
        LATEST_MODERN_VERSION, meta.get(CLIENT_INFO_META_KEY), meta[CLIENT_CAPABILITIES_META_KEY]
    ).client_capabilities
    return None if known is None or known.extensions else known
