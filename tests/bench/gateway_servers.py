# SPDX-License-Identifier: Apache-2.0
"""The servers that bench_gateway.py compares; each prints its port and serves until it is terminated.

asgi          the ceiling: parses the JSON and answers, nothing else
sdk_echo      the MCP SDK's low-level server with one tool, which answers by itself
fast, full    Motet's gateway with and without its fast path: a private broker and COUNT virtual devices, each in a process of
              its own, so that this process is the gateway alone
loopback      Motet's with 100 devices simulated in the process: what a broker and its client add is the difference
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
from tests.support.virtual_devices import TOOLS, answered

from motet.bus import Bus, broker
from motet.config import Limits
from motet.fleet import Fleet
from motet.gateway.app import GatewayApp
from motet.gateway.options import Options
from motet.gateway.server import bind, run, serve
from motet.observe import Metrics

ROOT = Path(__file__).resolve().parents[2]


async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
    request = json.loads((await receive())["body"])
    result = answered(request["params"])
    body = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}, separators=(",", ":")).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def sdk_echo() -> ASGIApp:
    async def call(_ctx: Any, params: CallToolRequestParams) -> dict[str, Any]:
        return answered({"arguments": params.arguments or {}})

    server: Server[Any] = Server("echo", get_tool_input_schema=lambda _name: TOOLS[0]["inputSchema"])
    server.add_request_handler("tools/call", CallToolRequestParams, call)
    return server.streamable_http_app(json_response=True, stateless_http=True)


async def serve_bare(app: ASGIApp, lifespan: Any) -> None:
    sock = bind("127.0.0.1", 0)
    config = uvicorn.Config(app, http="httptools", ws="none", lifespan=lifespan, log_level="warning", access_log=False)
    print(json.dumps({"port": sock.getsockname()[1]}), flush=True)
    await uvicorn.Server(config).serve([sock])


async def serve_gateway(fleet: Fleet, fast: bool, **said: Any) -> None:
    # Limits that are looked at and not met.
    options = Options(
        port=0, drain_s=1, fast_path=fast, limits=Limits(caller_per_s=1e6, caller_burst=1_000_000, device_per_s=1e6)
    )
    app = GatewayApp(fleet, Metrics(), options)
    await serve(app, options, lambda url: print(json.dumps({"port": urlsplit(url).port, **said}), flush=True))


async def serve_loopback(_count: int) -> None:
    await serve_gateway(await loopback_fleet(100, TOOLS, answered), True)


async def serve_behind_broker(count: int, fast: bool) -> None:
    with broker.start() as engine:
        program = [sys.executable, "-m", "tests.support.virtual_devices", engine.url, "bench", str(count)]
        with subprocess.Popen(program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as devices:
            bus = await Bus.connect(engine.url, "bench-gateway")
            fleet = Fleet(bus, "bench")
            await fleet.start()
            await tools_known(fleet, count)
            await serve_gateway(fleet, fast, devices=devices.pid, broker=engine.kind)
            await fleet.close()
            await bus.close()
            devices.communicate()


SERVERS = {
    "asgi": lambda _count: serve_bare(asgi, "off"),
    "sdk_echo": lambda _count: serve_bare(sdk_echo(), "on"),
    "loopback": serve_loopback,
    "fast": lambda count: serve_behind_broker(count, True),
    "full": lambda count: serve_behind_broker(count, False),
}

if __name__ == "__main__":
    run(SERVERS[sys.argv[1]](int(sys.argv[2])))
