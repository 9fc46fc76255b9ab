# SPDX-License-Identifier: Apache-2.0
"""motet_native.wasm on CPython: threads, memory of the process, garbage."""

import gc
import importlib.util
import resource
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import motet_native
import pytest
from motet_native import wasm

DEADLINE_S = 30
PLENTY = 2**32 - 1


def load_fixtures() -> ModuleType:
    path = Path(__file__).resolve().parents[1] / "dual/fixtures_wasm.py"
    spec = importlib.util.spec_from_file_location("fixtures_wasm", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fixtures = load_fixtures()


@pytest.fixture(autouse=True)
def clear_cancel() -> Iterator[None]:
    motet_native.cancel(False)
    yield
    motet_native.cancel(False)


class Blocked:
    """An instance whose call stays inside an import, in a thread of its own, until the end of the block."""

    def __init__(self) -> None:
        self.instance = wasm.Instance(fixtures.HOST)
        self.started = threading.Event()
        self.instance.link("env", "twice", lambda value: value)
        self.instance.link("env", "wide", lambda *values: 0.0)
        self.instance.link("sys", "note", self.block)
        self.release = threading.Event()
        self.errors: list[BaseException] = []
        self.thread = threading.Thread(target=self.run)

    def block(self) -> None:
        self.started.set()
        assert self.release.wait(DEADLINE_S)

    def run(self) -> None:
        try:
            self.instance.fuel = 10
            self.instance.find("call_note")()
        except BaseException as error:
            self.errors.append(error)

    def __enter__(self) -> "Blocked":
        self.thread.start()
        assert self.started.wait(DEADLINE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self.thread.join(DEADLINE_S)
        assert not self.thread.is_alive()


def test_a_running_instance_refuses_every_use_by_another_thread() -> None:
    with Blocked() as blocked:
        instance = blocked.instance
        uses = [
            lambda: instance.find("inner"),
            lambda: instance.link("sys", "note", print),
            lambda: instance.read(0, 0),
            lambda: instance.write(0, b""),
            lambda: instance.memory_bytes,
            lambda: setattr(instance, "fuel", 1),
            instance.imports,
            instance.exports,
            instance.close,
        ]
        for use in uses:
            with pytest.raises(wasm.Error, match="running"):
                use()
    assert blocked.errors == []
    assert instance.find("inner")(6) == 42


def test_a_running_function_refuses_a_call_by_another_thread() -> None:
    blocked = Blocked()
    inner = blocked.instance.find("inner")
    with blocked, pytest.raises(wasm.Error, match="another thread"):
        inner(1)
    blocked.instance.fuel = 1
    assert inner(6) == 42


def test_python_runs_on_while_wasm_code_spins_and_can_cancel_it() -> None:
    instance = wasm.Instance(fixtures.LOOPS)
    instance.fuel = PLENTY
    spin = instance.find("spin")
    traps: list[str] = []

    def run() -> None:
        with pytest.raises(wasm.Trap) as caught:
            spin()
        traps.append(str(caught.value))

    thread = threading.Thread(target=run)
    thread.start()
    # This thread gets the GIL while the other spins without it.
    while instance.fuel == PLENTY:
        pass
    motet_native.cancel()
    thread.join(DEADLINE_S)
    assert not thread.is_alive()
    assert traps == ["cancelled"]


def test_instances_run_side_by_side_in_threads() -> None:
    results: list[int] = []

    def run(number: int) -> None:
        instance = wasm.Instance(fixtures.LOOPS)
        instance.fuel = PLENTY
        fib = instance.find("fib")
        results.extend(fib(n) for n in range(number, number + 10))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    series = [0, 1]
    while len(series) < 20:
        series.append(series[-1] + series[-2])
    assert sorted(results) == sorted(series[n] for start in range(8) for n in range(start, start + 10))


@pytest.mark.parametrize("size", [96 * 1024, 128 * 1024, 256 * 1024, 1024 * 1024])
def test_recursion_traps_in_a_thread_with_a_small_stack(size: int) -> None:
    traps: list[str] = []

    def run() -> None:
        instance = wasm.Instance(fixtures.TRAPS, stack=1 << 20)
        instance.fuel = PLENTY
        with pytest.raises(wasm.Trap) as caught:
            instance.find("recurse_bare")()
        traps.append(str(caught.value))

    before = threading.stack_size(size)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join(DEADLINE_S)
    finally:
        threading.stack_size(before)
    assert traps == ["stack overflow"]


def cycle() -> None:
    instance = wasm.Instance(fixtures.HOST, memory=65536, stack=65536)
    instance.fuel = 10
    for module, name, _ in instance.imports():
        instance.link(module, name, lambda *values: 1)
    instance.find("call_twice")(1)


def test_two_thousand_instances_do_not_grow_the_process() -> None:
    for _ in range(200):
        cycle()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(2000):
        cycle()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2048, "KiB"


def test_refused_modules_do_not_grow_the_process() -> None:
    def refused() -> None:
        for code in (fixtures.DATA_OUTSIDE, fixtures.TWO_RESULTS, fixtures.TRAPS[:-3], fixtures.IMPORT_GLOBAL):
            with pytest.raises(wasm.Error):
                wasm.Instance(code, stack=65536)

    for _ in range(200):
        refused()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(1000):
        refused()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2048, "KiB"


def test_a_cycle_through_an_import_is_collected() -> None:
    class Host:
        def note(self) -> None:
            """An import."""

    host = Host()
    host.instance = wasm.Instance(fixtures.HOST)  # type: ignore[attr-defined]
    host.instance.link("sys", "note", host.note)  # type: ignore[attr-defined]
    gone = weakref.ref(host)
    del host
    gc.collect()
    assert gone() is None


def test_code_in_a_bytearray_cannot_be_resized_while_it_is_in_use() -> None:
    code = bytearray(fixtures.LOOPS)
    instance = wasm.Instance(code)
    with pytest.raises(BufferError):
        code.clear()
    instance.close()
    code.clear()


def test_functions_cannot_be_made_by_hand() -> None:
    with pytest.raises(TypeError):
        wasm.Function()  # type: ignore[call-arg]
