# SPDX-License-Identifier: Apache-2.0
"""Components on wasmtime: whoever uses the device engine finds the same values, the same refusals and the same words."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import motet_native
import pytest
from component_modules import wat
from motet_native import wasm as device
from tests.support import abi_guests, abi_random
from tests.support.abi_engines import EXPORTS, Broken, Native

from motet.components import descriptor, jit
from motet.components.admission import Admitted
from motet.components.jit import code, node
from motet.components.packages import accept, read
from motet_core import canonical_call, platform
from motet_core.component import Component
from motet_core.errors import Cancelled, ToolError

ANALYZER = Path(__file__).parents[1] / "support/analyzer"
TYPES, VALUES = 60, 6
READING = {"name": "temp", "values": [1.0, 2.0, 4.5]}


class Device(Native):
    """The same on the device engine."""

    def as_json(self, data: bytes) -> Any:
        return self.instance.typed("parse", self.types, json=True)(data)


class Jit(Device):
    """A guest with typed functions on wasmtime."""

    def __init__(self, kind: Any) -> None:
        data = descriptor.encode(abi_guests.functions(kind))
        shape = canonical_call.Types(data).functions["echo"].params
        self._code = abi_guests.core_module(shape.core, shape.size)
        self.wasmtime_types = jit.Types(data)
        self.renew()

    def renew(self) -> None:
        self.on_wasmtime = jit.Instance(self._code, memory=abi_guests.MEMORY)
        self.on_wasmtime.link_typed("host", "echo", self.wasmtime_types, lambda value: value)
        self.on_wasmtime.fuel = 1 << 30
        self._calls = {name: self.on_wasmtime.typed(name, self.wasmtime_types) for name in EXPORTS}

    def as_json(self, data: bytes) -> Any:
        return self.on_wasmtime.typed("parse", self.wasmtime_types, json=True)(data)

    def call(self, name: str, *values: Any) -> Any:
        try:
            return self._calls[name](*values)
        except jit.Trap as error:
            raise Broken(str(error)) from None


def outcome(guest: Native, name: str, *values: Any) -> tuple[str, Any]:
    try:
        return "value", guest.call(name, *values)
    except Broken as error:
        return "broken", str(error)


def test_random_types_give_the_same_values_bytes_and_refusals_as_on_the_device_engine() -> None:
    for number in range(TYPES):
        rng = random.Random(f"jit {number}")
        kind = abi_random.random_type(rng)
        guests = Device(kind), Jit(kind)
        for _ in range(VALUES):
            value = abi_random.random_value(rng, kind)
            for guest in guests:
                guest.renew()
            for name, values in (("echo", [value]), ("flat", [value]), ("stored", [value, *[0] * 17])):
                told = [outcome(guest, name, *values) for guest in guests]
                assert abi_random.same(told[0], told[1]), (kind, name, value, told)
            data = bytearray(told[0][1])
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            told = [outcome(guest, "parse", bytes(data)) for guest in guests]
            assert abi_random.same(told[0], told[1]), (kind, bytes(data), told)


def test_what_json_cannot_carry_is_refused_in_the_same_place() -> None:
    for number in range(TYPES):
        rng = random.Random(f"json {number}")
        kind = abi_random.random_type(rng)
        guests, value, told = (Device(kind), Jit(kind)), abi_random.random_value(rng, kind), []
        for guest in guests:
            data = guest.call("stored", value, *[0] * 17)
            try:
                told.append(guest.as_json(data))
            except (ValueError, device.Trap, jit.Trap) as error:
                told.append((type(error).__name__, str(error)))
        assert abi_random.same(*told), (kind, told)


TRAPS = [
    "(unreachable)",
    "(drop (i32.div_u (i32.const 1) (i32.const 0)))",
    "(drop (i32.div_s (i32.const -2147483648) (i32.const -1)))",
    "(drop (i32.trunc_f32_s (f32.const inf)))",
    "(drop (i32.load (i32.const 70000)))",
    "(call $run)",
    "(loop (br 0))",
    "(call_indirect (type $other) (i32.const 0) (i32.const 0))",
    "(call_indirect (type $other) (i32.const 0) (i32.const 1))",
    "(call_indirect (type $other) (i32.const 0) (i32.const 9))",
]


@pytest.mark.parametrize("body", TRAPS)
def test_a_trap_is_told_in_the_same_words(body: str) -> None:
    types = "(type $other (func (param i32))) (table 2 funcref) (elem (i32.const 0) $run)"
    text = f'{types} (memory 1) (func $run (export "run") {body})'
    module, said = wat(text), []
    for engine in (device, jit):
        instance = engine.Instance(module, memory=65536, stack=2048)
        instance.fuel = 100_000
        with pytest.raises(engine.Trap) as caught:
            instance.find("run")()
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_fuel_is_counted_in_the_devices_units_and_never_ends_what_a_device_lets_through() -> None:
    loop = "(loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 900))))"
    module = wat(f'(func (export "run") (local i32) {loop} {"(drop (i64.mul (i64.const 3) (i64.const 5)))" * 1000})')
    for engine in (device, jit):
        instance = engine.Instance(module)
        instance.fuel = 1000
        instance.find("run")()
        assert 0 < instance.fuel < 1000


def test_memory_has_the_limit_in_whole_pages() -> None:
    grow = '(memory (export "memory") 1) (func (export "run") (param i32) (result i32) (memory.grow (local.get 0)))'
    instance = jit.Instance(wat(grow), memory=2 * code.PAGE)
    instance.fuel = 10
    run = instance.find("run")
    assert [run(1), run(1), instance.memory_bytes] == [1, -1, 2 * code.PAGE]
    instance.write(2 * code.PAGE - 3, b"abc")
    assert instance.read(2 * code.PAGE - 3, 3) == b"abc"
    for offset, length in ((2 * code.PAGE, 1), (-1, 1), (0, -1)):
        with pytest.raises(IndexError):
            instance.read(offset, length)


def test_wrong_use_is_an_error_with_the_name() -> None:
    module = wat('(import "host" "f" (func (param i32))) (func (export "run") (param i64))')
    instance = jit.Instance(module)
    assert instance.imports() == [("host", "f", "v(i)")] and instance.exports() == [("run", "v(I)")]
    with pytest.raises(jit.Error, match=r"host\.g: no such import"):
        instance.link("host", "g", print)
    with pytest.raises(jit.Error, match=r"host\.f: the import is not linked"):
        instance.find("run")
    instance.link("host", "f", print)
    with pytest.raises(jit.Error, match="exports no such function"):
        instance.find("nothing")
    for bad in (b"", b"\0asm\1\0\0\0\xff", wat('(import "a" "b" (memory 1))')):
        with pytest.raises(jit.Error):
            jit.Instance(bad)
    with pytest.raises(jit.Error):
        jit.Types(b"\7")
    instance.close()
    instance.close()
    with pytest.raises(jit.Error, match="closed"):
        instance.exports()


def test_what_an_import_raises_arrives_unchanged_and_ends_the_call() -> None:
    module = wat('(import "host" "f" (func $f)) (func (export "run") (call $f) (unreachable))')
    instance = jit.Instance(module)

    def refuse() -> None:
        raise PermissionError("not granted")

    instance.link("host", "f", refuse)
    instance.fuel = 10
    for _ in range(2):
        with pytest.raises(PermissionError, match="not granted"):
            instance.find("run")()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("f", "x(i)", 1)], "not a signature"),
        ([("f", "i(i", 1)], "not a signature"),
        ([("f", "i(v)", 1)], "not a signature"),
        ([("f", f"i({'i' * 18})", 1)], "not a signature"),
        ([("f", "i(i)")], "expected"),
        ([("f" * 5000, "i(i)", 1)], "expected"),
        (["f"], "expected"),
    ],
)
def test_functions_of_another_engine_need_names_and_signatures(rows: list[Any], words: str) -> None:
    with pytest.raises((device.Error, TypeError), match=words):
        device.Instance.elsewhere(rows, 4096, 0, 0, 0, 0, 0)


def test_an_instance_without_functions_and_memory_has_neither() -> None:
    instance = device.Instance.elsewhere([], 4096, 0, 0, 0, 0, 0)
    assert (instance.exports(), instance.imports(), instance.memory_bytes, instance.failure()) == ([], [], 0, (0, 0))
    with pytest.raises(IndexError):
        instance.read(0, 1)
    instance.close()
    with pytest.raises(device.Error, match="closed"):
        instance.exports()


def test_a_module_is_compiled_once() -> None:
    module = wat('(func (export "run"))')
    assert code.compiled(module) is code.compiled(bytes(bytearray(module)))


@pytest.fixture
def on_wasmtime() -> Iterator[None]:
    before = platform.native()
    platform.replace_native(node.parts())
    yield
    platform.replace_native(before)
    motet_native.cancel(False)


@pytest.fixture(scope="module")
def admitted() -> Admitted:
    found = accept(read(ANALYZER))
    assert isinstance(found, Admitted)
    return found


@pytest.mark.usefixtures("on_wasmtime")
def test_the_device_artifact_itself_runs_here(admitted: Admitted) -> None:
    component = Component(admitted.artifact)
    assert component.call("lab.analyze", {"reading": READING})[0] == {
        "label": "temp",
        "count": 3,
        "mean": 2.5,
        "min": 1.0,
        "max": 4.5,
    }
    with pytest.raises(ToolError, match='"tag":"empty"'):
        component.call("lab.analyze", {"reading": {"name": "x", "values": []}})
    with pytest.raises(ToolError, match=r"reading\.values\[1\]: expected f32"):
        component.call("lab.analyze", {"reading": {"name": "x", "values": [1, "2"]}})
    component.close()


@pytest.mark.usefixtures("on_wasmtime")
def test_a_call_is_cancelled_from_another_thread(admitted: Admitted) -> None:
    endless = jit.Instance(wat('(func (export "run") (loop (br 0)))'))
    endless.fuel = (1 << 32) - 1
    run = endless.find("run")
    timer = threading.Timer(0.05, platform.native().cancel)
    timer.start()
    with pytest.raises(jit.Trap, match="cancelled"):
        run()
    timer.join()
    with pytest.raises(Cancelled):
        Component(admitted.artifact).call("lab.mirror", {"text": "x"})
    platform.native().cancel(False)
    assert Component(admitted.artifact).call("lab.mirror", {"text": "x"})[0] == {"result": "x"}
