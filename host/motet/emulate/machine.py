# SPDX-License-Identifier: Apache-2.0
"""What every emulated board can do, whatever emulates it."""

from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from motet.boards import Board
from motet.paths import repository


class EmulatorError(Exception):
    """The board cannot be emulated; the message says why and what to do."""


class Machine(Protocol):
    """One emulated board. A context manager: starts on entry, closes on exit. Not for use by two threads at once.

    Its ports are reserved from the beginning until close(): they never change, and a client that connects while the board is
    down waits until it is up again. A port serves one client at a time. The board ends with the process that started it.
    Methods raise EmulatorError.
    """

    @property
    def board(self) -> Board: ...
    @property
    def firmware(self) -> Path:
        """The image that runs at the next start."""
        ...

    @property
    def log(self) -> Path:
        """File with the emulator's own messages."""
        ...

    @property
    def port(self) -> int:
        """TCP port on 127.0.0.1 of the UART that carries the framed data link."""
        ...

    @property
    def url(self) -> str:
        """The data link as a pyserial URL."""
        ...

    @property
    def console_port(self) -> int | None:
        """TCP port on 127.0.0.1 of the console's UART; None where one UART carries both."""
        ...

    @property
    def running(self) -> bool: ...
    @property
    def pid(self) -> int | None:
        """Process id of the emulator, None when it does not run."""
        ...

    @property
    def flash_image(self) -> Path | None:
        """File with the board's persistent flash, kept over restarts; None where the board has none."""
        ...

    def start(self) -> None:
        """Power on; nothing happens when it is on."""
        ...

    def stop(self) -> None:
        """Power off in order; nothing happens when it is off."""
        ...

    def kill(self) -> None:
        """Pull the plug."""
        ...

    def restart(self) -> None:
        """Pull the plug and put it back."""
        ...

    def reset(self) -> None:
        """Press the reset button: the processor starts over, RAM keeps its content."""
        ...

    def read_memory(self, address: int, length: int) -> bytes:
        """Bytes of the board's physical memory."""
        ...

    def write_memory(self, address: int, data: bytes) -> None:
        """Change the board's physical memory; it stands still meanwhile."""
        ...

    def instructions(self) -> int | None:
        """Instructions executed since power-on; None where they are not counted."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the emulator has ended; False when it still runs after `timeout` seconds."""
        ...

    def close(self) -> None:
        """Stop and give the ports back."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


def default_firmware(board: str, file: str = "firmware.elf") -> Path:
    """Where tools/build.py puts a board's image. Raises EmulatorError outside the repository."""
    root = repository()
    if root is None:
        raise EmulatorError(f"{board}: an installed Motet carries no firmware; name the image")
    return root / "build" / "firmware" / board / file
