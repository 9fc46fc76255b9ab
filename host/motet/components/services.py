# SPDX-License-Identifier: Apache-2.0
"""What a component offers to the device itself, besides tools: artifact field 9, from its contract and its manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from motet.components.errors import AdmissionError
from motet.components.manifest import Manifest
from motet.components.witlibrary import COMPONENT, unversioned
from motet.components.wittypes import Function, Primitive, Result, Tuple, Type, Variant, World
from motet_core import grant_limits

RULE = "services"
_LIFECYCLE = ("init", "health", "shutdown")
_PROGRESS = Tuple((Primitive("u32"), Primitive("u32")))
# As many as a device keeps.
MAX_TICKS, MAX_SUBSCRIPTIONS = 8, 16


@dataclass(frozen=True)
class Services:
    """The functions that the device calls by itself: those of motet:component by name, the others as the manifest names them."""

    lifecycle: dict[str, Function] = field(default_factory=dict)
    handle: Function | None = None
    named: dict[str, Function] = field(default_factory=dict)

    def functions(self) -> list[Function]:
        """All of them."""
        return [*self.lifecycle.values(), *([self.handle] if self.handle else []), *self.named.values()]

    def encode(self, manifest: Manifest, tool_names: dict[str, str], export: Callable[[Function], str]) -> dict[int, Any] | None:
        """Field 9, None when there is nothing in it. ``tool_names``: full names by function; ``export``: core name of one."""
        topics = subscriptions(manifest)
        steps = {
            tool_names[tool]: [export(self.named[row.step]), export(self.named[row.cancel]) if row.cancel else None]
            for tool, row in manifest.steps.items()
        }
        found: dict[int, Any] = {
            0: manifest.supervision.row() if manifest.supervision else None,
            1: [tick.row(export(self.named[tick.function])) for tick in manifest.schedule],
            2: steps,
            3: [export(self.lifecycle[name]) if name in self.lifecycle else None for name in _LIFECYCLE]
            if self.lifecycle
            else [],
            4: export(self.handle) if self.handle else None,
            5: topics,
        }
        return {number: value for number, value in found.items() if value} or None


def hidden(manifest: Manifest) -> set[str]:
    """Names of functions that are no tools: they run by the clock, or do a step."""
    steps = {name for row in manifest.steps.values() for name in (row.step, row.cancel) if name}
    return steps | {tick.function for tick in manifest.schedule}


def subscriptions(manifest: Manifest) -> list[str]:
    """The topic patterns whose messages the component wants from its beginning."""
    return [row["topic"] for row in manifest.capabilities.wanted.get("messaging", ()) if row["direction"] == "subscribe"]


def of(manifest: Manifest, world: World | None) -> Services:
    """What the world offers to the device. Raises AdmissionError where it does not have what the manifest names."""
    exports = world.exports if world else ()
    found = Services(
        {f.name: f for f in exports if _is_of(f, "lifecycle") and f.name in _LIFECYCLE},
        next((f for f in exports if _is_of(f, "handler") and f.name == "handle"), None),
        {f.name: f for f in exports if f.name in hidden(manifest) and not _is_of(f, "")},
    )
    for problem in _problems(manifest, found):
        raise AdmissionError(RULE, problem)
    return found


def outcome(step: Function) -> Type | None:
    """What the work of a stepping tool gives: the payload of the case `done`. Raises AdmissionError for another result."""
    kind = step.result.ok if isinstance(step.result, Result) else step.result
    if isinstance(kind, Variant) and [case.name for case in kind.cases] == ["more", "done"] and kind.cases[0].type == _PROGRESS:
        return kind.cases[1].type
    raise AdmissionError(RULE, f"{step.name} must return variant {{ more(tuple<u32, u32>), done(...) }}, or a result of it")


def _is_of(function: Function, interface: str) -> bool:
    return unversioned(function.interface).startswith(f"{COMPONENT}/{interface}")


def _problems(manifest: Manifest, found: Services) -> Iterator[str]:
    for name in sorted(hidden(manifest) - found.named.keys()):
        yield f"the contract exports no function {name!r}, which the manifest names"
    for tick in manifest.schedule:
        yield from _tick_problems(tick.function, tick.on is not None, found.named[tick.function])
    for tool, row in manifest.steps.items():
        if tool in hidden(manifest):
            yield f"{tool} is both a tool with steps and a function that runs by itself"
        if found.named[row.step].params or (row.cancel and found.named[row.cancel].params):
            yield f"the steps of {tool} take no parameters"
        outcome(found.named[row.step])
    if manifest.supervision and manifest.supervision.health and "health" not in found.lifecycle:
        yield "supervision.health is set, but the contract exports no health (motet:component/lifecycle)"
    if subscriptions(manifest) and found.handle is None:
        yield "it subscribes to topics, but the contract does not export motet:component/handler"
    if len(subscriptions(manifest)) > MAX_SUBSCRIPTIONS or len(manifest.schedule) > MAX_TICKS:
        yield f"a device keeps {MAX_SUBSCRIPTIONS} subscriptions and {MAX_TICKS} scheduled functions of a component"
    for tick in manifest.schedule:
        wanted = [(row["name"], True) for row in manifest.capabilities.wanted.get("sensors", ())]
        if tick.on is not None and not grant_limits.Names(wanted).find(tick.on.sensor):
            yield f"{tick.function} runs on the sensor {tick.on.sensor!r}, which is not among capabilities.sensors"


def _tick_problems(name: str, on_sensor: bool, function: Function) -> Iterator[str]:
    kinds = [param.type for param in function.params]
    good = len(kinds) == 1 and kinds[0] in (Primitive("f32"), Primitive("f64")) if on_sensor else not kinds
    if not good:
        yield f"{name} is scheduled: it takes {'the reading, an f32 or f64' if on_sensor else 'no parameters'}"
    if function.result is not None and not isinstance(function.result, Result):
        yield f"{name} is scheduled: it returns nothing, or a result"
