# SPDX-License-Identifier: Apache-2.0
"""What the board keeps in its flash: there after a restart, whole after the plug was pulled at any write."""

import contextlib
import hashlib
import random
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.board_cuts import COMPONENT, Install, Session, check_serves, cut_installs, model, model_rows

from motet import boards
from motet.emulate import Machine, create
from motet.emulate.emulator import Emulator
from motet_core.errors import STORAGE_FAILED

pytestmark = pytest.mark.board

BOARD = "virt_rv32"
# QEMU has the STM32F4's flash as ROM: there the board keeps nothing, and says so.
KEEPING = [name for name in boards.names() if boards.load(name).flash and boards.load(name).emulate and name != "stm32f405"]


@pytest.fixture
def machine(build: Callable[..., dict[str, object]], tmp_path: Path) -> Iterator[Emulator]:
    assert boards.load(BOARD).flash
    elf = Path(str(build(BOARD)["elf"]))
    with Emulator(BOARD, firmware=elf, log=tmp_path / "emulator.log", flash=tmp_path / "flash") as emulator:
        yield emulator


@pytest.mark.parametrize("name", KEEPING)
def test_an_installed_model_is_there_after_the_plug_was_pulled(
    name: str, build: Callable[..., dict[str, object]], tmp_path: Path
) -> None:
    build(name)
    machine = create(name, log=tmp_path / "emulator.log", flash=tmp_path / "flash")
    with contextlib.closing(machine):
        keeps_and_forgets(machine)


def keeps_and_forgets(machine: Machine) -> None:
    with Session(machine) as client:
        Install(client, "digits", 1, model(1)).send()
        check_serves(client, {1})
    with Session(machine) as client:
        check_serves(client, {1})
        assert client.call("storage.status")["stored"] == "flash"
        client.call("artifact.remove", kind="model", name="digits")
    with Session(machine) as client:
        assert model_rows(client) == []


class NoisySocket:
    """A wire that turns bits over, always the same ones."""

    def __init__(self, inner: socket.socket, rate: float) -> None:
        self._inner, self._rate, self._chance = inner, rate, random.Random(1)
        self.flipped = 0

    def fileno(self) -> int:
        return self._inner.fileno()

    def close(self) -> None:
        self._inner.close()

    def sendall(self, data: bytes) -> None:
        self._inner.sendall(self._damage(data))

    def recv(self, size: int) -> bytes:
        return self._damage(self._inner.recv(size))

    def _damage(self, data: bytes) -> bytes:
        damaged = bytearray(data)
        for index in range(len(damaged)):
            if self._chance.random() < self._rate:
                damaged[index] ^= 1 << self._chance.randrange(8)
                self.flipped += 1
        return bytes(damaged)


def test_an_install_over_a_noisy_line_ends_whole_and_in_flash(machine: Emulator) -> None:
    session = Session(machine)
    with session as client:
        noise = NoisySocket(session.wire.socket, 1e-3)
        session.wire.socket = noise  # type: ignore[assignment]
        for revision in (1, 2):
            Install(client, "digits", revision, model(revision)).send()
        assert noise.flipped > 3
    with session as client:
        check_serves(client, {2})


def test_a_board_whose_flash_cannot_be_written_says_that_it_keeps_nothing(
    build: Callable[..., dict[str, object]], tmp_path: Path
) -> None:
    build("stm32f405")
    with contextlib.closing(create("stm32f405", log=tmp_path / "emulator.log")) as machine:
        with Session(machine) as client:
            assert client.call("storage.status")["stored"] == "ram"
            Install(client, "digits", 1, model(1)).send()
            assert model_rows(client)[0]["stored"] == "ram"
            assert client.request("storage.format")["error"]["code"] == STORAGE_FAILED
        with Session(machine) as client:
            assert model_rows(client) == []


def test_a_cut_at_any_write_of_commit_or_block_leaves_the_old_or_the_new_revision(machine: Emulator) -> None:
    assert cut_installs(machine, commit_writes=(2, 30, 74, 500), block_writes=(2, 101)) == 6


def test_a_component_too_serves_in_its_old_or_new_revision_after_any_cut(machine: Emulator) -> None:
    assert cut_installs(machine, commit_writes=(3, 41, 75), block_writes=(5,), goods=COMPONENT) == 4


def test_content_of_another_board_is_left_alone_and_the_board_serves_from_ram(machine: Emulator) -> None:
    assert machine.flash_image is not None
    machine.stop()
    flash = machine.board.flash
    assert flash is not None
    values = flash.regions["values"]
    content = bytes(range(256)) * 64
    with machine.flash_image.open("r+b") as file:
        file.seek(values.offset)
        file.write(content)
    with Session(machine) as client:
        status = client.call("storage.status")
        assert status["stored"] == "ram" and "no store" in status["reason"]
        Install(client, "digits", 1, model(1)).send()
        assert model_rows(client)[0]["stored"] == "ram"
    with machine.flash_image.open("rb") as file:
        file.seek(values.offset)
        assert hashlib.sha256(file.read(len(content))).digest() == hashlib.sha256(content).digest()
    with Session(machine) as client:
        client.call("storage.format")
        Install(client, "digits", 2, model(2)).send()
    with Session(machine) as client:
        check_serves(client, {2})
