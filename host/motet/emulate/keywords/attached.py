# SPDX-License-Identifier: Apache-2.0
"""A real board on a serial port in the place of an emulated one: it can be listened and spoken to, and little else."""

from __future__ import annotations

import contextlib
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import serial

from motet.emulate import Emulator
from motet.emulate.keywords.errors import KeywordError, Unsupported
from motet.emulate.keywords.machines import EmulatedBoard
from motet.emulate.keywords.uart import Wire

_WHAT = "an attached board cannot be {} from here"


class SerialWire:
    """A serial port as a wire. Raises KeywordError when it cannot be opened."""

    def __init__(self, url: str, baud: int) -> None:
        try:
            self._port = serial.serial_for_url(url, baudrate=baud, timeout=0.2, exclusive=True)
        except (serial.SerialException, ValueError, OSError) as error:
            raise KeywordError(f"{url}: {error}") from None
        self._open = True

    def read(self) -> bytes:
        while self._open:
            try:
                data = self._port.read(max(1, self._port.in_waiting))
            except (serial.SerialException, OSError, TypeError, AttributeError):
                # pyserial's ports break in all these ways when they are closed under a reader.
                return b""
            if data:
                return bytes(data)
        return b""

    def write(self, data: bytes) -> None:
        with contextlib.suppress(serial.SerialException):
            self._port.write(data)

    def close(self) -> None:
        self._open = False
        with contextlib.suppress(serial.SerialException, OSError):
            self._port.close()


class AttachedBoard(EmulatedBoard):
    """Time is ours; what needs an emulator raises Unsupported, which skips the test."""

    @property
    def log(self) -> Path | None:
        return None

    def load_image(self, path: Path) -> None:
        """The image was flashed beforehand."""
        self.image = path

    def run(self) -> None:
        self.power()
        self.started = True

    def pause(self) -> None:
        raise Unsupported(_WHAT.format("paused"))

    def reset(self) -> None:
        raise Unsupported(_WHAT.format("reset"))

    def read(self, address: int, size: int) -> bytes:
        raise Unsupported(_WHAT.format("read"))

    def write(self, address: int, data: bytes) -> None:
        raise Unsupported(_WHAT.format("written to"))

    def qemu(self) -> Emulator:
        raise Unsupported(_WHAT.format("examined"))

    def debugger(self) -> AbstractContextManager[Any]:
        raise Unsupported(_WHAT.format("examined"))

    def now_ms(self) -> float:
        self.look()
        return (time.monotonic() - self._base) * 1000

    def instructions(self) -> int | None:
        return None

    def power(self) -> None:
        for name, use in self._names.items():
            if use == "link":
                self.uart(name).connect()

    def close(self) -> None:
        for uart in self._uarts.values():
            uart.disconnect()
        self.started = False

    def _wire(self, use: str) -> Wire:
        assert self.settings.attached is not None
        return SerialWire(self.settings.attached, self.settings.baud)
