# SPDX-License-Identifier: Apache-2.0
"""Every numeric operation gives on our engine what it gives on wasmtime, on ordinary, extreme and random values."""

import math
import random
import struct
from collections.abc import Callable

import pytest
import wasmtime
from motet_native import wasm

INTEGER_UNARY = ["clz", "ctz", "popcnt", "eqz", "extend8_s", "extend16_s"]
INTEGER_BINARY = [
    "add",
    "sub",
    "mul",
    "div_s",
    "div_u",
    "rem_s",
    "rem_u",
    "and",
    "or",
    "xor",
    "shl",
    "shr_s",
    "shr_u",
    "rotl",
    "rotr",
]
INTEGER_COMPARE = ["eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"]
FLOAT_UNARY = ["abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt"]
FLOAT_BINARY = ["add", "sub", "mul", "div", "min", "max", "copysign"]
FLOAT_COMPARE = ["eq", "ne", "lt", "gt", "le", "ge"]
CONVERSIONS = (
    "i32.wrap_i64 i64.extend_i32_s i64.extend_i32_u i64.extend32_s f32.demote_f64 f64.promote_f32 "
    "i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64 "
    + " ".join(f"{i}.trunc_{sat}{f}_{s}" for i in ("i32", "i64") for f in ("f32", "f64") for s in "su" for sat in ("", "sat_"))
    + " "
    + " ".join(f"{f}.convert_{i}_{s}" for i in ("i32", "i64") for f in ("f32", "f64") for s in "su")
).split()


def operations() -> dict[str, tuple[str, str]]:
    """Operation -> (types of its arguments, type of its result)."""
    table = {}
    for kind in ("i32", "i64"):
        table |= {f"{kind}.{name}": (kind, "i32" if name == "eqz" else kind) for name in INTEGER_UNARY}
        table |= {f"{kind}.{name}": (f"{kind} {kind}", kind) for name in INTEGER_BINARY}
        table |= {f"{kind}.{name}": (f"{kind} {kind}", "i32") for name in INTEGER_COMPARE}
    for kind in ("f32", "f64"):
        table |= {f"{kind}.{name}": (kind, kind) for name in FLOAT_UNARY}
        table |= {f"{kind}.{name}": (f"{kind} {kind}", kind) for name in FLOAT_BINARY}
        table |= {f"{kind}.{name}": (f"{kind} {kind}", "i32") for name in FLOAT_COMPARE}
    for name in CONVERSIONS:
        source = "i64" if name == "i64.extend32_s" else name.partition(".")[2].replace("sat_", "").split("_")[1]
        table[name] = (source, name[:3])
    return table


OPERATIONS = operations()


def module() -> bytes:
    functions = []
    for name, (arguments, result) in OPERATIONS.items():
        gets = " ".join(f"local.get {i}" for i in range(len(arguments.split())))
        functions.append(f'(func (export "{name}") (param {arguments}) (result {result}) {gets} {name})')
    return bytes(wasmtime.wat2wasm(f"(module {' '.join(functions)})"))


def single(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def values(kind: str, source: random.Random) -> list[int | float]:
    if kind[0] == "i":
        bits = int(kind[1:])
        extremes = [0, 1, 2, 31, 63, -1, -2, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), 0x12345678]
        return [*extremes, *(source.getrandbits(bits) - 2 ** (bits - 1) for _ in range(4))]
    extremes = [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -1.0, 1e-40, 3e9, -3e9, 1e19, 2.0**31, 2.0**63, math.inf, -math.inf, math.nan]
    chosen = [*extremes, *(source.uniform(-1e6, 1e6) for _ in range(4))]
    return [single(value) for value in chosen] if kind == "f32" else list(chosen)


def outcome(call: Callable[[], object], trap: type[Exception]) -> object:
    """The result in a form that compares, with the sign of zero and one NaN for all; or "trap"."""
    try:
        result = call()
    except trap:
        return "trap"
    if isinstance(result, float):
        return "nan" if math.isnan(result) else (result, math.copysign(1, result))
    return result


@pytest.fixture(scope="module")
def engines() -> tuple[wasm.Instance, wasmtime.Store, wasmtime.Instance]:
    code = module()
    store = wasmtime.Store()
    return wasm.Instance(code), store, wasmtime.Instance(store, wasmtime.Module(store.engine, code), [])


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation(name: str, engines: tuple[wasm.Instance, wasmtime.Store, wasmtime.Instance]) -> None:
    ours, store, theirs = engines
    kinds = OPERATIONS[name][0].split()
    source = random.Random(name)
    columns = [values(kind, source) for kind in kinds]
    rows = [(first,) for first in columns[0]] if len(kinds) == 1 else [(a, b) for a in columns[0] for b in columns[1]]
    function, reference = ours.find(name), theirs.exports(store)[name]
    assert isinstance(reference, wasmtime.Func)
    ours.fuel = len(rows)
    for row in rows:
        expected = outcome(lambda row=row: reference(store, *row), wasmtime.Trap)  # type: ignore[misc]
        assert outcome(lambda row=row: function(*row), wasm.Trap) == expected, row  # type: ignore[misc]
    assert ours.fuel == 0
