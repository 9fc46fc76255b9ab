# SPDX-License-Identifier: Apache-2.0
"""Denials on devices become entries of the audit, summed up, and nonsense becomes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from motet.fleet import Event
from motet.gateway.denials import PER_DEVICE, Denials
from motet.policy import Audit, Entry
from motet.store import Store

Json = dict[str, Any]


class Told:
    """A fleet that says what a test wants it to."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Event], None]] = []

    def add_listener(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def tell(self, params: Any, device: str = "d1", kind: Any = "message") -> None:
        for listener in self.listeners:
            listener(Event(kind, SimpleNamespace(id=device), data=params))  # type: ignore[arg-type]


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[Audit]:
    store = Store(f"sqlite:///{tmp_path}/audit.db")
    yield Audit(store)
    store.close()


def entries(audit: Audit, *told: Json, device: str = "d1") -> list[Entry]:
    async def scenario() -> None:
        fleet = Told()
        async with Denials(fleet, audit).running():
            for params in told:
                fleet.tell(params, device)
        assert not fleet.listeners

    asyncio.run(scenario())
    return audit.entries()


def line(path: str = "motet:device/gpio", count: Any = 1, logger: Any = "pump", reason: Any = "pin 3 is not granted") -> Json:
    return {"level": "warning", "logger": logger, "data": {"denied": path, "count": count, "reason": reason}}


def test_a_denial_is_an_entry_with_component_capability_and_reason(audit: Audit) -> None:
    (entry,) = entries(audit, line())
    assert (entry.actor, entry.action, entry.subject, entry.outcome) == ("component/pump", "gpio", "d1/component/pump", "denied")
    assert entry.detail == {"count": 1, "reason": "pin 3 is not granted"}


def test_many_are_summed_up_by_component_and_capability(audit: Audit) -> None:
    found = entries(audit, *[line(count=2)] * 50, line("motet:nn/inference"), line(logger="lamp"))
    assert [(e.actor, e.action, e.detail["count"]) for e in found] == [
        ("component/pump", "gpio", 100),
        ("component/pump", "models", 1),
        ("component/lamp", "gpio", 1),
    ]


@pytest.mark.parametrize(
    "params",
    [
        None,
        {},
        {"data": "denied"},
        {"data": {"denied": "motet:device/gpio"}},
        line("motet:device/telephone"),
        line(count=0),
        line(count=True),
        line(count="1"),
        line(logger=None),
        line(logger="a b"),
        line(logger="x" * 300),
    ],
)
def test_what_makes_no_sense_leaves_no_trace(audit: Audit, params: Any) -> None:
    assert entries(audit, params) == []


def test_a_device_that_makes_up_components_fills_neither_memory_nor_audit(audit: Audit) -> None:
    found = entries(
        audit, *[line(logger=f"c{number}", count=1 << 60, reason="\x1b[2J" * 100) for number in range(PER_DEVICE * 3)]
    )
    assert len(found) == PER_DEVICE and all("\x1b" not in entry.detail["reason"] for entry in found)
