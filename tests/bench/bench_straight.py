#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What single instructions take on the emulated RP2040, as the rule `straight` of admission counts them.

Prints one JSON object: for each instruction its microseconds, with the reading of its operands and the writing of its result,
and what the rule allows for that. Fails when an instruction takes longer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests/board"), str(HERE)]

from bench_board import SEED, build  # noqa: E402
from wasmtime import wat2wasm  # noqa: E402
from wire import Wire  # noqa: E402

from motet.components import features, straight  # noqa: E402
from motet.components.opcodes import instructions  # noqa: E402
from motet.emulate import create  # noqa: E402

BOARD, FEW, MANY = "rp2040", 4, 36
_CONSTANTS = {"i32": "77", "i64": "-9111111111111111111", "f32": "77.25", "f64": "77.25"}
_UNARY = {
    "i32": ["clz", "popcnt", "eqz", "load", "trunc_sat_f32_s", "trunc_f64_s", "wrap_i64"],
    "i64": ["clz", "popcnt", "load", "extend_i32_s", "trunc_sat_f64_u", "trunc_f32_s", "reinterpret_f64"],
    "f32": ["neg", "ceil", "nearest", "sqrt", "convert_i32_s", "convert_i64_u", "demote_f64", "load"],
    "f64": ["neg", "floor", "nearest", "sqrt", "convert_i32_u", "convert_i64_u", "promote_f32", "load"],
}
_BINARY = {
    "i32": ["add", "mul", "div_u", "rem_s", "rotl", "lt_s"],
    "i64": ["add", "mul", "div_s", "rem_u", "rotl", "shl"],
    "f32": ["add", "mul", "div", "min", "copysign"],
    "f64": ["add", "mul", "div", "max", "copysign"],
}


def statements() -> dict[str, str]:
    """One instruction each, its result kept in a local so that nothing is left out."""
    found = {}
    for kind, names in _UNARY.items():
        for name in names:
            source = "i32" if name == "load" else next((k for k in _CONSTANTS if name.endswith(k) or f"_{k}_" in name), kind)
            found[f"{kind}.{name}"] = f"(local.set $to_{kind} ({kind}.{name} (local.get ${'at' if name == 'load' else source})))"
    for kind, names in _BINARY.items():
        for name in names:
            target = "i32" if name == "lt_s" else kind
            found[f"{kind}.{name}"] = (
                f"(local.set $to_{target} ({kind}.{name} ({kind}.const {_CONSTANTS[kind]}) (local.get ${kind})))"
            )
    return found


def module(statement: str, times: int) -> bytes:
    kinds = "".join(f"(local ${kind} {kind}) (local $to_{kind} {kind})" for kind in _CONSTANTS) + "(local $at i32)"
    start = "".join(f"(local.set ${kind} ({kind}.const {value}))" for kind, value in _CONSTANTS.items() if kind != "i64")
    start += "(local.set $i64 (i64.const 3))(local.set $at (i32.const 64))"
    return bytes(wat2wasm(f'(module (memory 1) (func (export "run") {kinds} {start} {statement * times}))'))


def allowed(code: bytes) -> int:
    """What the rule counts for the one function of a module."""
    decoded = features.decode_profile(code)
    return sum(straight.cost(item.code) for item in instructions(code, decoded.bodies[0].start, decoded.bodies[0].end))


def main() -> int:
    given = {name: [module(text, times) for times in (FEW, MANY)] for name, text in statements().items()}
    folder = ROOT / "build/bench/straight"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.py").write_text(f"MODULES = {given!r}\n" + (HERE / "straight_program.py").read_text())
    image = Path(build(BOARD, "--main", str(folder))["uf2"])
    with create(BOARD, firmware=image, seed=SEED) as machine, Wire(machine.port, console=machine.console_port) as wire:
        machine.reset()
        wire.until(lambda: b"BENCH {" in wire.text and wire.text.endswith(b"}\r\n"), "result of the bench")
        taken = json.loads(bytes(wire.text).rpartition(b"BENCH ")[2])
    times = MANY - FEW
    figures = {name: [taken[name] / times, (allowed(many) - allowed(few)) / times] for name, (few, many) in given.items()}
    print(json.dumps({name: {"us": round(us, 2), "allowed_us": most} for name, (us, most) in figures.items()}))
    return int(any(us > most for us, most in figures.values()))


if __name__ == "__main__":
    sys.exit(main())
