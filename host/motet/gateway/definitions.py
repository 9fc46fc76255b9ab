# SPDX-License-Identifier: Apache-2.0
"""Tool definitions as a device gives them, checked one by one: what a client would refuse is left out, with the reason.

Without this, one malformed entry of one device would make `tools/list` fail for every client.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mcp.shared.inbound import find_invalid_x_mcp_header, x_mcp_header_map
from mcp_types import methods
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_MODERN_VERSION
from pydantic import ValidationError

from motet.gateway.schema import BadSchema, Check, compile_check
from motet.gateway.values import amount

Json = dict[str, Any]

TaskSupport = Literal["forbidden", "optional", "required"]
# A device marks so tools that are to be told what the client can be asked for.
ASKS = "motet/asks"

# Values in all tools of one device together: checking a schema costs up to half a millisecond for each part of it.
MOST_VALUES = 8192


@dataclass(frozen=True, slots=True)
class Definition:
    """One tool, without a device: `entry` for clients of 2026-07-28, `legacy` for older ones (None: not for them).

    `tasks`: whether its calls may outlast a request, `asks`: whether it may want something of the client before it answers,
    `plain`: neither of these, nor arguments that a client repeats in headers.
    """

    name: str
    entry: Json
    legacy: Json | None
    check: Check
    tasks: TaskSupport = "forbidden"
    asks: bool = False
    plain: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A tool that clients do not get to see: `kind` is a constant word (a metric label), `reason` a sentence."""

    tool: str
    kind: str
    reason: str


class Definitions:
    """The usable tools of one catalogue, by name, and what was left out. Equal devices share one instance."""

    __slots__ = ("__weakref__", "left_out", "tools")

    def __init__(self, tools: Iterable[Any], limit: int) -> None:
        self.tools: dict[str, Definition] = {}
        self.left_out: list[LeftOut] = []
        room = MOST_VALUES
        for raw in tools:
            name = _name(raw)
            try:
                if name in self.tools:
                    raise _Refused("duplicate", "the device lists this name twice")
                if len(self.tools) >= limit:
                    raise _Refused("too_many", f"more than {limit} tools on one device")
                if (room := room - amount(raw)) < 0:
                    raise _Refused("too_large", f"with it, the tools of one device hold more than {MOST_VALUES} values")
                self.tools[name] = _definition(name, raw)
            except _Refused as refused:
                self.left_out.append(LeftOut(name, refused.kind, str(refused)))


class _Refused(ValueError):
    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def _name(raw: Any) -> str:
    name = raw.get("name") if isinstance(raw, Mapping) else None
    return name[:128] if isinstance(name, str) else "?"


def _definition(name: str, raw: Any) -> Definition:
    try:
        entry = _shaped(raw, LATEST_MODERN_VERSION)
    except ValidationError as error:
        raise _Refused("malformed", f"not a tool definition: {_where(error)}") from error
    try:
        check = compile_check(entry["inputSchema"])
    except BadSchema as error:
        raise _Refused("bad_schema", str(error)) from error
    if (problem := find_invalid_x_mcp_header(entry["inputSchema"])) is not None:
        raise _Refused("bad_schema", f"invalid x-mcp-header: {problem}")
    asks = isinstance(entry.get("_meta"), Mapping) and entry["_meta"].get(ASKS) is True
    tasks = _tasks(raw)
    plain = tasks == "forbidden" and not asks and not x_mcp_header_map(entry["inputSchema"])
    return Definition(name, entry, _legacy(entry), check, tasks, asks, plain)


def _tasks(raw: Mapping[str, Any]) -> TaskSupport:
    # Newer revisions of MCP leave this to the server; here it is the device's word to the gateway.
    execution = raw.get("execution")
    found = execution.get("taskSupport") if isinstance(execution, Mapping) else None
    return "required" if found == "required" else "optional" if found == "optional" else "forbidden"


def _shaped(raw: Any, version: str) -> Json:
    page = {"tools": [raw], "resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
    shaped: Json = methods.serialize_server_result("tools/list", version, page)["tools"][0]
    return shaped


def _legacy(entry: Json) -> Json | None:
    # Before 2026-07-28 an output schema had to describe an object; a call's other results lose structuredContent there.
    schema = entry.get("outputSchema")
    if schema is not None and schema.get("type") != "object":
        entry = {key: value for key, value in entry.items() if key != "outputSchema"}
    try:
        for version in HANDSHAKE_PROTOCOL_VERSIONS:
            _shaped(entry, version)
    except ValidationError:
        return None
    return entry


def _where(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(step) for step in first['loc'][2:]) or 'entry'}: {first['msg']}"
