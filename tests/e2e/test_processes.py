# SPDX-License-Identifier: Apache-2.0
"""Emulator, bridge and a stdio server as processes of their own, joined by the broker of a running system."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import contextmanager

import pytest
from mcp import Client, StdioServerParameters
from tests.support.system import MOTET, STOP_S, System
from tests.support.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.board]
DEVICE = "press-1"


@contextmanager
def process(*arguments, cwd):
    """A `motet` command that runs until it is stopped; the block's end must find it willing to."""
    running = subprocess.Popen([*MOTET, *arguments], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield running
    finally:
        running.send_signal(signal.SIGINT)
        try:
            running.communicate(timeout=STOP_S)
        finally:
            running.kill()
            running.wait()


@contextmanager
def board_behind_its_own_bridge(system, folder):
    """`motet emulate` and `motet bridge` beside `system`."""
    with process("emulate", "stm32f405", "--json", cwd=folder) as emulator:
        uart = json.loads(emulator.stdout.readline())["url"]
        with process("bridge", uart, "--broker", system.facts["broker"], "--id", DEVICE, cwd=folder):
            yield


def tools_of(system, device):
    return [tool["name"] for tool in system.json("tools", device)]


async def test_a_board_behind_a_bridge_of_its_own_is_served_over_http_and_stdio(tmp_path):
    with System(tmp_path) as system, board_behind_its_own_bridge(system, tmp_path):
        await until(lambda: f"{DEVICE}.vitals.read" in tools_of(system, DEVICE), "the board's tools", 60)
        environment = {"MOTET_BROKER__URL": system.facts["broker"], "PATH": "/usr/bin:/bin"}
        server = StdioServerParameters(command=MOTET[0], args=[*MOTET[1:], "mcp"], env=environment, cwd=tmp_path)
        async with Client(server) as client:
            result = await client.call_tool(f"{DEVICE}.vitals.read", {})
        assert result.structured_content["board"] == "stm32f405"


async def test_a_device_whose_bridge_is_stopped_goes_offline_and_loses_its_tools(tmp_path):
    with System(tmp_path) as system:
        with board_behind_its_own_bridge(system, tmp_path):
            await until(lambda: tools_of(system, DEVICE), "the board's tools", 60)
        await until(lambda: not tools_of(system, DEVICE), "the tools to go", 30)
        (device,) = system.json("devices")
        assert (device["id"], device["online"]) == (DEVICE, False)


def test_stdio_without_a_broker_says_what_to_set(tmp_path):
    done = subprocess.run([*MOTET, "mcp"], cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "broker.url" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_emulator_that_is_stopped_leaves_neither_qemu_nor_files_behind(tmp_path, number):
    running = subprocess.Popen(
        [*MOTET, "emulate", "stm32f405", "--json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    qemu = json.loads(running.stdout.readline())["pid"]
    running.send_signal(number)
    running.communicate(timeout=STOP_S)
    assert not os.path.exists(f"/proc/{qemu}")
    assert list(tmp_path.iterdir()) == []
