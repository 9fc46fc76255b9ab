# SPDX-License-Identifier: Apache-2.0
"""`motet views`, and `--view` of the commands that list and call tools, against a gateway over real HTTP."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.support.view_world import serving_views
from typer.testing import CliRunner

from motet.cli.main import app

pytestmark = pytest.mark.anyio


async def run(url, *arguments):
    return await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--gateway", url])


async def test_the_views_are_listed_for_people_and_for_programs():
    async with serving_views() as (url, _):
        listed = await run(url, "views", "--json")
        assert [one["view"] for one in json.loads(listed.stdout)] == ["", "group:presses", "server:line"]
        shown = (await run(url, "views")).stdout
        assert "/mcp/server:line" in shown and "Line 1" in shown


async def test_tools_are_listed_and_called_as_a_view_has_them():
    async with serving_views() as (url, _):
        listed = json.loads((await run(url, "tools", "--view", "server:line", "--json")).stdout)
        assert [tool["name"] for tool in listed][:2] == ["bake.math.add", "bake.vitals.read"]
        called = await run(url, "call", "bake.math.add", '{"a": 1, "b": 2}', "--view", "server:line", "--json")
        assert json.loads(called.stdout)["structuredContent"] == {"result": 3}


async def test_a_view_that_does_not_exist_ends_a_command_with_a_sentence():
    async with serving_views() as (url, _):
        for arguments in (("tools",), ("call", "x.y")):
            ended = await run(url, *arguments, "--view", "group:none")
            assert ended.exit_code == 1
            assert "there is no view 'group:none'" in " ".join(ended.stderr.split())
