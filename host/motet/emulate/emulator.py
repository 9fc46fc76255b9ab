# SPDX-License-Identifier: Apache-2.0
"""QEMU running one board, with the board's UARTs on TCP ports that stay the same over restarts."""

import contextlib
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from motet import boards
from motet.emulate import flashfile
from motet.emulate.command import command, options, recipe_of
from motet.emulate.gdb import Gdb, GdbError
from motet.emulate.machine import EmulatorError, default_firmware
from motet.emulate.powered import Powered
from motet.emulate.process import Child
from motet.emulate.qemucontrol import QemuControl
from motet.emulate.qmp import Qmp, QmpError

# Debian and Ubuntu packages of the emulators.
_PACKAGES = {"qemu-system-arm": "qemu-system-arm", "qemu-system-riscv32": "qemu-system-misc"}
_START_SECONDS = 20.0


class Emulator(Powered, QemuControl):
    """One board in QEMU; a motet.emulate.Machine.

    board: a board's name or the loaded Board.
    firmware: the image; None means the one that tools/build.py makes.
    icount: count instructions (board.toml's icount_shift), so that the board's time and figures repeat from run to run.
    log: file for QEMU's messages, appended to; None means a temporary one.
    seed: the word that power-on leaves in RAM; None means another random one at each start.
    flash: file that is the board's persistent flash, made when it is not there; None means a temporary one.
    arguments: more for QEMU's command line.
    Raises BoardError, EmulatorError.
    """

    def __init__(
        self,
        board: str | boards.Board,
        firmware: Path | None = None,
        icount: bool = True,
        log: Path | None = None,
        seed: int | None = None,
        flash: Path | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        found = boards.load(board) if isinstance(board, str) else board
        self._recipe = recipe_of(found)
        self.firmware = firmware if firmware is not None else default_firmware(found.name)
        super().__init__(found, log)
        self._icount, self._seed, self._arguments = icount, seed, tuple(arguments)
        self._qmp: Qmp | None = None
        self.flash_image = self._flash(flash)

    def start(self, paused: bool = False) -> None:
        """Power on; `paused`: before the first instruction, until resume(). Raises EmulatorError."""
        if self.running:
            return
        if not shutil.which(self._recipe.program):
            package = _PACKAGES.get(self._recipe.program, self._recipe.program)
            raise EmulatorError(f"{self._recipe.program} is missing; install it with: sudo apt-get install {package}")
        if not self.firmware.is_file():
            raise EmulatorError(f"no firmware at {self.firmware}; build it with: tools/build.py firmware {self.board.name}")
        self._qmp_path.unlink(missing_ok=True)
        self._prepare_flash()
        inherit = tuple(listener.fileno() for listener in self._uarts.values())
        self._child = Child([*self._command(), *(["-S"] if paused else [])], self.log, inherit=inherit)
        try:
            self._qmp = self._connect(self._child)
            if paused:
                self._freeze()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Power off; the port stays reserved. Nothing happens when it is off."""
        if self.running and self._qmp is not None:
            with contextlib.suppress(OSError, QmpError):
                self._qmp.execute("quit")
        self._end(patience=2.0)

    def kill(self) -> None:
        """Power off without a word to QEMU, like a pulled plug."""
        self._end(patience=None)

    def read_memory(self, address: int, length: int) -> bytes:
        """Bytes of the board's physical memory. Raises EmulatorError."""
        target = self._private / "memory"
        with self._asking(f"read {length} bytes at {address:#x}") as qemu:
            # As the processor sees it: on AN547 that is not the machine's own view.
            qemu.execute("memsave", val=address, size=length, filename=str(target))
        return target.read_bytes()

    def write_memory(self, address: int, data: bytes) -> None:
        """Change the board's physical memory. Raises EmulatorError."""
        with self.debugger() as gdb:
            gdb.write_memory(address, data)

    @contextlib.contextmanager
    def debugger(self) -> Iterator[Gdb]:
        """The board stands still, and its registers and memory can be changed, until the block ends. Raises EmulatorError."""
        path = self._private / "gdb"
        with self._asking("attach a debugger") as qemu:
            runs = qemu.execute("query-status")["running"]
            qemu.monitor(f"gdbserver unix:{path},server=on,wait=off")
            try:
                with Gdb(path) as gdb:
                    yield gdb
                    # To detach is to let it run.
                    if runs:
                        gdb.go()
            finally:
                qemu.monitor("gdbserver none")
                path.unlink(missing_ok=True)
                qemu.execute("cont" if runs else "stop")

    def instructions(self) -> int | None:
        """Instructions executed since power-on, idling not counted; None without icount. Raises EmulatorError."""
        if not self._icount or self._recipe.icount_shift is None:
            return None
        with self._asking("count instructions") as qemu:
            # The counter that QEMU's record and replay works with; it runs whenever instructions are counted.
            return int(qemu.execute("query-replay")["icount"])

    @property
    def _qmp_path(self) -> Path:
        return self._private / "qmp"

    def _command(self) -> list[str]:
        files = {"firmware": self.firmware, "flash": self.flash_image}
        uarts = {number: listener.fileno() for number, listener in self._uarts.items()}
        return [
            *command(self._recipe, files, self._qmp_path, uarts),
            *options(self._recipe, self._icount, self._seed),
            *self._arguments,
        ]

    def _flash(self, wanted: Path | None) -> Path | None:
        if self._recipe.flash_bytes is None:
            if wanted is not None:
                raise EmulatorError(f"{self.board.name} has no persistent flash in QEMU")
            return None
        return wanted or self._private / "flash"

    def _prepare_flash(self) -> None:
        if self.flash_image is not None and self._recipe.flash_bytes is not None:
            try:
                flashfile.prepare(self.flash_image, self._recipe.flash_bytes)
            except (OSError, ValueError) as error:
                raise EmulatorError(f"{self.board.name}: {error}") from error

    def _connect(self, child: Child) -> Qmp:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, QmpError):
                return Qmp(self._qmp_path)
            # QEMU makes the socket a few milliseconds after its start, and only then refuses an image; there is no event
            # to wait for.
            if child.wait(0.01):
                raise EmulatorError(f"{self.board.name}: {self._recipe.program} ended at once: {self._log_tail()}")
        raise EmulatorError(f"{self.board.name}: {self._recipe.program} did not answer within {_START_SECONDS:.0f} s")

    @contextlib.contextmanager
    def _asking(self, what: str) -> Iterator[Qmp]:
        if self._qmp is None or not self.running:
            raise EmulatorError(f"{self.board.name} is not running")
        try:
            yield self._qmp
        except (OSError, QmpError, GdbError) as error:
            raise EmulatorError(f"{self.board.name}: cannot {what}: {error}") from error

    def _end(self, patience: float | None) -> None:
        child, self._child = self._child, None
        self._forget_clock()
        if child is not None and not (patience is not None and child.wait(patience)):
            child.kill()
        if self._qmp is not None:
            self._qmp.close()
            self._qmp = None

    def _log_tail(self) -> str:
        return " ".join(self.log.read_text(errors="replace").split("\n")[-4:]).strip() or "no message"
