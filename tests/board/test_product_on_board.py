# SPDX-License-Identifier: Apache-2.0
"""The product's image on an emulated board: who it says it is, what it needs, that it survives its host."""

import contextlib
from pathlib import Path
from typing import Any

import figures
import pytest
from client import Client
from wire import Wire

from motet import boards
from motet.boards_budgets import exceeded
from motet.emulate import Emulator, Machine

pytestmark = pytest.mark.board


@pytest.mark.on_twins
def test_the_image_keeps_the_budget_of_its_board(board: boards.Board, image: dict[str, Any]) -> None:
    assert board.budgets and exceeded(board.budgets, image) == []


@pytest.mark.on_twins
def test_a_hello_is_answered_with_the_boards_presence(product: Machine) -> None:
    with Wire(product.port) as wire:
        record = Client(wire).presence
    assert (record["board"], record["id"], record["reset_reason"]) == (product.board.name, "b1", "power_on")


@pytest.mark.on_twins
def test_tools_are_listed_and_one_is_called(product: Machine) -> None:
    with Wire(product.port) as wire:
        client = Client(wire)
        names = [tool["name"] for tool in client.call("tools/list")["tools"]]
        assert {"vitals.read", "sensors.list", "sensors.read"} <= set(names)
        assert client.tool("vitals.read")["board"] == product.board.name


@pytest.mark.on_twins
@pytest.mark.qemu_only("counts instructions")
def test_it_boots_within_its_instructions_and_sleeps_when_nobody_calls(
    board: boards.Board, image: dict[str, Any], tmp_path: Path
) -> None:
    with contextlib.closing(Emulator(board, firmware=Path(str(image["elf"])), log=tmp_path / "qemu.log")) as emulator:
        measured: dict[str, float] = {**figures.boot(emulator)}
        with Wire(emulator.port) as wire:
            wire.until(lambda: wire.link.established)
            measured |= figures.idle(emulator, wire, seconds=0.5)
    limits = board.budget
    assert limits and limits.boot_instructions and limits.idle_percent and board.budgets
    assert exceeded(board.budgets, measured) == []


@pytest.mark.on_twins
def test_the_heap_that_the_budget_asks_for_is_free_with_the_link_up(product: Machine) -> None:
    with Wire(product.port) as wire:
        vitals = Client(wire).tool("vitals.read")
    assert product.board.budget and vitals["heap_free"] >= product.board.budget.heap_free


@pytest.mark.qemu_only("a billion instructions")
def test_200_calls_leave_no_garbage_behind(product: Machine) -> None:
    with Wire(product.port) as wire:
        client = Client(wire)
        before = [client.tool("vitals.read")["heap_free"] for _ in range(20)][-1]
        after = [client.tool("vitals.read")["heap_free"] for _ in range(200)][-1]
    assert after >= before - 1024


def test_a_killed_board_answers_again_after_a_restart(product: Machine) -> None:
    with Wire(product.port) as wire:
        Client(wire).tool("vitals.read")
        product.restart()
    with Wire(product.port) as wire:
        assert Client(wire, nonce=b"another!").tool("vitals.read")["uptime_ms"] < 60_000


def test_the_reset_button_starts_the_product_anew_and_is_told_from_a_power_on(product: Machine) -> None:
    with Wire(product.port) as wire:
        Client(wire)
        product.reset()
        wire.until(lambda: wire.link.resets and wire.link.established, "new session")
    with Wire(product.port) as wire:
        assert Client(wire, nonce=b"another!").presence["reset_reason"] == "external"
