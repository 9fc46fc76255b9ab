# SPDX-License-Identifier: Apache-2.0
"""The fleet: which devices are there, what tools they have, and calls to them.

    bus = await Bus.connect("mqtt://127.0.0.1:1883", "gateway-1")
    fleet = Fleet(bus, realm="motet")
    fleet.add_listener(lambda event: print(event.kind, event.device.id))
    await fleet.start()
    result = await fleet.call_tool("board1", "sensors.read", {"sensor": "cpu_temperature"}, timeout=5)
    await fleet.close()

A device is `online` from its first valid presence record on; `tools` and `catalogue_hash` follow once its list has been
read and its hash verified (event `tools`), `offers`, which are resources and prompts, likewise (event `offers`); they stay as
they were while it is offline. Everything runs on one asyncio loop.
"""

from motet.fleet.calls import Log, Progress
from motet.fleet.catalogues import Offers
from motet.fleet.device import Device, Event
from motet.fleet.errors import (
    BadAnswer,
    BusDown,
    DeviceOffline,
    DeviceRestarted,
    DeviceTimeout,
    FleetError,
    RpcError,
)
from motet.fleet.fleet import Fleet

__all__ = [
    "BadAnswer",
    "BusDown",
    "Device",
    "DeviceOffline",
    "DeviceRestarted",
    "DeviceTimeout",
    "Event",
    "Fleet",
    "FleetError",
    "Log",
    "Offers",
    "Progress",
    "RpcError",
]
