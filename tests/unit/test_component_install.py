# SPDX-License-Identifier: Apache-2.0
"""The install client against a device that loses answers, restarts, refuses and lies."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from component_board import Board, Json
from component_modules import RUN, manifest, wat

from motet.components import install as module
from motet.components.admission import Admitted, admit
from motet.components.errors import InstallError
from motet.components.install import install
from motet.fleet import BusDown, DeviceOffline, DeviceRestarted, DeviceTimeout, RpcError
from motet_core import errors as codes


@pytest.fixture(scope="module")
def probe() -> Admitted:
    return admit(wat(RUN), manifest(revision=4))


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY_S", 0.0)


def put(board: Board, item: Any, **options: Any) -> Any:
    return asyncio.run(install(board, "board1", item, **options))


def refusal(board: Board, item: Admitted) -> InstallError:
    with pytest.raises(InstallError) as caught:
        put(board, item)
    assert str(caught.value).startswith("board1: ")
    return caught.value


def test_an_artifact_arrives_whole_and_is_verified(probe: Admitted) -> None:
    board = Board()
    done = put(board, probe)
    assert board.artifacts["component", "probe"]["data"] == probe.artifact
    assert (done.revision, done.size, done.digest, done.sent) == (4, len(probe.artifact), probe.digest.hex(), True)
    assert board.calls == ["artifact.list", "artifact.begin", *["artifact.block"] * 2, "artifact.commit", "artifact.list"]


def test_what_is_there_already_is_not_sent_again(probe: Admitted) -> None:
    board = Board()
    put(board, probe)
    board.calls.clear()
    assert put(board, probe).sent is False
    assert board.calls == ["artifact.list"]


def test_digests_that_came_through_json_are_compared_too(probe: Admitted) -> None:
    board = Board()
    put(board, probe)
    row = board.artifacts["component", "probe"]
    row["digest"] = base64.b64encode(row["digest"]).decode()
    assert put(board, probe).sent is False


@pytest.mark.parametrize("method", ["artifact.list", "artifact.begin", "artifact.block", "artifact.commit"])
@pytest.mark.parametrize("lost", ["request", "answer"])
def test_a_step_that_is_not_answered_in_time_is_repeated(probe: Admitted, method: str, lost: str) -> None:
    late = DeviceTimeout("board1", "did not answer in time")
    board = Board(**{method.replace(".", "_"): [late if lost == "request" else (late,)]})
    assert put(board, probe).sent
    assert board.artifacts["component", "probe"]["data"] == probe.artifact


@pytest.mark.parametrize("method", ["artifact.list", "artifact.begin", "artifact.block", "artifact.commit"])
def test_a_device_that_restarts_meanwhile_gets_everything_again(probe: Admitted, method: str) -> None:
    board = Board(**{method.replace(".", "_"): [None, DeviceRestarted("board1", "restarted")][method != "artifact.list" :]})
    assert put(board, probe).sent
    assert board.artifacts["component", "probe"]["data"] == probe.artifact


def test_a_device_that_keeps_restarting_is_given_up(probe: Admitted) -> None:
    board = Board(artifact_block=[DeviceRestarted("board1", "restarted")] * 9)
    assert "restarted 3 times" in str(refusal(board, probe))


def test_a_device_that_never_answers_is_given_up_with_the_operation(probe: Admitted) -> None:
    board = Board(artifact_block=[DeviceTimeout("board1", "late")] * 9)
    error = refusal(board, probe)
    assert error.operation == "send block at 0 (component probe)"
    assert "late" in error.reason and "tried 3 times" in error.reason
    assert board.calls[-1] == "artifact.abort"


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (codes.NO_MEMORY, "remove an artifact that it no longer needs"),
        (codes.BUSY, "try again"),
        (codes.METHOD_NOT_FOUND, "firmware takes no artifacts"),
        (codes.REFUSED, "revision 4 is older"),
    ],
)
def test_a_refusal_of_the_device_is_told_with_what_to_do(probe: Admitted, code: int, advice: str) -> None:
    said = "revision 4 is older than 5" if code == codes.REFUSED else "needs 9000 bytes, 100 are free"
    error = refusal(Board(artifact_begin=[RpcError("board1", code, said)] * 3), probe)
    assert said in error.reason and advice in error.reason
    assert error.operation.startswith("begin")


@pytest.mark.parametrize("fault", [DeviceOffline("board1", "device board1 is offline"), BusDown("board1", "no broker")])
def test_a_device_out_of_reach_is_told_in_words(probe: Admitted, fault: Exception) -> None:
    assert str(fault) in str(refusal(Board(artifact_list=[fault]), probe))


def test_a_device_that_is_busy_for_a_moment_is_asked_again(probe: Admitted) -> None:
    board = Board(artifact_block=[RpcError("board1", codes.BUSY, "no room")])
    assert put(board, probe).sent


def test_a_refused_transfer_is_aborted(probe: Admitted) -> None:
    board = Board(artifact_commit=[RpcError("board1", codes.REFUSED, "digest differs")])
    refusal(board, probe)
    assert board.open is None and board.calls[-1] == "artifact.abort"


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("artifact.begin", {}),
        ("artifact.begin", {"transfer": 7, "block": 0}),
        ("artifact.begin", {"transfer": "7", "block": 100}),
        ("artifact.block", {"received": 0}),
        ("artifact.block", {"received": 10**9}),
        ("artifact.block", {"received": True}),
        ("artifact.block", {}),
    ],
)
def test_answers_that_make_no_sense_end_the_transfer_instead_of_looping(probe: Admitted, method: str, answer: Json) -> None:
    board = Board(**{method.replace(".", "_"): [answer]})
    refusal(board, probe)
    assert not board.artifacts


def test_a_device_that_commits_but_does_not_list_is_not_believed(probe: Admitted) -> None:
    board = Board(artifact_list=[{"artifacts": []}, {"artifacts": []}])
    assert refusal(board, probe).operation.startswith("verify")


def test_cancelling_tells_the_device_to_forget(probe: Admitted) -> None:
    async def scenario() -> Board:
        board, begun = Board(), asyncio.Event()

        def progress(step: str, done: int, total: int) -> None:
            begun.set() if step == "sending" else None

        task = asyncio.create_task(install(board, "board1", probe, progress))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return board

    board = asyncio.run(scenario())
    assert board.calls[-1] == "artifact.abort" and not board.artifacts


def test_a_raw_module_cannot_be_installed() -> None:
    with pytest.raises(TypeError, match="only admitted components"):
        put(Board(), wat(RUN))


def test_progress_counts_bytes(probe: Admitted) -> None:
    told: list[tuple[str, int, int]] = []
    put(Board(), probe, progress=lambda *step: told.append(step))
    size = len(probe.artifact)
    assert told == [("sending", 0, size), ("sending", 100, size), ("committing", size, size), ("installed", size, size)]
