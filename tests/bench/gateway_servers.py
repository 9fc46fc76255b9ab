# SPDX-License-Identifier: Apache-2.0
"""The servers that bench_gateway.py compares; each prints its port and serves until it is terminated.

asgi      the ceiling: parses the JSON and answers, nothing else
sdk_echo  the MCP SDK's low-level server with one tool
gateway   Motet's, with devices simulated in the process
mqtt      Motet's, with a device in another process behind a private broker
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from mcp.server.lowlevel import Server
from mcp_types import CallToolRequestParams
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.support.loopback import loopback_fleet, tools_known

from motet.bus import Bus, broker
from motet.fleet import Fleet
from motet.gateway.app import GatewayApp
from motet.gateway.options import Options
from motet.gateway.server import bind, run, serve
from motet.observe import Metrics

DEVICES = 100
ROOT = Path(__file__).resolve().parents[2]
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}, "label": {"type": "string"}},
    "required": ["a", "b"],
}

TOOLS = [{"name": "math.add", "description": "Add two integers.", "inputSchema": SCHEMA}]


def add(arguments: dict[str, Any]) -> dict[str, Any]:
    total = arguments["a"] + arguments["b"]
    content = [{"type": "text", "text": json.dumps({"result": total})}]
    return {"resultType": "complete", "content": content, "structuredContent": {"result": total}}


async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
    request = json.loads((await receive())["body"])
    result = add(request["params"]["arguments"])
    body = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def sdk_echo() -> ASGIApp:
    async def call(_ctx: Any, params: CallToolRequestParams) -> dict[str, Any]:
        return add(params.arguments or {})

    server: Server[Any] = Server("echo", get_tool_input_schema=lambda _name: SCHEMA)
    server.add_request_handler("tools/call", CallToolRequestParams, call)
    return server.streamable_http_app(json_response=True, stateless_http=True)


async def serve_bare(app: ASGIApp, lifespan: Any) -> None:
    sock = bind("127.0.0.1", 0)
    config = uvicorn.Config(app, http="httptools", ws="none", lifespan=lifespan, log_level="warning", access_log=False)
    print(sock.getsockname()[1], flush=True)
    await uvicorn.Server(config).serve([sock])


async def serve_gateway(fleet: Fleet) -> None:
    options = Options(port=0, drain_s=1)
    await serve(GatewayApp(fleet, Metrics(), options), options, lambda url: print(urlsplit(url).port, flush=True))


async def serve_loopback() -> None:
    await serve_gateway(await loopback_fleet(DEVICES, TOOLS, lambda params: add(params["arguments"])))


async def serve_mqtt() -> None:
    with broker.start() as engine:
        device = [sys.executable, "-m", "tests.support.sim_device", engine.url, "bench", "device1"]
        with subprocess.Popen(device, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE):
            bus = await Bus.connect(engine.url, "bench-gateway")
            fleet = Fleet(bus, "bench")
            await fleet.start()
            await tools_known(fleet, 1)
            await serve_gateway(fleet)
            await bus.close()


SERVERS = {
    "asgi": lambda: serve_bare(asgi, "off"),
    "sdk_echo": lambda: serve_bare(sdk_echo(), "on"),
    "gateway": serve_loopback,
    "mqtt": serve_mqtt,
}

if __name__ == "__main__":
    run(SERVERS[sys.argv[1]]())
