# SPDX-License-Identifier: Apache-2.0
"""The steps between memory and core values as statements of Rust."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from motet.components.sdk.layout import Choice, Move, Steps

CORE = {"i": "u32", "I": "u64", "f": "f32", "F": "f64"}


def _stored(move: Move) -> str:
    return move.moved.replace("s", "i")


def lift(steps: Steps, place: str, slots: str) -> Iterator[str]:
    """Core values to where the pointer ``place`` leads."""
    for step in steps:
        move = step if isinstance(step, Move) else step.tag
        kind = _stored(move)
        yield f"put_::<{kind}>({place}.add({move.offset}), {slots}{move.slot} as {kind});"
        if isinstance(step, Choice):
            yield from _match(step, f"{slots}{move.slot}", lambda s: lift(s, place, slots))


def lower(steps: Steps, place: str, slots: str) -> Iterator[str]:
    """What the pointer ``place`` leads to into variables."""
    for step in steps:
        move = step if isinstance(step, Move) else step.tag
        # Signed numbers keep their sign in 32 bits; what is wider holds those as unsigned ones.
        wide = " as u32" if move.own_core == "i" else ""
        yield f"{slots}{move.slot} = get_::<{_stored(move)}>({place}.add({move.offset})){wide} as {CORE[move.core]};"
        if isinstance(step, Choice):
            yield from _match(step, f"{slots}{move.slot}", lambda s: lower(s, place, slots))


def _match(step: Choice, tag: str, inner: Callable[[Steps], Iterator[str]]) -> Iterator[str]:
    cases = [(index, steps) for index, steps in step.cases if steps]
    if not cases:
        return
    yield f"match {tag} {{"
    for index, steps in cases:
        yield f"    {index} => {{"
        yield from (f"        {line}" for line in inner(steps))
        yield "    }"
    yield "    _ => {}"
    yield "}"
