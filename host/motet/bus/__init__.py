# SPDX-License-Identifier: Apache-2.0
"""The seam between Motet and MQTT: one client class, its errors, and a private broker for machines without one."""

from motet.bus.client import Bus
from motet.bus.errors import BusError, BusFull, BusOffline, BusRefused, GuardRefused
from motet.bus.session import Will
from motet.bus.url import BrokerUrl

__all__ = ["BrokerUrl", "Bus", "BusError", "BusFull", "BusOffline", "BusRefused", "GuardRefused", "Will"]
