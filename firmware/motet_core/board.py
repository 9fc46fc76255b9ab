# SPDX-License-Identifier: Apache-2.0
"""The main program of a microcontroller."""

import asyncio
import gc

import motet_port

from motet_core import platform
from motet_core.device import Device
from motet_core.port_irq import IrqPort

_MTU = 512
_MAX_TOTAL = 4096
# Left to itself, MicroPython collects only when the heap is full, and whatever lives on is by then scattered all over it:
# no block of 6 KB with 60 KB free. Collecting often keeps the living at the bottom.
_COLLECT_EVERY = 8192


def main(extras=()):
    """Serves for ever; an exception leaves to the port, which reports it and restarts the board. `extras` as of Device."""
    from motet_native import frame

    gc.threshold(_COLLECT_EVERY)
    port = IrqPort(frame.Link(mtu=_MTU, epoch=motet_port.epoch()), _MTU)
    fault = motet_port.last_fault()
    if fault:
        port.log("the run before ended with " + fault)
    asyncio.run(Device(port, max_total=_MAX_TOTAL, flash=platform.flash(), extras=extras).run())
