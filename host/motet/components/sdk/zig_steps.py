# SPDX-License-Identifier: Apache-2.0
"""The steps between memory and core values as statements of Zig."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from motet.components.sdk.layout import Choice, Move, Steps

CORE = {"i": "u32", "I": "u64", "f": "f32", "F": "f64", "v": "void"}


def _stored(move: Move) -> str:
    return move.moved.replace("s", "i")


def lift(steps: Steps, place: str, slots: str) -> Iterator[str]:
    """Core values to where the pointer ``place`` leads."""
    for step in steps:
        move = step if isinstance(step, Move) else step.tag
        kind, value = _stored(move), f"{slots}{move.slot}"
        if kind[0] != "f":
            value = f"@bitCast(@as(u{kind[1:]}, @truncate({value})))"
        yield f"put({kind}, {place} + {move.offset}, {value});"
        if isinstance(step, Choice):
            yield from _switch(step, f"{slots}{move.slot}", lambda s: lift(s, place, slots))


def lower(steps: Steps, place: str, slots: str) -> Iterator[str]:
    """What the pointer ``place`` leads to into variables."""
    for step in steps:
        move = step if isinstance(step, Move) else step.tag
        kind, value = _stored(move), f"get({_stored(move)}, {place} + {move.offset})"
        if kind[0] == "i" and kind != "i64":
            value = f"@as(u32, @bitCast(@as(i32, {value})))"
        elif kind == "i64":
            value = f"@bitCast({value})"
        yield f"{slots}{move.slot} = {value};"
        if isinstance(step, Choice):
            yield from _switch(step, f"{slots}{move.slot}", lambda s: lower(s, place, slots))


def _switch(step: Choice, tag: str, inner: Callable[[Steps], Iterator[str]]) -> Iterator[str]:
    cases = [(index, steps) for index, steps in step.cases if steps]
    if not cases:
        return
    yield f"switch ({tag}) {{"
    for index, steps in cases:
        yield f"    {index} => {{"
        yield from (f"        {line}" for line in inner(steps))
        yield "    },"
    yield "    else => {},"
    yield "}"
