# SPDX-License-Identifier: Apache-2.0
"""Pulls the plug of an emulated board while it installs a model: QEMU is killed at a chosen write into the board's flash."""

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from client import Client
from wire import Wire

from motet import paths
from motet.emulate import Machine
from motet.emulate.emulator import Emulator
from motet.emulate.gdb import Gdb

MODELS = [(paths.data("models") / "digits" / name).read_bytes() for name in ("digits.tflite", "digits_mlp.tflite")]
# Attaching, the request on its way, and all of the writes: an emulator on a busy host.
PATIENCE_S = 4.0


class Session:
    """A client of the machine until its plug is pulled."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def __enter__(self) -> Client:
        self.machine.start()
        self.wire = Wire(self.machine.port)
        return Client(self.wire)

    def __exit__(self, *_: object) -> None:
        self.wire.socket.close()
        self.machine.kill()


def model(revision: int) -> bytes:
    """The file of a revision: no two that follow each other are alike."""
    return MODELS[revision % 2]


def check_serves(client: Client, allowed: set[int]) -> int:
    """The one model of the board is in flash, of an allowed revision, and answers; its revision."""
    (row,) = model_rows(client)
    assert row["state"] == "ready" and row["stored"] == "flash" and row["revision"] in allowed, (row, allowed)
    assert row["size"] == len(model(row["revision"]))
    answer = client.tool("models.predict", model="digits", input=[0] * 64)
    assert len(answer["outputs"][0]) == 10
    return int(row["revision"])


def model_rows(client: Client) -> list[dict[str, Any]]:
    """What the board says of its models."""
    return [row for row in client.call("artifact.list")["artifacts"] if row["kind"] == "model"]


class Install:
    """One revision of a model, sent by hand, so that a test may stop anywhere."""

    def __init__(self, client: Client, name: str, revision: int, data: bytes) -> None:
        self._client, self._data = client, data
        digest = hashlib.sha256(data).digest()
        begun = client.call("artifact.begin", kind="model", name=name, revision=revision, size=len(data), digest=digest)
        self._transfer, self._block = begun["transfer"], begun["block"]
        self._sent = 0

    @property
    def all_sent(self) -> bool:
        return self._sent >= len(self._data)

    @property
    def next_is_early(self) -> bool:
        """Whether fewer than three blocks were sent."""
        return self._sent < 3 * self._block

    def next_request(self) -> tuple[str, dict[str, Any]]:
        """Method and parameters of the next block, or of the commit."""
        if self.all_sent:
            return "artifact.commit", {"transfer": self._transfer}
        part = self._data[self._sent : self._sent + self._block]
        params = {"transfer": self._transfer, "offset": self._sent, "data": part}
        self._sent += len(part)
        return "artifact.block", params

    def send(self, requests: int | None = None) -> None:
        """The next requests and their answers; None: all of them, the commit too."""
        while requests is None or requests > 0:
            method, params = self.next_request()
            self._client.call(method, **params)
            if method == "artifact.commit":
                return
            requests = None if requests is None else requests - 1


def kill_at_write(machine: Emulator, client: Client, install: Install, write: int) -> bool:
    """Kill QEMU at the `write`-th write into the flash that the next request causes. False: it caused fewer; killed too."""
    flash = machine.board.flash
    assert flash is not None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gdb"
        machine.monitor(f"gdbserver unix:{path},server=on,wait=off")
        with Gdb(path, PATIENCE_S) as gdb:
            # The board stands still: the request waits in its UART.
            method, params = install.next_request()
            client.post(method, **params)
            client.wire.turn(0)
            reached = gdb.run_to_write(flash.base, flash.size, write)
            machine.kill()
    return reached


def cut_installs(machine: Emulator, commit_writes: Sequence[int], block_writes: Sequence[int]) -> int:
    """Replace a model again and again, the plug pulled at these writes into the flash during the commit or an early block, and
    look each time what the board serves then; the number of cuts. Raises AssertionError."""
    with Session(machine) as client:
        Install(client, "digits", 1, model(1)).send()
    old = 1
    for number, write in enumerate((*commit_writes, *block_writes)):
        with Session(machine) as client:
            assert check_serves(client, {old}) == old
            install = Install(client, "digits", old + 1, model(old + 1))
            while not install.all_sent and (number < len(commit_writes) or install.next_is_early):
                install.send(1)
            committing = install.all_sent
            kill_at_write(machine, client, install, write)
        with Session(machine) as client:
            old = check_serves(client, {old, old + 1} if committing else {old})
    return len(commit_writes) + len(block_writes)
