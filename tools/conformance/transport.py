# SPDX-License-Identifier: Apache-2.0
"""What an HTTP server of MCP 2026-07-28 checks before it reads on: that the headers say what the body says
(basic/transports, Streamable HTTP, standard headers)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

_VERSION = "io.modelcontextprotocol/protocolVersion"
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_FIRST = "2026-07-28"


class HeaderMismatch(ValueError):
    """A header is missing or says something else than the body; the text says which."""


def check_headers(headers: Mapping[str, str], message: Mapping[str, Any]) -> None:
    """Raises HeaderMismatch. Requests of earlier revisions repeat nothing in headers and pass."""
    params = message.get("params")
    params = params if isinstance(params, dict) else {}
    meta = params.get("_meta")
    version = meta.get(_VERSION) if isinstance(meta, dict) else None
    told = headers.get("mcp-protocol-version", "").strip()
    if version is None and told < _FIRST:
        return
    if version is not None and told != version:
        raise HeaderMismatch(f"MCP-Protocol-Version is {told or 'missing'}, the body says {version}")
    _same(headers, "Mcp-Method", message.get("method"))
    if (key := _NAMED.get(str(message.get("method")))) is not None:
        _same(headers, "Mcp-Name", params.get(key))


def _same(headers: Mapping[str, str], name: str, expected: object) -> None:
    given = headers.get(name)
    if given is None:
        raise HeaderMismatch(f"{name} is missing")
    if isinstance(expected, str) and _plain(given.strip()) != expected:
        raise HeaderMismatch(f"{name} is not what the body says")


def _plain(value: str) -> str:
    """A value that is no plain ASCII travels as =?base64?...?=."""
    if not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        return base64.b64decode(value[9:-2], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise HeaderMismatch("a header holds no base64 where it says so") from None
