# SPDX-License-Identifier: Apache-2.0
"""One machine of Renode's Monitor: a board of ours in its emulator, or an attached one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from motet import boards
from motet.emulate import Emulator, EmulatorError, Machine, create
from motet.emulate.keywords import platforms
from motet.emulate.keywords.abilities import Pausable, Pulse, last_words
from motet.emulate.keywords.errors import KeywordError, Unsupported
from motet.emulate.keywords.platforms import Platform
from motet.emulate.keywords.settings import Settings
from motet.emulate.keywords.uart import SocketWire, Uart, Wire


class EmulatedBoard:
    """Made empty, told its platform and image by the Monitor, powered at the first command that needs it. Methods raise
    KeywordError, and Unsupported for what this board's emulator cannot do."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name, self.settings = name, settings
        self.platform: Platform | None = None
        self.board: boards.Board | None = None
        self.image: Path | None = None
        self.started = False
        self._machine: Machine | None = None
        self._uarts: dict[str, Uart] = {}
        self._names: dict[str, str] = {}
        self._control = threading.RLock()
        self._pulse = Pulse(name)
        self._base = time.monotonic()

    def load_platform(self, path: Path) -> None:
        platform = platforms.load(path)
        if not platform.board:
            raise KeywordError(f"{path}: no //@motet board line says which board this is, so nothing but Renode can run it")
        self.load_board(platform.board)
        links = self._board.links
        uses = {links.link: "link", links.console: "console"}
        self._names = {name: uses[number] for name, number in platform.uarts.items() if number in uses}
        self.platform = platform

    def load_board(self, board: str) -> None:
        """A board by its name, without a platform description."""
        try:
            self.board = boards.load(board)
        except boards.BoardError as error:
            raise KeywordError(str(error)) from None
        self._names = {"sysbus.link": "link"}
        if self.board.links.console is not None:
            self._names["sysbus.console"] = "console"

    def load_image(self, path: Path) -> None:
        if not path.is_file():
            raise KeywordError(f"no such file: {path}")
        if self._machine is not None and path != self.image:
            raise Unsupported("another image cannot be loaded into a machine that has begun to run")
        self.image = path

    def uart(self, name: str) -> Uart:
        """A UART by its Monitor name, e.g. ``sysbus.usart1``."""
        name = name if name.startswith("sysbus.") else f"sysbus.{name}"
        use = self._names.get(name)
        if use is None:
            known = ", ".join(self._names)
            raise KeywordError(
                f"Peripheral for machine '{self.name}' not found or of wrong type: '{name}'. Available peripherals: [{known}]"
            )
        if name not in self._uarts:
            uart = self._uarts[name] = Uart(name, lambda: self._wire(use))
            if self.settings.watch is not None:
                self.settings.watch.attach(uart)
        return self._uarts[name]

    def uarts(self) -> list[Uart]:
        """All that are wired to something."""
        return [self.uart(name) for name in self._names]

    @property
    def log(self) -> Path | None:
        """The emulator's own messages."""
        return self._machine.log if self._machine is not None else None

    def run(self) -> None:
        self.power()
        if not self.started:
            with self._asking("start") as machine:
                if isinstance(machine, Pausable):
                    machine.resume()
            self.started = True

    def pause(self) -> None:
        self.power()
        with self._asking("pause") as machine:
            if not isinstance(machine, Pausable):
                raise Unsupported(f"{self._board.name}: its emulator cannot be paused")
            machine.pause()
        self.started = False

    def reset(self) -> None:
        self.power()
        with self._asking("reset") as machine:
            machine.reset()

    def now_ms(self) -> float:
        """The board's time; the time since power-on where its emulator does not tell any."""
        self.look()
        machine = self._machine
        if machine is None:
            return 0.0
        if not machine.running:
            raise KeywordError(f"{self.name}: the emulator has ended{last_words(machine.log)}")
        virtual = self._virtual(machine)
        if virtual is None:
            return (time.monotonic() - self._base) * 1000
        self._pulse.beat(virtual, self.started)
        return virtual / 1e6

    def look(self) -> None:
        """Raises KeywordError when a UART said what must fail the test."""
        if self.settings.watch is not None and (alarm := self.settings.watch.alarm()):
            raise KeywordError(alarm)

    def instructions(self) -> int | None:
        """Executed since power-on, where they are counted."""
        with self._asking("count instructions") as machine:
            return machine.instructions()

    def read(self, address: int, size: int) -> bytes:
        self.power()
        with self._asking("read memory") as machine:
            return machine.read_memory(address, size)

    def write(self, address: int, data: bytes) -> None:
        self.power()
        with self._asking("write memory") as machine:
            if isinstance(machine, Emulator) and self._is_device(address):
                with machine.debugger() as gdb:
                    # A debugger's ordinary writes pass devices by; these go over the bus, as Renode's do.
                    gdb.command("Qqemu.PhyMemMode:1")
                    gdb.write_memory(address, data)
            else:
                machine.write_memory(address, data)

    def qemu(self) -> Emulator:
        """The Emulator when it is QEMU. Raises Unsupported."""
        self.power()
        if not isinstance(self._machine, Emulator):
            raise Unsupported(f"{self._board.name} is not emulated by QEMU")
        return self._machine

    def debugger(self) -> AbstractContextManager[Any]:
        """Registers, by GDB's numbers, of a board that stands still meanwhile."""
        return self._examined()

    @contextmanager
    def _examined(self) -> Iterator[Any]:
        self.power()
        with self._asking("examine the processor") as machine:
            if not isinstance(machine, Pausable):
                raise Unsupported(f"{self._board.name}: its emulator shows no registers")
            with machine.debugger() as gdb:
                yield gdb

    def power(self) -> None:
        """Switch on, paused where that is possible; nothing happens when it is on."""
        if self._machine is not None:
            return
        if self.image is None:
            raise KeywordError(f"{self.name}: nothing to run: sysbus LoadELF comes first")
        with self._control:
            try:
                machine = self._machine = self._create()
                self._connect(machine)
            except (EmulatorError, OSError) as error:
                self.close()
                raise KeywordError(str(error)) from error
        self._base = time.monotonic()

    def close(self) -> None:
        for uart in self._uarts.values():
            uart.disconnect()
        machine, self._machine, self.started = self._machine, None, False
        if machine is not None:
            machine.close()

    def _create(self) -> Machine:
        return create(self._board, firmware=self.image, arguments=self.settings.arguments)

    def _connect(self, machine: Machine) -> None:
        # The ports listen from the beginning: connected before the start, not a byte is missed.
        for uart in self.uarts():
            uart.connect()
        if isinstance(machine, Emulator):
            machine.start(paused=True)
            return
        machine.start()
        if isinstance(machine, Pausable):
            machine.pause()

    def _wire(self, use: str) -> Wire:
        assert self._machine is not None
        port = self._machine.port if use == "link" else self._machine.console_port
        assert port is not None
        return SocketWire(port)

    @property
    def is_arm(self) -> bool:
        return self._board.arch.startswith("arm")

    def _is_device(self, address: int) -> bool:
        """Peripherals and flash that takes commands: where Armv7-M has them, and below the DRAM of QEMU's RISC-V machine."""
        return 0x4000_0000 <= address < 0x6000_0000 if self.is_arm else address < 0x8000_0000

    @property
    def _board(self) -> boards.Board:
        if self.board is None:
            raise KeywordError(f"{self.name}: machine LoadPlatformDescription comes first")
        return self.board

    @contextmanager
    def _asking(self, what: str) -> Iterator[Machine]:
        with self._control:
            if self._machine is None:
                raise KeywordError(f"{self.name} does not run")
            try:
                yield self._machine
            except EmulatorError as error:
                raise KeywordError(f"could not {what}: {error}{last_words(self._machine.log)}") from error

    def _virtual(self, machine: Machine) -> int | None:
        if not isinstance(machine, Pausable):
            return None
        try:
            with self._control:
                return machine.virtual_ns()
        except EmulatorError as error:
            raise KeywordError(f"{error}{last_words(machine.log)}") from error
