# SPDX-License-Identifier: Apache-2.0
"""The store against a model of it, over random calls, restarts, power cuts and worn sectors."""

import hashlib

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from motet_native import store

BOARD = "model"
KEYS = st.sampled_from(["a", "b", "c", "a much longer key"])
SPACES = st.sampled_from(["x", "y"])
NAMES = st.sampled_from(["kit", "model"])
MAY_FAIL = ("full", "power")


class StoreMachine(RuleBasedStateMachine):
    """`values` and `artifacts` are what must be there; a call cut short may have happened or not."""

    @initialize(unit=st.sampled_from([1, 4, 8]), sectors=st.integers(2, 6))
    def start(self, unit: int, sectors: int) -> None:
        self.flash = store.Flash(log=(sectors, 2048), slots=(6, 4096), unit=unit)
        self.kept = store.Store(self.flash, BOARD)
        self.values: dict[tuple[str, str], bytes] = {}
        self.artifacts: dict[str, tuple[int, bytes]] = {}
        self.revision = 0

    def _cut(self, at: int, seed: int) -> None:
        if at:
            self.flash.cut(at, "random", seed)

    @rule(space=SPACES, key=KEYS, value=st.binary(max_size=300), at=st.integers(0, 40), seed=st.integers(1, 99))
    def put(self, space: str, key: str, value: bytes, at: int, seed: int) -> None:
        self._cut(at, seed)
        try:
            self.kept.put(space, key, value)
            self.values[space, key] = value
        except store.Error as error:
            assert error.args[1] in MAY_FAIL
        if self._restart_if_dead() and self.kept.get(space, key) == value:
            self.values[space, key] = value
        self.flash.power_on()

    @rule(space=SPACES, key=KEYS, at=st.integers(0, 10), seed=st.integers(1, 99))
    def delete(self, space: str, key: str, at: int, seed: int) -> None:
        self._cut(at, seed)
        try:
            assert self.kept.delete(space, key) == ((space, key) in self.values)
            self.values.pop((space, key), None)
        except store.Error as error:
            assert error.args[1] == "power"
        if self._restart_if_dead() and self.kept.get(space, key) is None:
            self.values.pop((space, key), None)
        self.flash.power_on()

    @rule(name=NAMES, size=st.integers(1, 9000), at=st.integers(0, 3000), seed=st.integers(1, 99))
    def install(self, name: str, size: int, at: int, seed: int) -> None:
        self.revision += 1
        data = hashlib.sha256(b"%d" % self.revision).digest() * 282
        self._cut(at, seed)
        try:
            number = self.kept.begin(size)
            self.kept.write(number, 0, data[:size])
            self.kept.finish(number)
            self.kept.commit(number, 1, name, self.revision, bytes(32))
            self.artifacts[name] = (self.revision, data[:size])
        except store.Error as error:
            assert error.args[1] in MAY_FAIL
        if self._restart_if_dead() and any(row[1:3] == (name, self.revision) for row in self.kept.artifacts()):
            self.artifacts[name] = (self.revision, data[:size])
        self.flash.power_on()

    @precondition(lambda self: self.artifacts)
    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        assert self.kept.remove(1, name) == (name in self.artifacts)
        self.artifacts.pop(name, None)

    @rule()
    def restart(self) -> None:
        self.kept = store.Store(self.flash, BOARD)

    def _restart_if_dead(self) -> bool:
        dead = self.flash.dead
        if dead:
            self.flash.power_on()
            self.kept = store.Store(self.flash, BOARD)
        return dead

    @invariant()
    def everything_is_as_it_should_be(self) -> None:
        if not hasattr(self, "kept"):
            return
        found = {(space, key.decode()): self.kept.get(space, key) for space in ("x", "y") for key in self.kept.keys(space)}
        assert found == self.values
        rows = {name: (revision, bytes(self.kept.data(1, name) or b"")) for _, name, revision, *_ in self.kept.artifacts()}
        assert rows == self.artifacts


StoreMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None, derandomize=True)
TestStore = StoreMachine.TestCase
