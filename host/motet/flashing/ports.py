# SPDX-License-Identifier: Apache-2.0
"""Serial ports: found by their USB ids, checked before a tool is pointed at them."""

from __future__ import annotations

import fcntl
import os
import stat
import struct
import termios
from collections.abc import Iterable
from typing import NamedTuple

from serial.tools import list_ports

from motet.flashing.errors import FlashError, Reason


class Found(NamedTuple):
    """A serial port of this machine; `usb` is "vid:pid" or "" for one that is not on USB."""

    device: str
    usb: str
    title: str


def present() -> list[Found]:
    """The serial ports of this machine."""
    return [
        Found(port.device, "" if port.vid is None else f"{port.vid:04x}:{port.pid:04x}", port.description or "")
        for port in sorted(list_ports.comports())
    ]


def find(board: str, usb: Iterable[str], ports: list[Found] | None = None) -> str:
    """The one port with one of the USB ids. Raises FlashError when there is none or are several."""
    ports = present() if ports is None else ports
    wanted = set(usb)
    fitting = [port for port in ports if port.usb in wanted]
    if len(fitting) == 1:
        return fitting[0].device
    if fitting:
        raise FlashError(Reason.PORT, f"several ports may be {board}: {_listed(fitting)}; choose one with --port")
    there = f"there are: {_listed(ports)}" if ports else "this machine has no serial port"
    raise FlashError(Reason.PORT, f"no port has a USB id of {board} ({', '.join(sorted(wanted)) or 'none is known'}); {there}")


def check(port: str) -> None:
    """Raise FlashError when a local `port` is missing, is no terminal, or may not be used. URLs are left to the tool."""
    if "://" in port:
        return
    try:
        mode = os.stat(port).st_mode
    except OSError as error:
        raise FlashError(Reason.PORT, f"{port}: {error.strerror}; is the board plugged in?") from error
    if not stat.S_ISCHR(mode):
        raise FlashError(Reason.PORT, f"{port} is no serial port")
    if not os.access(port, os.R_OK | os.W_OK):
        raise FlashError(Reason.PORT, f"{port}: no permission; join its group: sudo usermod -aG dialout $USER, then log in again")


def has_modem_lines(port: str) -> bool:
    """Whether the port has the wires that reset a chip (DTR, RTS): a pseudo terminal or a network port has none."""
    if "://" in port:
        return port.startswith("rfc2217://")
    try:
        number = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return True  # the tool will say what is wrong with it
    try:
        fcntl.ioctl(number, termios.TIOCMGET, struct.pack("I", 0))
    except OSError:
        return False
    finally:
        os.close(number)
    return True


def _listed(ports: list[Found]) -> str:
    return ", ".join(f"{port.device} ({' '.join(filter(None, (port.usb, port.title)))})" for port in ports)
