# SPDX-License-Identifier: Apache-2.0
"""An upload on its way to a device: a stream of records, whose last one says how it ended."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
from component_board import Board, Json
from component_modules import VOTE

from motet.components.admission import STEPS
from motet.components.deploy import deploy
from motet.components.packages import read

JUNK = base64.b64encode(b"junk").decode()


async def records(board: Board, upload: Any) -> list[Json]:
    return [record async for record in deploy(board, "board1", upload)]


def test_an_upload_is_deployed_as_a_stream_of_records() -> None:
    board = Board()
    told = asyncio.run(records(board, read(VOTE).upload()))
    assert told[0] == {"step": "size", "done": 1, "total": len(STEPS)}
    assert told[-1]["installed"]["name"] == "vote"
    assert told[-1]["derivation"]["steps"][-1]["digest"] == told[-1]["installed"]["digest"]
    json.dumps(told)
    assert ("component", "vote") in board.artifacts


@pytest.mark.parametrize(
    ("upload", "words"),
    [
        ({"kind": "component"}, "the upload is refused"),
        ({"kind": "component", "manifest": (VOTE / "Component.toml").read_text(), "content": JUNK}, "refused by rule 'format'"),
        ({"kind": "model", "name": "m", "content": JUNK}, "not a TensorFlow Lite file"),
    ],
)
def test_a_refused_upload_ends_in_one_error_record_and_reaches_no_device(upload: Json, words: str) -> None:
    board = Board()
    told = asyncio.run(records(board, upload))
    assert words in told[-1]["error"]
    assert board.calls == []


def test_what_cannot_fit_the_devices_board_is_refused_before_it_is_sent() -> None:
    board, upload = Board(), read(VOTE).upload()
    upload["manifest"] = upload["manifest"].replace("memory = 2048", "memory = 200000")
    told = asyncio.run(records(board, upload))
    assert "rule 'budget'" in told[-1]["error"] and "131072" in told[-1]["error"]
    assert board.calls == []


def test_closing_the_stream_cancels_the_installation() -> None:
    async def scenario() -> Board:
        board = Board()
        stream = deploy(board, "board1", read(VOTE).upload())
        async for record in stream:
            if record["step"] == "sending":
                break
        await stream.aclose()
        return board

    assert not asyncio.run(scenario()).artifacts


def test_a_fault_of_the_gateway_itself_ends_in_an_error_record_too(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Board):
        async def call(self, *_: Any, **__: Any) -> Any:
            raise ZeroDivisionError

    told = asyncio.run(records(Broken(), read(VOTE).upload()))
    assert told[-1] == {"error": "the gateway failed to install it; its log says why"}
    assert "ZeroDivisionError" in caplog.text
