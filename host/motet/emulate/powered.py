# SPDX-License-Identifier: Apache-2.0
"""What all machines have in common: a child process that may end and start again, behind ports that stay."""

import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from motet.boards import Board
from motet.emulate.process import Child
from motet.emulate.sockets import listen, port_of


class Powered(ABC):
    """A board that is a child process. The listening sockets of its UARTs are ours and outlive it: a client that connects
    while the board is down waits in the queue until it is up again."""

    def __init__(self, board: Board, log: Path | None) -> None:
        self.board = board
        self._folder = tempfile.TemporaryDirectory(prefix="motet-emulate-")
        self.log = log or self._private / "emulator.log"
        self._child: Child | None = None
        self._uarts = {number: listen() for number in (board.links.link, board.links.console) if number is not None}

    @abstractmethod
    def start(self) -> None:
        """Power on; nothing happens when it is on. Raises EmulatorError."""

    @abstractmethod
    def stop(self) -> None:
        """Power off; the ports stay reserved. Nothing happens when it is off."""

    @abstractmethod
    def kill(self) -> None:
        """Power off without a word, like a pulled plug."""

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
        """Process id of what runs the board, None when nothing does."""
        return self._child.pid if self._child is not None and self._child.running else None

    def restart(self) -> None:
        """Pull the plug and put it back."""
        self.kill()
        self.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the process has ended; False when it still runs after `timeout` seconds."""
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
    def _private(self) -> Path:
        return Path(self._folder.name)
