# SPDX-License-Identifier: Apache-2.0
"""A board that needs no emulation: the device core as a process of this machine."""

import sys
import time
from pathlib import Path

from motet.boards import Board
from motet.emulate.machine import EmulatorError
from motet.emulate.powered import Powered
from motet.emulate.process import Child

_START_SECONDS = 20.0
_READY = "listening "


class NativeDevice(Powered):
    """`python -m motet_core` with its link on a TCP port that outlives it; a motet.emulate.Machine without memory to look into.

    board: the loaded Board. log: file for the process's output, appended to; None means a temporary one.
    flash: file that keeps artifacts and values, made when it is not there; None means none. The others mean nothing here.
    """

    def __init__(
        self,
        board: Board,
        firmware: Path | None = None,
        icount: bool = True,
        log: Path | None = None,
        seed: int | None = None,
        flash: Path | None = None,
    ) -> None:
        super().__init__(board, log)
        self.flash_image = flash
        self.firmware = Path(sys.executable)

    def start(self) -> None:
        """Start the process. Raises EmulatorError when it ends at once."""
        if self.running:
            return
        said = self.log.stat().st_size if self.log.exists() else 0
        command = [sys.executable, "-m", "motet_core", "--listen", f"fd:{self._uarts[self.board.links.link].fileno()}"]
        command += ["--flash", str(self.flash_image)] if self.flash_image else []
        self._child = Child(command, self.log, inherit=(self._uarts[self.board.links.link].fileno(),))
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            # A word in a file is no event to wait for; the end of the process is.
            if self._child.wait(0.01):
                raise EmulatorError(f"{self.board.name} ended at once: {self._output(said)[-400:].strip() or 'no message'}")
            if _READY in self._output(said):
                return
        self.kill()
        raise EmulatorError(f"{self.board.name} was not ready within {_START_SECONDS:.0f} s")

    def stop(self) -> None:
        """End the process; it keeps nothing that an orderly end would save."""
        self.kill()

    def kill(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()

    def reset(self) -> None:
        """Start the process anew. Raises EmulatorError when it does not run."""
        if not self.running:
            raise EmulatorError(f"{self.board.name} is not running")
        self.restart()

    def read_memory(self, address: int, length: int) -> bytes:
        raise EmulatorError(f"{self.board.name} is a process: it has no memory addresses")

    def write_memory(self, address: int, data: bytes) -> None:
        raise EmulatorError(f"{self.board.name} is a process: it has no memory addresses")

    def instructions(self) -> int | None:
        return None

    def _output(self, since: int) -> str:
        with self.log.open("rb") as file:
            file.seek(since)
            return file.read().decode(errors="replace")
