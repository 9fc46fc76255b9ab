# SPDX-License-Identifier: Apache-2.0
"""What the emulators that Motet runs itself have in common: a child process that holds the UARTs and a control channel."""

import contextlib
import secrets
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from motet import boards
from motet.emulate import flashfile, image
from motet.emulate.control import Control, ControlError
from motet.emulate.debugger import Debugger
from motet.emulate.machine import EmulatorError, default_firmware
from motet.emulate.process import Child
from motet.emulate.sockets import listen, port_of


class Runner(ABC):
    """One board in a child process; a motet.emulate.Machine. See motet.emulate.create for the parameters.

    The firmware is written to the start of the flash file before the first start. Without one, a flash file that is there
    already runs as it is. Raises EmulatorError.
    """

    # Address of the part's flash in its image files, and its size.
    flash_base: int
    flash_size: int

    def __init__(
        self,
        board: boards.Board,
        firmware: Path | None = None,
        icount: bool = True,
        log: Path | None = None,
        seed: int | None = None,
        flash: Path | None = None,
    ) -> None:
        self.board = board
        self._icount, self._seed = icount, seed
        self._folder = tempfile.TemporaryDirectory(prefix="motet-emulate-")
        self.log = log or Path(self._folder.name) / "emulator.log"
        self.flash_image = flash or Path(self._folder.name) / "flash"
        self._written = firmware is None and self.flash_image.exists()
        self.firmware = self.flash_image if self._written else firmware or default_firmware(board.name)
        self._child: Child | None = None
        self._control: Control | None = None
        links = board.links
        self._uarts = {number: listen() for number in (links.link, links.console) if number is not None}

    @abstractmethod
    def _need(self) -> None:
        """Raises EmulatorError when what runs the board is not installed."""

    @abstractmethod
    def _command(self, control: int, uarts: dict[int, int]) -> list[str]:
        """What to run; file descriptors of the control channel and of the listening socket of each UART."""

    @property
    def port(self) -> int:
        """TCP port of the data link's UART on 127.0.0.1."""
        return port_of(self._uarts[self.board.links.link])

    @property
    def console_port(self) -> int | None:
        """TCP port of the console's UART; None where one UART carries both."""
        console = self.board.links.console
        return None if console is None else port_of(self._uarts[console])

    @property
    def url(self) -> str:
        """The data link as a pyserial URL."""
        return f"socket://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    @property
    def pid(self) -> int | None:
        """Process id of the emulator, None when it does not run."""
        return self._child.pid if self._child is not None and self._child.running else None

    def start(self) -> None:
        """Power on; nothing happens when it is on. Raises EmulatorError."""
        if self.running:
            return
        self._need()
        self._prepare_flash()
        self._control = Control()
        uarts = {number: listener.fileno() for number, listener in self._uarts.items()}
        inherit = (self._control.theirs.fileno(), *uarts.values())
        try:
            self._child = Child(self._command(self._control.theirs.fileno(), uarts), self.log, inherit=inherit)
            self._control.started()
        except (OSError, ControlError) as error:
            self.kill()
            raise EmulatorError(f"{self.board.name}: the emulator does not start: {error}; {self._log_tail()}") from error
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Power off; the ports stay reserved. Nothing happens when it is off."""
        self._end(patience=2.0)

    def kill(self) -> None:
        """Power off without a word, like a pulled plug."""
        self._end(patience=None)

    def restart(self) -> None:
        """Pull the plug and put it back."""
        self.kill()
        self.start()

    def reset(self) -> None:
        """Press the reset button: the processor starts over, RAM keeps its content. Raises EmulatorError."""
        self._do("reset")

    def read_memory(self, address: int, length: int) -> bytes:
        """Bytes of the board's memory. Raises EmulatorError."""
        return bytes.fromhex(self._do("read", address=address, length=length)["data"])

    def write_memory(self, address: int, data: bytes) -> None:
        """Change the board's memory, flash included. Raises EmulatorError."""
        self._do("write", address=address, data=data.hex())

    @contextlib.contextmanager
    def debugger(self) -> Iterator[Debugger]:
        """The board stands still, and its registers and memory can be changed, until the block ends. Raises EmulatorError."""
        paused = self._do("status")["paused"]
        self.pause()
        try:
            yield Debugger(self._do)
        finally:
            if not paused:
                self.resume()

    def pause(self) -> None:
        """Let the board stand still, its time too. Raises EmulatorError."""
        self._do("pause")

    def resume(self) -> None:
        """End a pause. Raises EmulatorError."""
        self._do("resume")

    def instructions(self) -> int | None:
        """Instructions executed since power-on, idling not counted. Raises EmulatorError."""
        return int(self._do("status")["instructions"])

    def virtual_ns(self) -> int | None:
        """The board's time since power-on. Raises EmulatorError."""
        return int(self._do("status")["nanoseconds"])

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the emulator has ended; False when it still runs after `timeout` seconds."""
        return self._child is None or self._child.wait(timeout)

    def close(self) -> None:
        """Stop and give the ports back."""
        self.stop()
        for listener in self._uarts.values():
            listener.close()
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
    def _power_on_noise(self) -> int:
        return secrets.randbits(32) if self._seed is None else self._seed

    def _prepare_flash(self) -> None:
        try:
            if not self._written:
                content = self._image()
                flashfile.prepare(self.flash_image, self.flash_size)
                with self.flash_image.open("r+b") as file:
                    file.write(content)
                self._written = True
            flashfile.prepare(self.flash_image, self.flash_size)
        except (OSError, ValueError) as error:
            raise EmulatorError(f"{self.board.name}: {error}") from error

    def _image(self) -> bytes:
        if not self.firmware.is_file():
            raise EmulatorError(f"no firmware at {self.firmware}; build it with: tools/build.py firmware {self.board.name}")
        return image.read(self.firmware, self.flash_base, self.flash_size)

    def _do(self, what: str, **arguments: Any) -> dict[str, Any]:
        if self._control is None or not self.running:
            raise EmulatorError(f"{self.board.name} is not running")
        try:
            return self._control.do(what, **arguments)
        except ControlError as error:
            raise EmulatorError(f"{self.board.name}: cannot {what}: {error}") from error

    def _end(self, patience: float | None) -> None:
        child, self._child = self._child, None
        control, self._control = self._control, None
        with contextlib.ExitStack() as last:
            if control is not None:
                last.callback(control.close)
            if child is not None and patience is not None and control is not None:
                with contextlib.suppress(ControlError):
                    control.do("quit")
        if child is not None and not (patience is not None and child.wait(patience)):
            child.kill()

    def _log_tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return " ".join(lines[-3:]).strip() or "it left no message"
