# SPDX-License-Identifier: Apache-2.0
"""Pulls the plug of an emulated board while it installs something: QEMU is killed at a chosen write into the board's flash."""

import hashlib
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from client import Client
from wire import Wire

from motet import paths
from motet.components import packages
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


@cache
def component(revision: int) -> bytes:
    """The artifact of the example component under a revision of its own."""
    package = packages.read(paths.data("examples") / "vote")
    declared = re.sub(r"(?m)^revision = .*$", f"revision = {revision}", package.manifest)
    return packages.accept(replace(package, revision=revision, manifest=declared)).artifact


def model_answers(client: Client) -> None:
    """The model of the board works."""
    answer = client.tool("models.predict", model="digits", input=[0] * 64)
    assert len(answer["outputs"][0]) == 10


def component_answers(client: Client) -> None:
    """The component of the board works, from its very beginning."""
    assert client.tool("vote.push", label=7) == {"label": 7, "votes": 1, "window": 1}


@dataclass(frozen=True)
class Goods:
    """What is installed again and again: its bytes by revision, and a look whether it works."""

    kind: str
    name: str
    data: Callable[[int], bytes]
    works: Callable[[Client], None]

    def check(self, client: Client, allowed: set[int]) -> int:
        """The board has one of the kind in flash, of an allowed revision, and it works; its revision."""
        (row,) = [row for row in client.call("artifact.list")["artifacts"] if row["kind"] == self.kind]
        assert row["state"] == "ready" and row["stored"] == "flash" and row["revision"] in allowed, (row, allowed)
        assert row["size"] == len(self.data(row["revision"]))
        self.works(client)
        return int(row["revision"])


MODEL = Goods("model", "digits", model, model_answers)
COMPONENT = Goods("component", "vote", component, component_answers)


def check_serves(client: Client, allowed: set[int]) -> int:
    """The one model of the board is in flash, of an allowed revision, and answers; its revision."""
    return MODEL.check(client, allowed)


def model_rows(client: Client) -> list[dict[str, Any]]:
    """What the board says of its models."""
    return [row for row in client.call("artifact.list")["artifacts"] if row["kind"] == "model"]


class Install:
    """One revision of a model or a component, sent by hand, so that a test may stop anywhere."""

    def __init__(self, client: Client, name: str, revision: int, data: bytes, kind: str = "model") -> None:
        self._client, self._data = client, data
        digest = hashlib.sha256(data).digest()
        begun = client.call("artifact.begin", kind=kind, name=name, revision=revision, size=len(data), digest=digest)
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


def cut_installs(machine: Emulator, commit_writes: Sequence[int], block_writes: Sequence[int], goods: Goods = MODEL) -> int:
    """Replace something again and again, the plug pulled at these writes into the flash during the commit or an early block, and
    look each time what the board serves then; the number of cuts. Raises AssertionError."""
    with Session(machine) as client:
        Install(client, goods.name, 1, goods.data(1), goods.kind).send()
    old = 1
    for number, write in enumerate((*commit_writes, *block_writes)):
        with Session(machine) as client:
            assert goods.check(client, {old}) == old
            install = Install(client, goods.name, old + 1, goods.data(old + 1), goods.kind)
            while not install.all_sent and (number < len(commit_writes) or install.next_is_early):
                install.send(1)
            committing = install.all_sent
            kill_at_write(machine, client, install, write)
        with Session(machine) as client:
            old = goods.check(client, {old, old + 1} if committing else {old})
    return len(commit_writes) + len(block_writes)
