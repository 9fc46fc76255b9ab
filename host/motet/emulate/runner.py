# SPDX-License-Identifier: Apache-2.0
"""What the emulators that Motet runs itself have in common: a child process that holds the UARTs and a control channel."""

import contextlib
import secrets
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from motet import boards
from motet.emulate import flashfile, image
from motet.emulate.control import Control, ControlError
from motet.emulate.debugger import Debugger
from motet.emulate.machine import EmulatorError, default_firmware
from motet.emulate.powered import Powered
from motet.emulate.process import Child


class Runner(Powered):
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
        super().__init__(board, log)
        self._icount, self._seed = icount, seed
        self.flash_image = flash or self._private / "flash"
        self._written = firmware is None and self.flash_image.exists()
        self.firmware = self.flash_image if self._written else firmware or default_firmware(board.name)
        self._control: Control | None = None

    @abstractmethod
    def _need(self) -> None:
        """Raises EmulatorError when what runs the board is not installed."""

    @abstractmethod
    def _command(self, control: int, uarts: dict[int, int]) -> list[str]:
        """What to run; file descriptors of the control channel and of the listening socket of each UART."""

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
