# SPDX-License-Identifier: Apache-2.0
"""The main program of a microcontroller."""

import asyncio

import motet_port

from motet_core.device import Device
from motet_core.port_irq import IrqPort

_MTU = 512
_MAX_TOTAL = 4096


def main():
    """Serves for ever; an exception leaves to the port, which reports it and restarts the board."""
    from motet_native import frame

    port = IrqPort(frame.Link(mtu=_MTU, epoch=motet_port.epoch()), _MTU)
    fault = motet_port.last_fault()
    if fault:
        port.log("the run before ended with " + fault)
    asyncio.run(Device(port, max_total=_MAX_TOTAL).run())
