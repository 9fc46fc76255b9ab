# SPDX-License-Identifier: Apache-2.0
# Runs on the board instead of the core and prints one JSON object. bench_components.py puts ARTIFACT, the device artifact of
# tests/support/analyzer, in front.
import gc
import json
import time

import motet_port
from motet_native import wasm

from motet_core.component import Component
from motet_core.component_artifact import Artifact

ROUNDS = const(32)  # noqa: F821
LIVE = const(5)  # noqa: F821
READING = {"reading": {"name": "temp", "values": [1.0, 2.0, 3.5]}}


def instructions(work):
    gc.collect()
    start = motet_port.cycles()
    work()
    return (motet_port.cycles() - start) * 1000000000 // motet_port.cycles_hz()


def per_round(loop):
    return (instructions(lambda: loop(ROUNDS * 2)) - instructions(lambda: loop(ROUNDS))) // ROUNDS


def calls(work):
    def loop(count):
        for _ in range(count):
            work()

    return loop


def nothing():
    pass


def instantiate(artifact):
    instance = wasm.Instance(artifact.module, artifact.memory, artifact.stack)
    instance.fuel = artifact.fuel
    return instance


def fill(components):
    """Heap for each of some components, their artifacts included, as they come over the link."""
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(LIVE):
        components.append(Component(bytearray(ARTIFACT)))  # noqa: F821
    gc.collect()
    return (gc.mem_alloc() - before) // LIVE


def bench():
    out, components = {}, []
    artifact = Artifact(ARTIFACT)  # noqa: F821
    out["instantiate"] = instructions(lambda: instantiate(artifact))
    instance = instantiate(artifact)
    descriptor = artifact.calls["lab.analyze"].types
    out["types"] = instructions(lambda: wasm.Types(descriptor))
    types = wasm.Types(descriptor)
    # The first time a function is bound it is compiled.
    out["compile_and_bind"] = instructions(lambda: instance.typed("analyze", types, json=True))
    out["bind"] = instructions(lambda: instance.typed("analyze", types, json=True))
    typed = instance.typed("analyze", types, json=True)
    reading = READING["reading"]

    def call():
        instance.fuel = 1000
        typed(reading)

    def fuel():
        instance.fuel = 1000

    out["typed_call"] = per_round(calls(call)) - per_round(calls(fuel))
    instance.close()
    out["component_bytes"] = fill(components)
    component = components[0]
    out["tool_call"] = per_round(calls(lambda: component.call("lab.analyze", READING))) - per_round(calls(nothing))
    out["live"] = sum([one.call("lab.analyze", READING)[0]["count"] == 3 for one in components])
    return out


result = bench()
while True:
    print("BENCH " + json.dumps(result))
    time.sleep(1)
