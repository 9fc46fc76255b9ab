# SPDX-License-Identifier: Apache-2.0
"""Messages on standard input that are too long: not kept, answered by their id, and what comes behind them is served."""

from __future__ import annotations

import asyncio
import json
import os
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.mcp_http import modern_body

from motet.gateway.longlines import LongLines

pytestmark = pytest.mark.anyio


def fed(pieces, most=20):
    told = []
    lines = LongLines(most, told.append)
    passed = b"".join(lines.feed(piece) for piece in pieces)
    return passed, lines.rest(), told


@given(st.lists(st.text(alphabet="ab\n", max_size=30).map(str.encode), max_size=12))
@settings(derandomize=True, max_examples=300, deadline=None)
def test_however_input_comes_in_pieces_whole_lines_pass_and_long_ones_do_not(pieces):
    passed, rest, told = fed(pieces)
    *whole, begun = b"".join(pieces).split(b"\n")
    assert passed == b"".join(line + b"\n" for line in whole if len(line) <= 20)
    assert rest == (begun if len(begun) <= 20 else b"")
    assert told == [None] * sum(len(line) > 20 for line in whole)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":"%s"}}', 7),
        ('{"jsonrpc": "2.0", "id": "seven", "method": "x", "params": {"a": "%s"}}', "seven"),
        ('{"id":7,"jsonrpc":"2.0","params":{"a":"%s","id":8}}', 7),
        ('{"method":"x","params":{"a":"%s"},"jsonrpc":"2.0","id":7}', 7),
        ('{"method":"x","params":{"a":"%s"},"id":"e","jsonrpc":"2.0"}', "e"),
        ('{"method":"x","params":{"a":"%s","id":8}}', None),
        ('{"method":"x","params":{"a":"%s"},"id":null}', None),
        ('{"method":"x","params":{"a":"%s"},"id":"\\x"}', None),
        ("%s", None),
    ],
)
def test_the_id_of_a_long_line_is_found_where_clients_write_it_and_never_in_its_params(line, found):
    data = (line % ("y" * 5000)).encode() + b"\n"
    for size in (1, 7, 10_000):
        assert fed((data[at : at + size] for at in range(0, len(data), size)), most=600) == (b"", b"", [found])


async def test_ten_megabytes_on_stdio_are_a_typed_error_and_the_next_message_is_served():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "tests.support.gateway_program", "stdio")
    child = await asyncio.create_subprocess_exec(*command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        async with asyncio.timeout(60):
            for number, text in ((1, "x" * 10_000_000), (2, 2)):
                call = {**modern_body("tools/call", name="pump.math.add", arguments={"a": 1, "b": text}), "id": number}
                child.stdin.write(json.dumps(call).encode() + b"\n")
                await child.stdin.drain()
            told = {one["id"]: one for one in [json.loads(await child.stdout.readline()) for _ in range(2)]}
            child.stdin.close()
            await child.wait()
        assert told[1]["error"] == {"code": -32056, "message": "a message larger than 1048576 bytes"}
        assert told[2]["result"]["structuredContent"] == {"result": 3}
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
