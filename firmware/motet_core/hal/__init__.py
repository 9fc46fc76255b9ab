# SPDX-License-Identifier: Apache-2.0
"""What this device can sense. A sensor has name, about() -> dict, read() -> dict of JSON values and bytes."""

from motet_core import platform


def find():
    """The sensors of the platform: recorded data where there is no real part, and the machine's own on Linux."""
    from motet_core.hal import replay

    sensors = replay.sensors()
    if not platform.MCU:
        from motet_core.hal import linux

        sensors += linux.sensors()
    return sensors
