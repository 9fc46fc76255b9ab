# SPDX-License-Identifier: Apache-2.0
"""QEMU running one board, with the board's UART on a TCP port that stays the same over restarts."""

import contextlib
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from motet import boards
from motet.emulate.process import Child
from motet.emulate.qmp import Qmp, QmpError
from motet.paths import repository

# Debian and Ubuntu packages of the emulators.
_PACKAGES = {"qemu-system-arm": "qemu-system-arm", "qemu-system-riscv32": "qemu-system-misc"}
_START_SECONDS = 20.0


class EmulatorError(Exception):
    """The board cannot be emulated; the message says why and what to do."""


class Emulator:
    """One emulated board. A context manager: starts on entry, stops on exit. Not for use by two threads at once.

    The listening socket is ours and outlives QEMU: a client that connects while the board is down waits in the queue
    until it is up again, and the port never changes. QEMU serves one client at a time.

    board: a board's name or the loaded Board.
    firmware: the image; None means the one that tools/build.py makes.
    icount: count instructions (board.toml's icount_shift), so that the board's time and figures repeat from run to run.
    log: file for QEMU's messages, appended to; None means a temporary one.
    seed: the word that power-on leaves in RAM; None means another random one at each start.
    """

    def __init__(
        self,
        board: str | boards.Board,
        firmware: Path | None = None,
        icount: bool = True,
        log: Path | None = None,
        seed: int | None = None,
    ) -> None:
        self.board = boards.load(board) if isinstance(board, str) else board
        if self.board.emulate is None:
            raise EmulatorError(f"{self.board.name}: board.toml has no [emulate]: this board cannot be emulated")
        self._recipe = self.board.emulate
        self.firmware = firmware if firmware is not None else default_firmware(self.board.name)
        self._icount, self._seed = icount, seed
        self._folder = tempfile.TemporaryDirectory(prefix="motet-emulate-")
        self.log = log or Path(self._folder.name) / "qemu.log"
        self._child: Child | None = None
        self._qmp: Qmp | None = None
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4)
        # Accepted sockets inherit it: without, Nagle's algorithm holds back short frames for 40 ms.
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def port(self) -> int:
        """TCP port of the UART on 127.0.0.1."""
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        """The UART as a pyserial URL."""
        return f"socket://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    @property
    def pid(self) -> int | None:
        """Process id of QEMU, None when it does not run."""
        return self._child.pid if self._child is not None and self._child.running else None

    def start(self) -> None:
        """Power on. Raises EmulatorError when QEMU or the image is missing, or QEMU refuses to run."""
        if self.running:
            return
        if not shutil.which(self._recipe.program):
            package = _PACKAGES.get(self._recipe.program, self._recipe.program)
            raise EmulatorError(f"{self._recipe.program} is missing; install it with: sudo apt-get install {package}")
        if not self.firmware.is_file():
            raise EmulatorError(f"no firmware at {self.firmware}; build it with: tools/build.py firmware {self.board.name}")
        self._socket_path.unlink(missing_ok=True)
        self._child = Child(self._command(), self.log, inherit=(self._listener.fileno(),))
        try:
            self._qmp = self._connect(self._child)
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

    def restart(self) -> None:
        """Pull the plug and put it back."""
        self.kill()
        self.start()

    def reset(self) -> None:
        """Press the reset button: the processor starts over, RAM keeps its content. Raises EmulatorError."""
        with self._asking("reset") as qemu:
            qemu.execute("system_reset")

    def read_memory(self, address: int, length: int) -> bytes:
        """Bytes of the board's physical memory. Raises EmulatorError."""
        target = Path(self._folder.name) / "memory"
        with self._asking(f"read {length} bytes at {address:#x}") as qemu:
            qemu.execute("pmemsave", val=address, size=length, filename=str(target))
        return target.read_bytes()

    def monitor(self, line: str) -> str:
        """A command of QEMU's human monitor, e.g. "info registers"; returns its text. Raises EmulatorError."""
        with self._asking(line) as qemu:
            return qemu.monitor(line)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until QEMU has ended; False when it still runs after `timeout` seconds."""
        return self._child is None or self._child.wait(timeout)

    def close(self) -> None:
        """Stop and give the port back."""
        self.stop()
        self._listener.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def _socket_path(self) -> Path:
        return Path(self._folder.name) / "qmp"

    def _command(self) -> list[str]:
        return [
            self._recipe.program,
            *(argument.replace("{firmware}", str(self.firmware)) for argument in self._recipe.arguments),
            *("-nodefaults", "-display", "none", "-qmp", f"unix:{self._socket_path},server=on,wait=off"),
            *(
                "-chardev",
                f"socket,id=uart,fd={self._listener.fileno()},server=on,wait=off,nodelay=on",
                "-serial",
                "chardev:uart",
            ),
            *self._options(),
        ]

    def _options(self) -> Iterator[Any]:
        if self._icount and self._recipe.icount_shift is not None:
            yield from ("-icount", f"shift={self._recipe.icount_shift}")
        if self._recipe.seed_address is not None:
            seed = secrets.randbits(32) if self._seed is None else self._seed
            yield from ("-device", f"loader,addr={self._recipe.seed_address:#x},data={seed:#x},data-len=4")

    def _connect(self, child: Child) -> Qmp:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, QmpError):
                return Qmp(self._socket_path)
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
        except (OSError, QmpError) as error:
            raise EmulatorError(f"{self.board.name}: cannot {what}: {error}") from error

    def _end(self, patience: float | None) -> None:
        child, self._child = self._child, None
        if child is not None and not (patience is not None and child.wait(patience)):
            child.kill()
        if self._qmp is not None:
            self._qmp.close()
            self._qmp = None

    def _log_tail(self) -> str:
        return " ".join(self.log.read_text(errors="replace").split("\n")[-4:]).strip() or "no message"


def default_firmware(board: str) -> Path:
    """Where tools/build.py puts a board's image. Raises EmulatorError outside the repository."""
    root = repository()
    if root is None:
        raise EmulatorError(f"{board}: an installed Motet carries no firmware; name the image")
    return root / "build" / "firmware" / board / "firmware.elf"
