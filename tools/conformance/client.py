#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program that the suite's client scenarios run: the gateway's own client, told by the environment what to do.

It lists what the server has, calls each tool with arguments that fit its schema, and says yes to everything.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import mcp_types as types
from mcp import Client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull
from mcp.shared.exceptions import MCPError

from motet.gateway import remote

REDIRECT = "http://localhost:3000/callback"
METADATA = "https://conformance-test.local/client-metadata.json"
PROTOCOL = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION", "2026-07-28")
SCENARIO = os.environ.get("MCP_CONFORMANCE_SCENARIO", "")
CONTEXT: dict[str, Any] = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT", "{}"))


async def consent(address: str) -> AuthorizationCodeResult:
    """The user's consent, which the suite's authorization server gives at once."""
    async with httpx2.AsyncClient() as http:
        answer = await http.get(address, follow_redirects=False)
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    one = {name: values[0] for name, values in query.items()}
    return AuthorizationCodeResult(code=one["code"], state=one.get("state"), iss=one.get("iss"))


def login() -> remote.Login:
    """With what the context says was registered beforehand."""
    client = None
    if "client_id" in CONTEXT:
        secret = CONTEXT.get("client_secret")
        known = {"client_id": CONTEXT["client_id"], "client_secret": secret, "redirect_uris": [REDIRECT]}
        method = "client_secret_basic" if secret else "none"
        client = OAuthClientInformationFull.model_validate({**known, "token_endpoint_auth_method": method})
    return remote.Login(consent, REDIRECT, METADATA, remote.Tokens(client))


async def elicit(_context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
    """Accept, with each field's default or something that fits."""
    schema = getattr(params, "requested_schema", None) or {}
    return types.ElicitResult(action="accept", content=arguments(dict(schema), optional=True))


def arguments(schema: dict[str, Any], optional: bool = False) -> dict[str, Any]:
    """Values for an object's required properties, or all of them."""
    properties = schema.get("properties", {})
    wanted = properties if optional else schema.get("required", ())
    return {name: value(properties.get(name, {})) for name in wanted}


def value(schema: dict[str, Any]) -> Any:
    """One that fits."""
    if "default" in schema:
        return schema["default"]
    if schema.get("enum"):
        return schema["enum"][0]
    return {"integer": 5, "number": 5, "boolean": True, "array": [], "object": {}}.get(str(schema.get("type")), "text")


async def use(client: Client) -> None:
    """Everything the server has, once."""
    tools = await remote.tools(client)
    given = CONTEXT.get("toolCalls") or [{"name": tool.name, "arguments": arguments(tool.input_schema)} for tool in tools]
    for call in given:
        await tried(client.call_tool(call["name"], call["arguments"]))
    abilities = client.server_capabilities
    if abilities is not None and abilities.resources is not None:
        for resource in (await client.list_resources()).resources:
            await tried(client.read_resource(resource.uri))
    if abilities is not None and abilities.prompts is not None:
        for prompt in (await client.list_prompts()).prompts:
            await tried(client.get_prompt(prompt.name, {one.name: "text" for one in prompt.arguments or ()}))


async def tried(work: Any) -> None:
    """What a server refuses is its business."""
    try:
        await work
    except MCPError as error:
        print(f"refused: {error}", file=sys.stderr)


async def main(url: str) -> None:
    auth = login() if SCENARIO.startswith("auth/") else None
    # All scenarios run at once: on a small machine an answer may take long.
    async with remote.connected(url, auth, elicit, timeout_s=150) as client:
        await use(client)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[-1]))
