# SPDX-License-Identifier: Apache-2.0
"""The example component `vote` against a model of its contract, on the device engine and on wasmtime."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
import wasmtime
from component_modules import VOTE
from hypothesis import given, settings
from hypothesis import strategies as st
from motet_native import wasm as native

from motet.components.admission import Admitted
from motet.components.packages import accept, read

Tally = tuple[int, int, int]
Call = Callable[..., "int | Tally | None"]


class Expected:
    """What vote.wit promises, in the plainest way."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.size = 5

    def push(self, label: int) -> Tally:
        self.seen = [*self.seen, label][-self.size :]
        newest_first = self.seen[::-1]
        winner = max(newest_first, key=lambda one: (newest_first.count(one), -newest_first.index(one)))
        return winner, newest_first.count(winner), len(self.seen)

    def configure(self, window: int) -> int:
        self.size, self.seen = min(max(window, 1), 16), []
        return self.size

    def reset(self) -> None:
        self.seen = []


@pytest.fixture(scope="module")
def admitted() -> Admitted:
    accepted = accept(read(VOTE))
    assert isinstance(accepted, Admitted)
    return accepted


def on_device_engine(admitted: Admitted) -> Call:
    limits = admitted.manifest.limits
    instance = native.Instance(admitted.module, memory=limits.memory, stack=limits.stack)

    def call(export: str, *arguments: int) -> int | Tally | None:
        instance.fuel = limits.fuel
        value = instance.find(export)(*arguments)
        return _tally(instance.read(value, 12)) if export == "push" else value

    return call


def on_wasmtime(admitted: Admitted) -> Call:
    store = wasmtime.Store()
    exports = wasmtime.Instance(store, wasmtime.Module(store.engine, admitted.module), []).exports(store)

    def call(export: str, *arguments: int) -> int | Tally | None:
        # wasmtime takes an i32 as a signed number.
        value = exports[export](store, *((a + 2**31) % 2**32 - 2**31 for a in arguments))
        return _tally(bytes(exports["memory"].read(store, value, value + 12))) if export == "push" else value

    return call


def _tally(data: bytes) -> Tally:
    label, votes, window = struct.unpack("<III", data)
    return label, votes, window


ENGINES = pytest.mark.parametrize("engine", [on_device_engine, on_wasmtime])


@ENGINES
def test_the_majority_wins_although_the_newest_differs(engine: Callable[[Admitted], Call], admitted: Admitted) -> None:
    call = engine(admitted)
    assert [call("push", label) for label in (7, 7, 1, 7, 2)][-1] == (7, 3, 5)


@ENGINES
def test_among_equals_the_one_seen_last_wins(engine: Callable[[Admitted], Call], admitted: Admitted) -> None:
    call = engine(admitted)
    assert [call("push", label) for label in (1, 2)] == [(1, 1, 1), (2, 1, 2)]


@ENGINES
def test_the_oldest_falls_out_of_a_full_window(engine: Callable[[Admitted], Call], admitted: Admitted) -> None:
    call = engine(admitted)
    assert call("configure", 3) == 3
    assert [call("push", label) for label in (4, 4, 9, 9)][-1] == (9, 2, 3)


@ENGINES
@pytest.mark.parametrize(("asked", "given"), [(0, 1), (1, 1), (16, 16), (17, 16), (2**32 - 1, 16)])
def test_a_window_outside_its_range_is_moved_into_it(
    engine: Callable[[Admitted], Call], admitted: Admitted, asked: int, given: int
) -> None:
    assert engine(admitted)("configure", asked) == given


@ENGINES
def test_the_widest_window_stays_within_its_fuel(engine: Callable[[Admitted], Call], admitted: Admitted) -> None:
    call = engine(admitted)
    call("configure", 16)
    assert [call("push", label) for label in range(40)][-1] == (39, 1, 16)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.integers(0, 4) | st.integers(0, 2**32 - 1)),
        st.tuples(st.just("configure"), st.integers(0, 20)),
        st.tuples(st.just("reset")),
    ),
    max_size=60,
)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(steps=STEPS)
def test_both_engines_do_what_the_contract_says_for_any_sequence(admitted: Admitted, steps: list[tuple[str, ...]]) -> None:
    device, reference, expected = on_device_engine(admitted), on_wasmtime(admitted), Expected()
    for export, *arguments in steps:
        wanted = getattr(expected, export)(*arguments)
        assert device(export, *arguments) == wanted
        assert reference(export, *arguments) == wanted
