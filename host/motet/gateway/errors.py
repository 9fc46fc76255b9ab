# SPDX-License-Identifier: Apache-2.0
"""How failed tool calls reach the client; `docs/errors.md` holds the whole table.

A call that the device carried out, or refused because of its arguments, is a *result* (with isError), for the model to
read. A call that could not be carried out is a JSON-RPC *error*, whose data names device and tool.
"""

from __future__ import annotations

import logging
import math
from typing import Any

from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS, ErrorData
from mcp_types.jsonrpc import MISSING_REQUIRED_CLIENT_CAPABILITY
from starlette.responses import JSONResponse

from motet.fleet import BadAnswer, BusDown, DeviceOffline, DeviceRestarted, DeviceTimeout, FleetError, RpcError
from motet.fleet.errors import BAD_ANSWER
from motet.gateway.limits import SOON_S, Shed
from motet.gateway.turns import Crowded, TooLate, TooOften
from motet.gateway.views import BadView
from motet.observe import redact
from motet_core.errors import BUSY, DENIED, EXPIRED

log = logging.getLogger(__name__)

DEVICE_OFFLINE = -32060
DEVICE_TIMEOUT = -32061
DEVICE_RESTARTED = -32062
BUS_DOWN = -32064
STOPPING = -32065
LIMITED = -32066
OVERLOADED = -32067
BAD_VIEW = -32068

_CODES: dict[type[FleetError], int] = {
    DeviceOffline: DEVICE_OFFLINE,
    DeviceTimeout: DEVICE_TIMEOUT,
    DeviceRestarted: DEVICE_RESTARTED,
    BusDown: BUS_DOWN,
}

# The device did not answer; it may or may not have done what it was asked for.
AWAY = (DEVICE_OFFLINE, DEVICE_TIMEOUT, DEVICE_RESTARTED, BUS_DOWN, BUSY)

# Errors that are a matter of load have an HTTP status of their own.
HTTP_STATUS = {LIMITED: 429, OVERLOADED: 503, BUSY: 503}
_AFTER = "retryAfter"

# What the metrics call a call that ended so; any other code is an error the device gave.
OUTCOMES = {
    DEVICE_OFFLINE: "offline",
    DEVICE_TIMEOUT: "timeout",
    DEVICE_RESTARTED: "restarted",
    BAD_ANSWER: "bad_answer",
    BUSY: "busy",
    BUS_DOWN: "bus_down",
    INTERNAL_ERROR: "internal",
}

_SHOWN = 300


def unknown_tool(name: str) -> MCPError:
    """MCP 2026-07-28, server/tools: a tool that does not exist is a protocol error."""
    return MCPError(INVALID_PARAMS, f"Unknown tool: {shorten(name)}")


def tool_error(sentence: str) -> dict[str, Any]:
    """A result that tells the model what was wrong with its call."""
    return {"resultType": "complete", "isError": True, "content": [{"type": "text", "text": sentence}]}


def offline(device: str, tool: str) -> MCPError:
    """The device is known, but not there."""
    return _error(DEVICE_OFFLINE, f"device {device} is offline", device, tool)


def denied(device: str, tool: str, reason: str) -> MCPError:
    """The gateway's policy does not allow the call."""
    return _error(DENIED, f"the call is not allowed: {reason}", device, tool)


def stopping(device: str, tool: str) -> MCPError:
    """The gateway was told to end."""
    return _error(STOPPING, "the gateway is stopping; the call was withdrawn", device, tool)


def shed(refused: Shed) -> MCPError:
    """Nothing was done for the request; it may come again after a while."""
    data = {_AFTER: _seconds(refused.retry_after_s), "limit": refused.limit}
    return MCPError(LIMITED if refused.caller else OVERLOADED, f"{refused.message}; try again later", data)


def retry_after(error: ErrorData) -> int:
    """Whole seconds to wait before a request that ended with `error`, one of HTTP_STATUS, is worth repeating (RFC 9110)."""
    told = error.data.get(_AFTER) if isinstance(error.data, dict) else None
    return max(1, math.ceil(told if isinstance(told, int | float) else SOON_S))


def bad_answer(device: str, tool: str) -> MCPError:
    """The device answered with something that is no result of what it was asked."""
    return _error(BAD_ANSWER, f"device {device} answered with something that is no result", device, tool)


def busy(device: str, tool: str) -> MCPError:
    """Too much is under way already."""
    return _error(BUSY, "too many tasks are open already", device, tool)


def uncertain(device: str, tool: str, why: str) -> MCPError:
    """The call was with the device and no answer came: doing it again could do it twice."""
    return _error(DEVICE_TIMEOUT, f"nobody knows whether device {device} did it: {why}", device, tool)


def outdated(device: str, tool: str) -> MCPError:
    """The call waited for the device longer than it was wanted."""
    return _error(EXPIRED, f"device {device} did not come back in time; the call was not made", device, tool)


def too_slow(device: str, tool: str) -> MCPError:
    """The device takes the call as a task, and the client cannot be given one."""
    return _error(DEVICE_TIMEOUT, f"device {device} did not finish in time; a client with tasks could wait for it", device, tool)


def too_many_rounds(device: str, tool: str) -> MCPError:
    """The device asks for input again and again."""
    return _error(BAD_ANSWER, f"device {device} does not stop asking for input", device, tool)


def missing_capability(what: str, required: dict[str, Any]) -> MCPError:
    """The client has not declared what answering it takes; `required`: as in ClientCapabilities."""
    return MCPError(
        MISSING_REQUIRED_CLIENT_CAPABILITY, f"{what} needs a capability of the client", {"requiredCapabilities": required}
    )


def no_resource(uri: str, modern: bool) -> MCPError:
    """MCP 2026-07-28, server/resources: invalid params; before, a code of its own."""
    return MCPError(INVALID_PARAMS if modern else -32002, "Resource not found", {"uri": shorten(uri)})


def unknown_prompt(name: str) -> MCPError:
    """MCP 2026-07-28, server/prompts."""
    return MCPError(INVALID_PARAMS, f"Unknown prompt: {shorten(name)}")


def bad_view(error: BadView) -> JSONResponse:
    """The answer to an HTTP request for a view that is none, whatever it asks: an error without an id."""
    told = {"code": BAD_VIEW, "message": shorten(str(error)), "data": {"view": error.name}}
    # What is left of the request is not read.
    headers = {"connection": "close"}
    return JSONResponse({"jsonrpc": "2.0", "id": None, "error": told}, error.status, headers=headers)


def from_fleet(error: Exception, device: str, tool: str) -> MCPError:
    """The JSON-RPC error for what the fleet raised; anything it should not raise goes to the log, not to the client."""
    if isinstance(error, RpcError):
        message = error.message if isinstance(error, BadAnswer) else f"device {device}: {error.message}"
        return _error(error.code, message, device, tool, error.data)
    if isinstance(error, Crowded):
        return _again(f"device {device} is busy and too many calls wait for it already", device, tool)
    if isinstance(error, TooOften):
        return _again(f"device {device} is asked too often", device, tool, error.retry_after_s)
    if isinstance(error, TooLate):
        return _error(DEVICE_TIMEOUT, f"device {device} was busy; the call did not get its turn in time", device, tool)
    if isinstance(error, FleetError):
        return _error(_CODES[type(error)], error.message, device, tool)
    log.error("a call of %s failed inside the gateway", tool, exc_info=error)
    return _error(INTERNAL_ERROR, "the gateway failed to carry out the call; its log says why", device, tool)


def _again(message: str, device: str, tool: str, after_s: float = SOON_S) -> MCPError:
    error = _error(BUSY, message, device, tool)
    error.error.data[_AFTER] = _seconds(after_s)
    return error


def _seconds(after_s: float) -> float:
    return round(after_s, 3)


def _error(code: int, message: str, device: str, tool: str, data: Any = None) -> MCPError:
    details = {"device": device, "tool": shorten(tool)}
    return MCPError(code, shorten(redact(message)), details if data is None else {**details, "details": data})


def shorten(text: str) -> str:
    """Keep text from outside short enough for a message."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
