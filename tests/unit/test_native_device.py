# SPDX-License-Identifier: Apache-2.0
"""The board "linux": the device core as a process of this machine, behind the same protocol as emulated boards."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from motet import boards
from motet.emulate import EmulatorError, Machine, create

sys.path.append(str(Path(__file__).resolve().parents[1] / "board"))

from client import Client
from wire import Wire


@pytest.fixture
def linux(tmp_path: Path) -> Iterator[Machine]:
    with create("linux", log=tmp_path / "device.log") as machine:
        yield machine


def test_the_process_answers_as_the_board_linux(linux: Machine) -> None:
    with Wire(linux.port) as wire:
        client = Client(wire)
        assert client.presence["board"] == "linux"
        assert "vitals.read" in [tool["name"] for tool in client.call("tools/list")["tools"]]


@pytest.mark.parametrize("how", ["restart", "reset"])
def test_it_comes_back_on_the_same_port_after(linux: Machine, how: str) -> None:
    port, pid = linux.port, linux.pid
    getattr(linux, how)()
    assert linux.port == port and linux.pid != pid
    with Wire(linux.port) as wire:
        assert Client(wire).presence["board"] == "linux"


def test_a_client_that_connects_while_it_is_off_is_served_when_it_is_on(linux: Machine) -> None:
    linux.stop()
    assert not linux.running and linux.pid is None
    with Wire(linux.port) as wire:
        wire.turn()
        linux.start()
        assert Client(wire).presence["board"] == "linux"


def test_what_a_process_has_not_is_refused_with_its_reason(linux: Machine) -> None:
    for use in (lambda: linux.read_memory(0, 4), lambda: linux.write_memory(0, b"")):
        with pytest.raises(EmulatorError, match="linux is a process: it has no memory addresses"):
            use()
    assert linux.instructions() is None and linux.console_port is None and linux.flash_image is None


def test_a_flash_file_is_made_and_kept_over_a_restart(tmp_path: Path) -> None:
    with create("linux", flash=tmp_path / "flash") as machine, Wire(machine.port) as wire:
        assert Client(wire).presence["board"] == "linux" and machine.flash_image == tmp_path / "flash"
        size = machine.flash_image.stat().st_size
        assert size > 0
        machine.restart()
        assert machine.flash_image.stat().st_size == size


def test_a_process_that_ends_at_once_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "motet_core").mkdir()
    (tmp_path / "motet_core/__init__.py").write_text("raise SystemExit('cannot go on')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(EmulatorError, match=r"linux ended at once: .*cannot go on"), create("linux"):
        pass


def test_control_of_a_process_that_is_off_is_refused() -> None:
    machine = create(boards.load("linux"))
    with pytest.raises(EmulatorError, match="linux is not running"):
        machine.reset()
    machine.close()
