# SPDX-License-Identifier: Apache-2.0
"""Pulls the plug of an emulated board while it installs a model: QEMU is killed at a chosen write into the board's flash."""

import hashlib
import tempfile
from pathlib import Path
from typing import Any

from motet.emulate.emulator import Emulator
from motet.emulate.gdb import Gdb

# Attaching, the request on its way, and all of the writes: an emulator on a busy host.
PATIENCE_S = 4.0


def model_rows(client: Any) -> list[dict[str, Any]]:
    """What the board says of its models."""
    return [row for row in client.call("artifact.list")["artifacts"] if row["kind"] == "model"]


class Install:
    """One revision of a model, sent by hand, so that a test may stop anywhere."""

    def __init__(self, client: Any, name: str, revision: int, data: bytes) -> None:
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


def kill_at_write(machine: Emulator, client: Any, install: Install, write: int) -> bool:
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
