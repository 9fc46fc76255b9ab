# SPDX-License-Identifier: Apache-2.0
"""Which scenarios concern what a server announces, for one that announces less than the suite has scenarios for."""

from __future__ import annotations

from typing import Any

import httpx2

Json = dict[str, Any]
_MODERN = "2026-07-28"
_META = {"io.modelcontextprotocol/protocolVersion": _MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
_TASKS = "extensions", "io.modelcontextprotocol/tasks"
# What a scenario takes, the first prefix that fits: the path of a capability that the server announces, or a reason.
_TAKES: tuple[tuple[str, tuple[str, ...] | str], ...] = (
    ("tasks-", _TASKS),
    ("completion-", ("completions",)),
    ("resources-subscribe", ("resources", "subscribe")),
    ("resources-unsubscribe", ("resources", "subscribe")),
    ("resources-", ("resources",)),
    ("sep-2164-", ("resources",)),
    ("prompts-", ("prompts",)),
    ("logging-", ("logging",)),
    ("tools-call-with-logging", ("logging",)),
    ("http-custom-header-", "headers of tool parameters are checked by who serves HTTP, and the relay knows no tools"),
    ("server-sse-polling", "streams that are resumed belong to who serves HTTP"),
    ("tools-", ("tools",)),
)
# The same by revision: what the node asks of clients it asks in results, and only revision 2026-07-28 has those.
_ASKING = ("tools-call-sampling", "tools-call-elicitation", "elicitation-")
_NO_REQUESTS = "the node sends no requests to clients of this revision"


async def capabilities(url: str, revision: str) -> Json:
    """What the server at `url` announces."""
    if revision == _MODERN:
        headers = {"mcp-protocol-version": _MODERN, "mcp-method": "server/discover"}
        body: Json = {"method": "server/discover", "params": {"_meta": _META}}
    else:
        headers = {}
        client = {"name": "conformance", "version": "1"}
        body = {"method": "initialize", "params": {"protocolVersion": revision, "capabilities": {}, "clientInfo": client}}
    async with httpx2.AsyncClient() as http:
        answer = await http.post(url, json={"jsonrpc": "2.0", "id": 1, **body}, headers=headers)
    found: Json = answer.json()["result"]["capabilities"]
    return found


def absent(scenarios: list[str], announced: Json, revision: str) -> dict[str, str]:
    """Of `scenarios` those that concern nothing the server has announced, each with the reason."""
    return {name: why for name in scenarios if (why := _reason(name, announced, revision)) is not None}


def _reason(scenario: str, announced: Json, revision: str) -> str | None:
    if revision != _MODERN and scenario.startswith(_ASKING):
        return _NO_REQUESTS
    takes = next((takes for prefix, takes in _TAKES if scenario.startswith(prefix)), ())
    if isinstance(takes, str):
        return takes
    at: Any = announced
    for name in takes:
        at = at.get(name) if isinstance(at, dict) else None
    return f"{'.'.join(takes)} is not announced" if at is None or at is False else None
