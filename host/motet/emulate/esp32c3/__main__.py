# SPDX-License-Identifier: Apache-2.0
"""The runner: python -m motet.emulate.esp32c3 FLASH --control FD --uart NUMBER:FD... [--shift N] --seed N.

Serves UARTs on listening sockets and obeys JSON lines on the socket --control, one answer each;
the first line it writes there says {"ready": true} or {"error": ...}. It ends when the control channel is closed.
"""

import argparse
import json
import selectors
import socket
import sys
from pathlib import Path
from typing import Any

from unicorn import UcError
from unicorn.riscv_const import UC_RISCV_REG_PC, UC_RISCV_REG_X0

from motet.emulate.esp32c3.counter import UnknownUnicorn
from motet.emulate.esp32c3.machine import Machine
from motet.emulate.esp32c3.peripherals import BY_USB

_PC = 32


class Control:
    """The parent's commands, each a JSON object with "do"."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._input = b""

    def tell(self, answer: dict[str, Any]) -> None:
        self._channel.sendall(json.dumps(answer).encode() + b"\n")

    def serve(self, machine: Machine) -> None:
        """Obey what has come. Raises SystemExit when the parent is gone or wants the end."""
        data = self._channel.recv(1 << 20)
        if not data:
            sys.exit(0)
        *lines, self._input = (self._input + data).split(b"\n")
        for line in lines:
            try:
                answer = _obey(machine, json.loads(line))
            except (KeyError, TypeError, ValueError, UcError) as error:
                answer = {"error": str(error)}
            self.tell(answer)


def _obey(machine: Machine, command: dict[str, Any]) -> dict[str, Any]:
    what = command["do"]
    if what == "reset":
        machine.restart(BY_USB)
    elif what == "read":
        return {"data": machine.core.uc.mem_read(command["address"], command["length"]).hex()}
    elif what == "write":
        data = bytes.fromhex(command["data"])
        machine.core.uc.mem_write(command["address"], data)
        machine.core.forget_code(command["address"], len(data))
    elif what == "register":
        return {"value": machine.core.uc.reg_read(_register(command["number"]))}
    elif what == "set_register":
        machine.core.uc.reg_write(_register(command["number"]), command["value"])
    elif what in ("pause", "resume"):
        machine.pause(what == "pause")
    elif what == "quit":
        sys.exit(0)
    elif what != "status":
        raise ValueError(f"unknown command {what!r}")
    return {"instructions": machine.instructions, "nanoseconds": machine.nanoseconds, "paused": machine.paused}


def _register(number: int) -> int:
    """unicorn's number for GDB's: x0 to x31, then pc."""
    if not 0 <= number <= _PC:
        raise ValueError(f"there is no register {number}")
    return int(UC_RISCV_REG_PC if number == _PC else UC_RISCV_REG_X0 + number)


def _wire(text: str) -> tuple[int, socket.socket]:
    number, descriptor = text.split(":")
    return int(number), socket.socket(fileno=int(descriptor))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("flash", type=Path)
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--uart", type=_wire, action="append", required=True)
    parser.add_argument("--shift", type=int)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    channel = socket.socket(fileno=options.control)
    control = Control(channel)
    try:
        machine = Machine(options.flash, dict(options.uart), options.shift, options.seed)
    except (OSError, ValueError, UnknownUnicorn) as error:
        control.tell({"error": str(error)})
        return
    machine.selector.register(channel, selectors.EVENT_READ, control)
    control.tell({"ready": True})
    while True:
        machine.turn()
        # Standing still it waits for a command alone: what comes on a wire stays there.
        if machine.paused or any(key.data is control for key, _ in machine.selector.select(0)):
            control.serve(machine)


if __name__ == "__main__":
    main()
