# SPDX-License-Identifier: Apache-2.0
"""The steps between memory and core values as statements of C."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from motet.components.sdk.layout import Choice, Move, Steps

CORE = {"i": "uint32_t", "I": "uint64_t", "f": "float", "F": "double", "v": "void"}
_STORED = {f"{sign}{bits}": f"{'u' if sign == 'u' else ''}int{bits}_t" for sign in "us" for bits in (8, 16, 32, 64)}
_STORED |= {"f32": "float", "f64": "double"}


def lift(steps: Steps, place: str, slots: str = "a") -> Iterator[str]:
    """Core values into the variable ``place``."""
    for step in steps:
        if isinstance(step, Move):
            yield f"PUT({_STORED[step.moved]}, (uint8_t *)&{place} + {step.offset}, {slots}{step.slot});"
        else:
            yield from _switch(step, f"{slots}{step.tag.slot}", _put_tag(step, place, slots), lambda s: lift(s, place, slots))


def _put_tag(step: Choice, place: str, slots: str) -> str:
    return next(lift((step.tag,), place, slots))


def lower(steps: Steps, place: str, core: str, slots: str) -> Iterator[str]:
    yield from (f"{CORE[kind]} {slots}{slot} = 0;" for slot, kind in enumerate(core))
    yield from lowered(steps, f"&{place}", slots)


def lowered(steps: Steps, address: str, slots: str) -> Iterator[str]:
    """The value at ``address`` into variables."""
    for step in steps:
        move = step if isinstance(step, Move) else step.tag
        kind = _STORED[move.moved]
        # Signed numbers keep their sign in 32 bits; what is wider holds those as unsigned ones.
        widened = "(uint32_t)" if move.own_core == "i" else ""
        read = f"{kind} _from; MOVE(&_from, (const uint8_t *)({address}) + {move.offset}, sizeof _from);"
        yield f"{{ {read} {slots}{move.slot} = {widened}_from; }}"
        if isinstance(step, Choice):
            yield from _switch(step, f"{slots}{move.slot}", "", lambda s: lowered(s, address, slots))


def _switch(step: Choice, tag: str, before: str, inner: Callable[[Steps], Iterator[str]]) -> Iterator[str]:
    if before:
        yield before
    cases = [(index, steps) for index, steps in step.cases if steps]
    if not cases:
        return
    yield f"switch ({tag}) {{"
    for index, steps in cases:
        yield f"case {index}: {{"
        yield from (f"    {line}" for line in inner(steps))
        yield "} break;"
    yield "}"
