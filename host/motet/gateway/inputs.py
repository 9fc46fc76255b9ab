# SPDX-License-Identifier: Apache-2.0
"""What a device wants of the client before it answers (MCP 2026-07-28, multi round-trip requests).

A client of 2026-07-28 is told in the result and asks again with its answers; a client of an older revision is sent the
requests that this revision has for it, while its own request waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.message import ServerMessageMetadata
from pydantic import BaseModel, ValidationError

from motet.gateway import errors
from motet.wire import Json

Context = ServerRequestContext[Any, Any]

# The capability that answering takes, the request and its result.
_KINDS: dict[str, tuple[str, type[Any], type[BaseModel]]] = {
    "elicitation/create": ("elicitation", types.ElicitRequest, types.ElicitResult),
    "sampling/createMessage": ("sampling", types.CreateMessageRequest, types.CreateMessageResult),
    "roots/list": ("roots", types.ListRootsRequest, types.ListRootsResult),
}
MOST_REQUESTS = 16


def wanted(result: Json, device: str, label: str) -> dict[str, Json]:
    """The input requests of a device's answer by key. Raises MCPError for an answer that is none."""
    try:
        types.InputRequiredResult.model_validate(result, by_name=False)
    except ValidationError:
        raise errors.bad_answer(device, label) from None
    requests: dict[str, Json] = result.get("inputRequests") or {}
    if len(requests) > MOST_REQUESTS or any(one.get("method") not in _KINDS for one in requests.values()):
        raise errors.bad_answer(device, label)
    return requests


def capabilities(ctx: Context) -> Json:
    """What the client of a request can be asked for, as it declared."""
    declared = ctx.session.client_capabilities
    given = {} if declared is None else declared.model_dump(by_alias=True, exclude_none=True)
    return {name: {} for name, *_ in _KINDS.values() if name in given}


def check_declared(ctx: Context, requests: Mapping[str, Json], label: str) -> None:
    """Raises MCPError (-32021) when the client has not declared that it can answer all of them."""
    able = capabilities(ctx)
    missing: Json = {name: {} for one in requests.values() if (name := _KINDS[one["method"]][0]) not in able}
    if missing:
        raise errors.missing_capability(label, missing)


async def ask_client(ctx: Context, requests: Mapping[str, Json], timeout_s: float) -> dict[str, Json]:
    """The answers of a client of an older revision, by key; its refusal of one ends it all. Raises MCPError."""
    answers: dict[str, Json] = {}
    for key, one in requests.items():
        _, request_type, result_type = _KINDS[one["method"]]
        request = request_type.model_validate({"params": {}, **one}, by_name=False)
        # On the stream of the request that it belongs to.
        related = ServerMessageMetadata(related_request_id=ctx.request_id)
        answer = await ctx.session.send_request(request, result_type, timeout_s, related)
        answers[key] = answer.model_dump(by_alias=True, mode="json", exclude_none=True)
    return answers
