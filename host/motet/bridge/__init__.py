# SPDX-License-Identifier: Apache-2.0
"""The serial bridge: puts a device behind a UART, a USB line or an emulator's socket on MQTT.

await Bridge("/dev/ttyUSB0", "mqtt://127.0.0.1:1883", "motet").run()
"""

from motet.bridge.bridge import Bridge
from motet.bridge.errors import IdTaken

__all__ = ["Bridge", "IdTaken"]
