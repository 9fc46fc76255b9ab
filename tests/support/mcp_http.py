# SPDX-License-Identifier: Apache-2.0
"""MCP requests by hand, for what the SDK's client would never send."""

from __future__ import annotations

from typing import Any

MODERN = "2026-07-28"
META = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}


def modern_headers(method: str, name: str | None = None) -> dict[str, str]:
    headers = {
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": MODERN,
        "mcp-method": method,
    }
    return headers if name is None else {**headers, "mcp-name": name}


def modern_body(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": {**META}}}


def modern_call(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments of an HTTP client's `post`."""
    return {
        "json": modern_body("tools/call", name=tool, arguments=arguments),
        "headers": modern_headers("tools/call", tool),
    }
