# SPDX-License-Identifier: Apache-2.0
"""A device that answers MCP by itself, on CPython and as the edge node: on standard input and output, and on a serial line."""

from __future__ import annotations

import asyncio
import json
import os
import select
import subprocess
import sys
import time
import tty
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from motet_native.frame import Link
from tests.support.stdio_talk import request

from motet_core.port import HELLO, PRESENCE, REPLY
from motet_core.port_stdio import StdioPort
from motet_core.wire import hello, packed, presence

VITALS = request("tools/call", 7, name="vitals.read", arguments={})
_DEEP = request("tools/list", 1, a="deep")


def answers(command: list[str], *lines: str | dict[str, Any]) -> list[dict[str, Any]]:
    """What it says to these lines before it ends."""
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    done = subprocess.run([*command, "--stdio"], input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_reference_client_lists_and_calls_tools(command, mode):
    server = stdio_client(StdioServerParameters(command=command[0], args=[*command[1:], "--stdio"]))
    async with Client(server, mode=mode) as client:
        assert "sensors.read" in [tool.name for tool in (await client.list_tools()).tools]
        result = await client.call_tool("sensors.read", {"sensor": "digit_camera"})
        assert not result.is_error
        result = await client.call_tool("sensors.read", {"sensor": "none"})
        assert result.is_error
        assert "expected one of" in result.content[0].text


def test_all_that_came_is_answered_before_it_ends(command):
    calls = [VITALS | {"id": number} for number in range(4)]
    assert sorted(answer["id"] for answer in answers(command, *calls)) == [0, 1, 2, 3]


def test_a_last_line_without_an_end_counts(command):
    done = subprocess.run([*command, "--stdio"], input=json.dumps(VITALS), capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout)["id"] == 7


@pytest.mark.parametrize("revision", ["2025-11-25", "2024-11-05"])
def test_a_handshake_of_an_earlier_revision_is_answered_in_it(command, revision):
    (answer,) = answers(command, {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": revision}})
    assert answer["result"]["protocolVersion"] == revision


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("nonsense", -32700),
        ("[1]", -32600),
        ('"text"', -32600),
        ("{}", -32600),
        ('{"jsonrpc": "1.0", "id": 1, "method": "ping2"}', -32600),
        ('{"jsonrpc": "2.0", "id": {}, "method": "tools/list"}', -32600),
        ('{"jsonrpc": "2.0", "id": true, "method": "tools/list"}', -32600),
        ('{"jsonrpc": "2.0", "id": "' + "x" * 65 + '", "method": "tools/list"}', -32600),
        (json.dumps(request("no/such", 1)), -32601),
        ('{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": []}', -32602),
        (json.dumps(request("tools/call", 1, name=5)), -32602),
        (json.dumps(_DEEP).replace('"deep"', "[" * 40 + "]" * 40), -32600),
        ("[" * 200_000, -32700),
        (json.dumps(request("tools/list", 1, x="y" * 70000)), -32600),
    ],
)
def test_a_bad_line_is_answered_with_its_code_and_the_next_one_works(command, line, code):
    bad, good = answers(command, line, VITALS)
    assert bad["error"]["code"] == code
    assert good["id"] == 7 and not good["result"]["isError"]


def test_a_line_without_end_is_refused_once_and_skipped(command):
    bad, good = answers(command, "x" * 600_000, VITALS)
    assert (bad["error"]["code"], good["id"]) == (-32600, 7)


@pytest.mark.parametrize("field", ["method", "params"])
def test_half_of_a_character_is_an_error_and_no_end(field):
    # MicroPython takes it for three bytes like others.
    bad = request("tools/\ud800", 1) if field == "method" else request("tools/list", 1, a="\ud800")
    refused, good = answers([sys.executable, "-m", "motet_core"], bad, VITALS)
    assert (refused["error"]["code"], good["id"]) == (-32600, 7)


def test_a_number_that_json_does_not_have_is_null(capsys):
    async def say() -> None:
        await StdioPort(1 << 16, "x").send(REPLY, packed.dumps(told))

    told = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"value": float("nan"), "of": [float("-inf"), 1.5]}}
    asyncio.run(say())
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail)["params"] == {"value": None, "of": [None, 1.5]}


def test_an_id_that_is_open_is_refused(command):
    first, second = answers(command, VITALS, VITALS)
    assert sorted("error" in answer for answer in (first, second)) == [False, True]


def presence_over(line: int) -> dict[str, Any]:
    """Says hello on a serial line until the device shows itself."""
    link, deadline, greeted = Link(mtu=512), time.monotonic() + 20, False
    while time.monotonic() < deadline:
        now = int(time.monotonic() * 1000)
        if link.established and not greeted:
            greeted = link.send(HELLO, hello.encode(time_ms=1_800_000_000_000, nonce=b"8 bytes!"))
        os.write(line, link.output(now))
        if select.select([line], [], [], 0.05)[0]:
            link.feed(os.read(line, 4096), now)
        while message := link.recv():
            if message[0] == PRESENCE:
                return dict(presence.decode(message[1]))
    raise AssertionError("the device sent no presence")


def test_it_serves_a_serial_line(command):
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    process = subprocess.Popen([*command, "--serial", os.ttyname(theirs), "--id", "node-2"], stderr=subprocess.PIPE)
    try:
        assert presence_over(ours)["id"] == "node-2"
    finally:
        process.kill()
        process.communicate()
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("options", [["--serial", "/nonexistent/tty"], ["--serial", "/dev/null", "--baud", "12345"]])
def test_a_line_that_cannot_be_opened_ends_it_with_a_reason(command, options):
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "motet_core:" in done.stderr
