# SPDX-License-Identifier: Apache-2.0
# Runs on the board instead of the core. bench_straight.py puts MODULES in front: by name, two modules that differ in how often an
# instruction stands in them.
import gc
import json
import time

import motet_port
from motet_native import wasm


def microseconds(run):
    gc.collect()
    best = 1 << 30
    for _ in range(3):
        start = motet_port.cycles()
        run()
        best = min(best, motet_port.cycles() - start)
    return best * 1000000 // motet_port.cycles_hz()


def measured(code):
    instance = wasm.Instance(code, 4096, 2048)
    instance.fuel = 1000
    run = instance.find("run")
    run()
    taken = microseconds(run)
    instance.close()
    return taken


result = {name: measured(MODULES[name][1]) - measured(MODULES[name][0]) for name in MODULES}  # noqa: F821
while True:
    print("BENCH " + json.dumps(result))
    time.sleep(1)
