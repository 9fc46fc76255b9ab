# SPDX-License-Identifier: Apache-2.0
# Runs on the board instead of the core and prints one JSON object. bench_components.py puts in front: WATCHER, the device
# artifact of tests/support/watcher, and GRANT, what a gateway would have signed for it.
import gc
import json
import time

import motet_port

from motet_core import platform
from motet_core.device import Device
from motet_core.grant import Grant
from motet_core.port import pair

ROUNDS = const(16)  # noqa: F821
SENSOR = "sea_temperature"


def per_call(work, *arguments):
    def instructions(count):
        gc.collect()
        gc.disable()
        start = motet_port.cycles()
        for _ in range(count):
            work(*arguments)
        gc.enable()
        return (motet_port.cycles() - start) * 1000000000 // motet_port.cycles_hz()

    work(*arguments)
    return (instructions(ROUNDS * 2) - instructions(ROUNDS)) // ROUNDS


_, inner = pair(512)
device = Device(inner, id="bench")
components = device.artifacts._host("component")
components.load("watch", 1, WATCHER, Grant(GRANT))  # noqa: F821
imports = components.get("watch")._imports
clock = imports._callable("motet:device/clock@0.1.0", "monotonic")
read = imports._callable("motet:device/sensors@0.1.0", "read")
sensor = device.sensors.found[SENSOR]
# What the grant costs: the import's callable without what it does.
result = {
    "clock": per_call(clock) - per_call(platform.clock_ms),
    "sensor": per_call(read, SENSOR) - per_call(sensor.read),
    "denied": per_call(read, "digit_camera"),
    "tool_with_two_imports": per_call(lambda: components.call("watch.times", {})),
}
while True:
    print("BENCH " + json.dumps(result))
    time.sleep(1)
