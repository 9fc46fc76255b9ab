# SPDX-License-Identifier: Apache-2.0
# Runs on the board instead of the core and prints one JSON object. bench_components.py puts in front: two device artifacts, ASKER
# and ANSWERER, and GRANT, what a gateway would have signed for the first.
import gc
import json
import time

import motet_port

from motet_core.device import Device
from motet_core.grant import Grant
from motet_core.port import pair

ROUNDS = const(16)  # noqa: F821
DATA = list(b"sixteen bytes...")


def per_call(tool):
    def loop(count):
        for _ in range(count):
            components.call(tool, {"to": "svc", "data": DATA})

    def instructions(count):
        gc.collect()
        start = motet_port.cycles()
        loop(count)
        return (motet_port.cycles() - start) * 1000000000 // motet_port.cycles_hz()

    loop(2)
    return (instructions(ROUNDS * 2) - instructions(ROUNDS)) // ROUNDS


_, inner = pair(512)
device = Device(inner, id="bench")
components = device.artifacts._host("component")
components.load("svc", 1, ANSWERER)  # noqa: F821
components.load("asker", 1, ASKER, Grant(GRANT))  # noqa: F821
assert components.call("asker.ask", {"to": "svc", "data": DATA})[0] == {"result": DATA}
# The same call without a message in it is what carries the message.
result = {"tool_call": per_call("asker.keep"), "with_message": per_call("asker.ask")}
result["message"] = result["with_message"] - result["tool_call"]
while True:
    print("BENCH " + json.dumps(result))
    time.sleep(1)
