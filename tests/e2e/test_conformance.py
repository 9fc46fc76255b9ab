# SPDX-License-Identifier: Apache-2.0
"""A short leg of the official conformance suite, and the MCP inspector as a second client; `make conformance` runs all legs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from conformance import results, suite, world  # noqa: E402

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(180)]
REVISION = "2026-07-28"


@contextlib.asynccontextmanager
async def served():
    if not suite.PACKAGE.is_dir():
        pytest.skip("the suite is missing: .venv/bin/python tools/fetch.py conformance")
    with world.core() as line:
        async with world.gateway(line) as url:
            yield url


async def test_the_newest_revision_and_its_tasks_pass_through_gateway_broker_and_device_core(tmp_path):
    async with served() as url:
        await suite.server(url, REVISION, tmp_path / "out")
    leg = results.read("gateway", REVISION, "server", tmp_path / "out")
    assert (len(leg.good(leg.scored)), leg.wrong) == (37, {})
    assert sum(name.startswith("tasks-") for name in leg.good(leg.others)) == 10


async def inspected(url, *arguments):
    """The inspector's answer to one command."""
    program = suite.MODULES / "@modelcontextprotocol/inspector/package.json"
    start = program.parent / json.loads(program.read_text())["bin"]["mcp-inspector"]
    command = [suite.node(), str(start), "--cli", url, "--transport", "http", *arguments, "--format", "json"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return json.loads(out)


async def test_the_inspector_lists_calls_and_reads_in_both_eras():
    async with served() as url:
        tools = await inspected(url, "--protocol-era", "legacy", "--method", "tools/list")
        assert "greet" in [tool["name"] for tool in (tools.get("result") or tools)["tools"]]
        call = ["--method", "tools/call", "--tool-name", "greet", "--tool-arg", "name=board"]
        answer = await inspected(url, "--protocol-era", "modern", *call)
        assert (answer.get("result") or answer)["content"][0]["text"] == "Hello, board!"
        answer = await inspected(url, "--protocol-era", "modern", "--method", "resources/read", "--uri", "test://static-text")
        assert "static text" in (answer.get("result") or answer)["contents"][0]["text"]
