# SPDX-License-Identifier: Apache-2.0
"""The power fails at every write of what components keep: values are old or new, and an uninstalled component keeps nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import pytest
from motet_native import store
from tests.support.power_cuts import BOARD, HOWS

from motet_core.errors import MotetError
from motet_core.kv import Values
from motet_core.services import state
from motet_core.services.state import State

QUOTA = 400


class Kept:
    """Storage of a device after a start: what was cut short is finished."""

    def __init__(self, flash: store.Flash) -> None:
        self.store = store.Store(flash, BOARD)
        self.values = Values(self.store)
        state.finish(self.values, lambda name: self.store.data(1, name) is not None, lambda _: None)
        self.state = State(self)

    def all(self) -> dict[str, bytes | None]:
        return {key: self.state.get("comp", key) for key in self.state.keys("comp")}


def install(kept: Kept) -> None:
    data = b"module" * 100
    number = kept.store.begin(len(data))
    kept.store.write(number, 0, data)
    kept.store.finish(number)
    kept.store.commit(number, 1, "comp", 1, hashlib.sha256(data).digest())


def uninstall(kept: Kept) -> None:
    """As motet_core/artifact.py does it."""
    state.leaving(kept.values, "comp")
    kept.store.remove(1, "comp")
    state.gone(kept.values, "comp")


def cuts(flash: store.Flash, work: Callable[[Kept], None]) -> Iterator[Kept]:
    """The device after each cut; the last one is after the work got through."""
    image = bytes(memoryview(flash))
    at, cut = 0, True
    while cut:
        for how in HOWS:
            flash.load(image)
            kept = Kept(flash)
            flash.cut(at, how, at + 1)
            try:
                work(kept)
                cut = False
            except (MotetError, store.Error):
                cut = True
            flash.power_on()
            yield Kept(flash)
        at += 1
    assert at > 2, "nothing was cut"


@pytest.fixture
def flash() -> store.Flash:
    made = store.Flash(log=(4, 2048), slots=(4, 4096), unit=4)
    kept = Kept(made)
    install(kept)
    kept.state.set("comp", "count", b"1", QUOTA)
    kept.state.set("comp", "other", b"x" * 100, QUOTA)
    kept.state.set("else", "count", b"mine", QUOTA)
    return made


def test_a_value_is_the_old_or_the_new_one(flash: store.Flash) -> None:
    before = {"count": b"1", "other": b"x" * 100}
    for work, after in (
        (lambda kept: kept.state.set("comp", "count", b"y" * 60, QUOTA), {**before, "count": b"y" * 60}),
        (lambda kept: kept.state.set("comp", "new", b"z", QUOTA), {**before, "new": b"z"}),
        (lambda kept: kept.state.delete("comp", "other"), {"count": b"1"}),
    ):
        image, last = bytes(memoryview(flash)), None
        for kept in cuts(flash, work):
            last = kept.all()
            assert last in (before, after)
            assert kept.state.usage("comp") == sum(len(key) + len(value or b"") for key, value in last.items())
        assert last == after
        flash.load(image)


def test_an_uninstalled_component_keeps_nothing_and_an_installed_one_everything(flash: store.Flash) -> None:
    whole = {"count": b"1", "other": b"x" * 100}
    seen = set()
    for kept in cuts(flash, uninstall):
        there = kept.store.data(1, "comp") is not None
        assert kept.all() == (whole if there else {})
        assert kept.values.get("core", "forget") is None
        assert kept.state.get("else", "count") == b"mine"
        seen.add(there)
    assert seen == {True, False}
