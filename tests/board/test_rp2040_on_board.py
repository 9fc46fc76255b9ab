# SPDX-License-Identifier: Apache-2.0
"""What only the RP2040's board has: MicroPython's shell on USB beside the link, and files in the flash."""

import socket
import subprocess
import time
from pathlib import Path

import pytest
from client import Client
from wire import Wire

from motet import boards
from motet.emulate import Machine, create

pytestmark = [pytest.mark.board, pytest.mark.only_on("rp2040")]

PATIENCE = 60.0
CTRL_A, CTRL_C, CTRL_D = b"\x01", b"\x03", b"\x04"


class Console:
    """MicroPython's raw shell on the USB serial port."""

    def __init__(self, machine: Machine) -> None:
        assert machine.console_port
        self._socket = socket.create_connection(("127.0.0.1", machine.console_port), timeout=PATIENCE)
        self._heard = b""

    def __enter__(self) -> "Console":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def until(self, text: bytes) -> bytes:
        deadline = time.monotonic() + PATIENCE
        while text not in self._heard:
            assert time.monotonic() < deadline, self._heard
            data = self._socket.recv(4096)
            assert data, self._heard
            self._heard += data
        before, _, self._heard = self._heard.partition(text)
        return before

    def start(self, code: str) -> None:
        """Interrupt what runs, and run `code` instead."""
        self._socket.sendall(CTRL_C + CTRL_A)
        self.until(b"raw REPL; CTRL-B to exit\r\n>")
        self._socket.sendall(code.encode() + CTRL_D)
        self.until(b"OK")

    def run(self, code: str) -> str:
        """The same; returns what it printed when it has ended."""
        self.start(code)
        printed, errors = self.until(CTRL_D), self.until(CTRL_D)
        assert not errors, errors
        return printed.decode().strip()


def test_the_usb_console_says_what_started_and_the_link_stays_free_of_text(product: Machine) -> None:
    with Console(product) as console, Wire(product.port) as wire:
        assert console.until(b" after ").endswith(b"motet on rp2040")
        Client(wire)
        assert b"motet on" not in wire.raw


def test_files_survive_a_power_cut(board: boards.Board, image: dict[str, object], tmp_path: Path) -> None:
    with create(board, firmware=Path(str(image["uf2"])), flash=tmp_path / "flash") as machine:
        with Console(machine) as console:
            console.until(b"motet on rp2040")
            assert console.run("with open('kept', 'w') as file: print(file.write('across power'))") == "12"
        machine.kill()
    with create(board, flash=tmp_path / "flash") as machine, Console(machine) as console:
        console.until(b"motet on rp2040")
        assert console.run("print(open('kept').read())") == "across power"


def test_machine_reset_restarts_the_part_and_says_so(product: Machine) -> None:
    with Console(product) as console:
        console.until(b"after power_on")
        console.start("import machine; machine.reset()")
        console.until(b"after reset")
    with Wire(product.port) as wire:
        assert Client(wire).presence["reset_reason"] == "reset"


def symbol(machine: Machine, name: str) -> int:
    listing = subprocess.run(["arm-none-eabi-nm", str(machine.firmware)], capture_output=True, text=True, check=True).stdout
    return next(int(line.split()[0], 16) for line in listing.splitlines() if line.endswith(f" {name}"))


def test_a_fault_is_reported_on_the_wire_and_remembered(product: Machine) -> None:
    with Wire(product.port) as wire:
        Client(wire)
        tick = symbol(product, "port_on_tick")
        mended = product.read_memory(tick, 2)
        product.write_memory(tick, b"\x00\xde")  # udf #0
        wire.until(lambda: b"HARDFAULT pc=%08x" % tick in wire.raw, "fault report")
        product.write_memory(tick, mended)
    with Wire(product.port) as wire:
        assert Client(wire, nonce=b"another!").presence["reset_reason"] == "fault"


def test_a_device_core_that_hangs_is_restarted_by_the_tick(product: Machine) -> None:
    with Wire(product.port) as wire:
        Client(wire)
        wait = symbol(product, "__wrap_mp_wfe_or_timeout")
        mended = product.read_memory(wait, 2)
        product.write_memory(symbol(product, "limit_ms"), (300).to_bytes(4, "little"))
        product.write_memory(wait, b"\xfe\xe7")  # a branch to itself
        wire.until(lambda: b"the program does not come back" in wire.raw, "report")
        product.write_memory(wait, mended)
    with Wire(product.port) as wire:
        assert Client(wire, nonce=b"another!").presence["reset_reason"] == "watchdog"
