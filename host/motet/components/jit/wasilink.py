# SPDX-License-Identifier: Apache-2.0
"""Links what a component imports of WASI: handles become things of ``motet.components.wasi`` and back, waiting is paid for.

A unit of fuel is worth 5000 instructions, about what a call into the host takes: each call costs one, and each millisecond of
waiting. So whatever a component does, it ends; and a cancellation ends its waiting within ``_LOOK_NS``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import motet_native
import wasmtime
from wasmtime import component as wc

from motet.components.conformance import key
from motet.components.jit.code import INSTRUCTIONS_PER_UNIT, engine
from motet.components.jit.errors import Error
from motet.components.wasi import groups
from motet.components.wasi.streams import Output
from motet.components.wasi.table import RESOURCES
from motet.components.wasi.things import Thing, now
from motet_core.errors import ToolError

_HANDLES = 1000
_LOOK_NS = 10_000_000
# In one call: meanwhile no other component of the node has its turn.
LONGEST_S = 60
_UNIT_NS = 1_000_000
_NUMBERS = {name: number for number, name in enumerate(RESOURCES, 1)}
Work = Callable[..., Any]
Data = Any


class Session:
    """One instance of a component: what it has handles to, and the fuel that it pays with."""

    def __init__(self, store: wasmtime.Store) -> None:
        self._store = store
        self._things: dict[int, Thing] = {}
        self._next = self._waited = 0

    def begin(self) -> None:
        """A call begins."""
        self._waited = 0

    def pay(self, units: int) -> bool:
        """Takes fuel; False when that was the last of it, and the call ends with its next step."""
        left = max(0, self._store.get_fuel() - units * INSTRUCTIONS_PER_UNIT)
        self._store.set_fuel(left)
        return left > 0

    def wait_until(self, instant: int) -> None:
        """Waits, or less when the call is cancelled or its fuel is used up. ToolError when it has waited for too long."""
        while (left := instant - now()) > 0:
            step = min(left, _LOOK_NS)
            time.sleep(step / 1e9)
            self._waited += step
            if self._waited > LONGEST_S * 1_000_000_000:
                raise ToolError(f"it has waited for {LONGEST_S} s in one call", "trap")
            if motet_native.cancel_pending():
                engine().increment_epoch()
                return
            if not self.pay(-(-step // _UNIT_NS)):
                return

    def given(self, thing: Thing) -> wc.ResourceHost:
        """A new handle. Raises ToolError."""
        if len(self._things) == _HANDLES:
            raise ToolError(f"it has {_HANDLES} handles, and drops none", "trap")
        self._next += 1
        self._things[self._next] = thing
        return wc.ResourceHost.own(self._next, _NUMBERS[thing.resource])

    def thing(self, store: Any, handle: wc.ResourceAny) -> Thing:
        """What a borrowed handle stands for."""
        return self._things[handle.to_host(store).rep]

    def drop(self, _: Any, number: int) -> None:
        """The component has dropped a handle."""
        thing = self._things.pop(number, None)
        if isinstance(thing, Output):
            thing.close()

    def flush(self) -> None:
        """A call has ended: lines that have none go out."""
        for thing in self._things.values():
            if isinstance(thing, Output):
                thing.close()


def link(linker: wc.Linker, told: Mapping[str, Data], works: Mapping[str, Work], session: Session) -> None:
    """Everything of WASI that ``told`` (see ``component_types``) has. Raises Error for what ``works`` lacks."""
    rows = [row for row in told["imports"] if groups.is_wasi(row[0])]
    with linker.root() as root:
        for instance, resources in told["resources"].items():
            with root.add_instance(instance) as part:
                for name in resources:
                    if name not in _NUMBERS:
                        raise Error(f"it needs the import {instance}#{name}, which is not given")
                    part.add_resource(name, wc.ResourceType.host(_NUMBERS[name]), session.drop)
                for row in rows:
                    if row[0] == instance:
                        part.add_func(row[1], _callable(row, works[key(*row[:2])], session))


def _callable(row: Data, work: Work, session: Session) -> Work:
    kinds, result = [kind for _, kind in row[2]], row[3]

    def call(store: Any, *given: Any) -> Any:
        session.pay(1)
        return _lowered(
            result, work(session, *(_lifted(*pair, session, store) for pair in zip(kinds, given, strict=True))), session
        )

    return call


def _lifted(kind: Data, value: Any, session: Session, store: Any) -> Any:
    match kind:
        case ["borrow", _]:
            return session.thing(store, value)
        case ["list", ["borrow", _]]:
            return [session.thing(store, one) for one in value]
    return value


def _lowered(kind: Data, value: Any, session: Session) -> Any:
    match kind:
        case ["own", _]:
            return session.given(value)
        case ["result", ok, err]:
            if value["tag"] == "ok":
                return wc.Variant("ok", _lowered(ok, value.get("val"), session))
            return wc.Variant("err", _refusal(err))
        case ["option", some]:
            return wc.Variant("none") if value is None else wc.Variant("some", _lowered(some, value, session))
        case ["record", *_]:
            record = wc.Record()
            for name, given in value.items():
                setattr(record, name, given)
            return record
    return value


def _refusal(kind: Data) -> Any:
    """What a component gets for what is not allowed, in the words of the interface: a code, or a stream that is closed."""
    return wc.Variant("closed") if kind[0] == "variant" else "access-denied"
