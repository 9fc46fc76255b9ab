# SPDX-License-Identifier: Apache-2.0
# Runs on the board instead of the core and prints one JSON object. bench_board.py puts MODEL (a .tflite), COMPONENT (the
# example component's module), MEMORY, its need of linear memory, and KEY and SIGNATURE over 680 zero bytes in front.
import gc
import json
import time

import motet_port
from motet_native import crypto, nn, wasm

# (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
#         (func (export "spin") (loop br 0)))
ADD = (
    b"\x00asm\x01\x00\x00\x00\x01\x0a\x02\x60\x02\x7f\x7f\x01\x7f\x60\x00\x00\x03\x03\x02\x00\x01\x07\x0e\x02\x03add\x00\x00"
    b"\x04spin\x00\x01\x0a\x11\x02\x07\x00\x20\x00\x20\x01\x6a\x0b\x07\x00\x03\x40\x0c\x00\x0b\x0b"
)
ROUNDS = const(64)  # noqa: F821


def instructions(work):
    """What one call of `work` costs, a call that does nothing subtracted."""
    gc.collect()
    start = motet_port.cycles()
    work()
    cycles = motet_port.cycles() - start
    start = motet_port.cycles()
    nothing()
    return (cycles - (motet_port.cycles() - start)) * 1000000000 // motet_port.cycles_hz()


def nothing():
    pass


def per_round(loop):
    return (instructions(lambda: loop(ROUNDS * 2)) - instructions(lambda: loop(ROUNDS))) // ROUNDS


def call_loop(function):
    def loop(count):
        for _ in range(count):
            function(1, 2)

    return loop


def empty_loop(count):
    for _ in range(count):
        pass


def python_add(one, other):
    return one + other


def instantiate():
    wasm.Instance(COMPONENT, MEMORY, 2048).find("push")  # noqa: F821


def spin_is_stopped(instance):
    """1 when a loop without end runs out of fuel and the next call works."""
    instance.fuel = 100000
    try:
        instance.find("spin")()
    except wasm.Trap:
        instance.fuel = 1000
        return int(instance.find("add")(2, 3) == 5)
    return 0


def pattern(count):
    """The test input of the reference figures: a linear congruential sequence."""
    seed, out = 12345, bytearray(count)
    for index in range(count):
        seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
        out[index] = seed >> 24
    return bytes(out)


def fnv(data):
    value = 2166136261
    for byte in data:
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value


def bench_wasm(out):
    instance = wasm.Instance(ADD, 256, 1024)
    instance.fuel = 1000000
    loop = per_round(empty_loop)
    out["wasm_call"] = per_round(call_loop(instance.find("add"))) - loop
    out["python_call"] = per_round(call_loop(python_add)) - loop
    out["runaway_stopped"] = spin_is_stopped(instance)
    instance.close()
    out["wasm_instantiate"] = instructions(instantiate)
    before = gc.mem_free()
    instance = wasm.Instance(COMPONENT, MEMORY, 2048)  # noqa: F821
    out["wasm_instance_bytes"] = before - gc.mem_free()
    instance.close()


def bench_nn(out):
    out["digits_load"] = instructions(lambda: nn.Model(MODEL))  # noqa: F821
    model = nn.Model(MODEL)  # noqa: F821
    data = pattern(64)
    out["digits_predict"] = instructions(lambda: model.predict([data]))
    model.input(0)[:] = data
    out["digits"] = instructions(model.invoke)
    out["digits_hash"] = f"{fnv(model.output(0)):08x}"
    out["digits_arena"] = model.arena_bytes


def bench_crypto(out):
    signed = bytes(680)
    out["signature_right"] = int(crypto.ed25519_verify(KEY, SIGNATURE, signed))  # noqa: F821
    out["signature_check"] = instructions(lambda: crypto.ed25519_verify(KEY, SIGNATURE, signed))  # noqa: F821
    kilobytes = bytes(4096)
    out["sha256_4096"] = instructions(lambda: crypto.sha256(kilobytes))
    out["sha512_4096"] = instructions(lambda: crypto.sha512(kilobytes))


def main():
    out = {}
    bench_wasm(out)
    bench_nn(out)
    bench_crypto(out)
    print("BENCH " + json.dumps(out))
    # The board ends here; an emulator reads the line whenever it connects and resets.
    while True:
        time.sleep(1)


main()
